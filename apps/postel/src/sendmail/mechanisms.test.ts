import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { oneTimePassword } from '@postel/sasl';
import { SmtpServerForTests, type SmtpSession, sharedPostel, TemporaryDirectory } from '@postel/testkit';
import { expect, test } from 'vitest';
import { serverFiles } from '../certificates/local-certificates.ts';
import { DataDirectory } from '../data-directory/data-directory.ts';

import { submit } from '../smtp-client/submit.ts';
import { homeOf, inbox, SETTINGS, type Settings, sendmail, writeSettings } from './sendmail-for-tests.ts';
import { readSendmailSettings } from './sendmail-settings.ts';

const postel = sharedPostel();
const files = serverFiles(new DataDirectory(postel.dataDirectory));
const TLS = { key: readFileSync(files.keyFile), cert: readFileSync(files.certFile) };

test.for(['PLAIN', 'LOGIN', 'SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256-PLUS'])(
  'a password is used by %s if the settings say so',
  async (mechanism) => {
    const mary = await postel.addAccount('mary');
    using home = homeOf(postel, mary, { mechanism });
    const sent = await sendmail(home, [...SETTINGS, '-v', mary.address]);
    expect(sent).toMatchObject({ code: 0 });
    expect(sent.stderr).toContain(`login by ${mechanism}:`);
  },
);

test('of several mechanisms the strongest is used, and no other: a key is left alone for a password', async () => {
  const mary = await postel.addAccount('mary');
  const { key } = await postel.addKey(mary, { type: 'ed25519' });
  using home = homeOf(postel, mary, { mechanism: 'plain, scram-sha-256', keyFile: 'key.pem' });
  home.write('key.pem', key);
  expect((await sendmail(home, [...SETTINGS, '-v', mary.address])).stderr).toContain('login by SCRAM-SHA-256:');
  const external = await sendmail(home, [...SETTINGS, '-v', '--mechanism', 'EXTERNAL', mary.address]);
  expect(external.stderr).toContain('login by EXTERNAL:');
});

test('a password may be what a command says, and neither it nor its complaints are shown', async () => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(postel, mary, { passwordFile: null, passwordCommand: 'head -n 1 ~/password' });
  expect(await sendmail(home, [...SETTINGS, mary.address])).toMatchObject({ code: 0, stderr: '' });
  expect(await inbox(postel, mary)).toContain('from a script');
  const failing = await sendmail(home, [
    ...SETTINGS,
    '--password-command',
    'echo secret; echo secret >&2; exit 3',
    'x@y.z',
  ]);
  expect(failing).toMatchObject({ code: 78 });
  expect(failing.stderr).toContain('The command for the password failed, with the status 3.');
  expect(failing.stderr).not.toContain('secret');
});

/** What a server hears that offers all there is. @param answer its part after AUTH, if it has one */
async function loginBy(settings: Settings, answer: (session: SmtpSession, auth: string) => Promise<unknown>) {
  await using server = await SmtpServerForTests.start(TLS, async (session) => {
    await session.startTls();
    await session.ask('220 mail.example.com');
    const offered = 'AUTH PLAIN LOGIN CRAM-MD5 OTP SECURID OAUTHBEARER XOAUTH2 GSSAPI ANONYMOUS';
    return await answer(session, await session.ask('250-mail.example.com', `250 ${offered}`));
  });
  using home = new TemporaryDirectory();
  writeSettings(home, {
    host: 'localhost',
    port: server.port,
    caFile: join(postel.dataDirectory, 'ca.pem'),
    password: 'marys secret',
    ...settings,
  });
  const { server: to } = await readSendmailSettings(new Map([['config', join(home.path, 'settings.yaml')]]), {});
  const mail = {
    reversePath: 'mary@example.com',
    recipients: ['bob@example.org'],
    message: Buffer.from('Subject: x\r\n\r\nhello\r\n'),
    status: { notify: null, returnContent: null, envelopeId: null },
    holdUntil: null,
  };
  const outcome = await submit(to, mail).catch((error: Error) => error.message);
  return { outcome, heard: await server.result };
}

const decode = (base64: string) => Buffer.from(base64, 'base64').toString();

test.for<[string, Settings, string]>([
  ['OAUTHBEARER', { account: 'mary' }, 'n,a=mary,\x01host=localhost\x01port=PORT\x01auth=Bearer marys secret\x01\x01'],
  ['XOAUTH2', { account: 'mary' }, 'user=mary\x01auth=Bearer marys secret\x01\x01'],
  ['SECURID', { account: 'mary', authorization: 'joe' }, 'joe\0mary\0marys secret\0'],
  ['PLAIN', { account: 'mary', authorization: 'joe' }, 'joe\0mary\0marys secret'],
  ['ANONYMOUS', { account: 'cron' }, 'cron'],
])('%s: what it needs is the password of the settings', async ([mechanism, settings, response]) => {
  const { outcome, heard } = await loginBy({ mechanism, ...settings }, async (session, auth) => {
    const mail = await session.ask('235 2.7.0 Ok');
    await session.takeMail(mail);
    return auth;
  });
  const [verb, name, initial = ''] = String(heard).split(' ');
  expect([verb, name]).toEqual(['AUTH', mechanism]);
  expect(decode(initial).replace(/port=[0-9]+/, 'port=PORT')).toBe(response);
  expect(outcome).toMatchObject({ mechanism });
});

test('OTP: the password of the settings is the passphrase', async () => {
  const challenge = { algorithm: 'sha1', sequence: 499, seed: 'ke1234' } as const;
  const { outcome, heard } = await loginBy({ mechanism: 'OTP', account: 'mary' }, async (session) => {
    const response = await session.ask(`334 ${Buffer.from('otp-sha1 499 ke1234 ext').toString('base64')}`);
    await session.takeMail(await session.ask('235 2.7.0 Ok'));
    return decode(response);
  });
  expect(heard).toBe(`hex:${oneTimePassword(challenge, 'marys secret')}`);
  expect(outcome).toMatchObject({ mechanism: 'OTP' });
});

test('CRAM-MD5 is chosen though others are stronger', async () => {
  const { heard } = await loginBy({ mechanism: 'CRAM-MD5', account: 'mary' }, async (session, auth) => {
    session.socket.destroy();
    return auth;
  });
  expect(heard).toBe('AUTH CRAM-MD5');
});

test('GSSAPI needs no account, and says what else it needs', async () => {
  const { outcome } = await loginBy({ mechanism: 'GSSAPI', password: null }, async (_, line) => line);
  expect(outcome).toMatch(/GSSAPI needs the package "kerberos", which is not installed/);
});
