import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { freePort, sharedPostel, TemporaryDirectory, type TestAccount } from '@postel/testkit';
import { expect, test } from 'vitest';
import {
  homeOf as homeWith,
  inbox as inboxOf,
  SETTINGS,
  type Settings,
  sendmail,
} from '../sendmail/sendmail-for-tests.ts';

const MESSAGE = 'Subject: from a script\n\nhello\n';

const postel = sharedPostel();
const homeOf = (account: TestAccount, settings?: Settings) => homeWith(postel, account, settings);
const inbox = (account: TestAccount) => inboxOf(postel, account);

test('a message goes out with the settings of a file, and has what every message needs', async () => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(mary);
  const sent = await sendmail(home, [...SETTINGS, '-v', '-F', 'Mary "M" Smith', mary.address]);
  expect(sent).toMatchObject({ code: 0, stdout: '' });
  expect(sent.stderr).toMatch(/^localhost, login by SCRAM-SHA-256-PLUS: 250 2\.0\.0 /);
  const received = await inbox(mary);
  expect(received).toContain(`\nReturn-Path: <${mary.address}>\n`);
  expect(received).toContain(`\nFrom: "Mary \\"M\\" Smith" <${mary.address}>\n`);
  expect(received).toMatch(/\nMessage-ID: <[^@>]+@localhost>\n/);
  expect(received).toMatch(/\nDate: \w{3}, \d+ \w{3} \d{4} [\d:]{8} \+0[12]00\n/);
  expect(received).toContain('\nSubject: from a script\n\nhello\n');
});

test('the file is found where it belongs, and options and environment have the last word', async () => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(mary, { passwordFile: null, port: 1, password: 'wrong' });
  home.write('.config/postel/sendmail.yaml', `host: localhost\naccount: ${mary.name}\n`);
  const options = ['--port', `${postel.ports.submission}`, '--tls=starttls'];
  const found = await sendmail(home, [...options, '--ca-file', join(postel.dataDirectory, 'ca.pem'), mary.address], {
    input: `From: ${mary.address}\n\nfound\n`,
    env: { POSTEL_SENDMAIL_PASSWORD: mary.password },
  });
  expect(found).toMatchObject({ code: 0, stdout: '', stderr: '' });
  expect(await inbox(mary)).toContain('found');
});

test('-t takes the recipients from To, Cc and Bcc, and who had a copy in secret is not said', async () => {
  const [mary, joe, sue] = [
    await postel.addAccount('mary'),
    await postel.addAccount('joe'),
    await postel.addAccount('sue'),
  ];
  using home = homeOf(mary);
  const input = `To: Joe <${joe.address}>\r\nBcc: "Sue, secretly"\r\n\t<${sue.address}>\r\nSubject: both\r\n\r\nhello\r\n`;
  expect(await sendmail(home, [...SETTINGS, '-t'], { input })).toMatchObject({ code: 0, stderr: '' });
  for (const recipient of [joe, sue]) {
    const received = await inbox(recipient);
    expect(received).toContain('Subject: both');
    expect(received).not.toMatch(/bcc|secretly/i);
  }
});

test('a lone dot ends the message, but with -i', async () => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(mary);
  const input = 'Subject: dots\n\none\n.\n..two\n.three\n';
  expect(await sendmail(home, [...SETTINGS, mary.address], { input })).toMatchObject({ code: 0 });
  expect(await inbox(mary)).toMatch(/\none\n(?!\.)/);
  expect(await inbox(mary)).not.toContain('two');
  expect(await sendmail(home, [...SETTINGS, '-oi', mary.address], { input })).toMatchObject({ code: 0 });
  expect(await inbox(mary)).toContain('\none\n.\n..two\n.three\n');
});

test('names and text outside ASCII arrive as they were', async () => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(mary);
  const input = `To: Jürgen <${mary.address}>\nSubject: Grüße\n\nπ ≈ 3\n`;
  expect(await sendmail(home, [...SETTINGS, '-t'], { input })).toMatchObject({ code: 0, stderr: '' });
  const received = Buffer.from(await inbox(mary), 'latin1').toString('utf8');
  expect(received).toContain('Subject: Grüße\n');
  expect(received).toContain('\nπ ≈ 3\n');
});

test('mail of cron goes to and from whom the file names', async () => {
  const mary = await postel.addAccount('mary');
  const [user = '', domain = ''] = mary.address.split('@');
  using home = homeOf(mary, { domain });
  const input = `From: root (Cron Daemon)\nTo: ${user}\nSubject: Cron <root@host> date\n\nMon\n`;
  const sent = await sendmail(home, [...SETTINGS, '-FCronDaemon', '-i', '-B8BITMIME', '-oem', '-f', 'root', user], {
    input,
  });
  expect(sent).toMatchObject({ code: 0, stderr: '' });
  expect(await inbox(mary)).toContain(`Return-Path: <${mary.address}>`);
});

test('a key logs in by itself, with its certificate or without', async () => {
  const mary = await postel.addAccount('mary');
  const { key, cert } = await postel.addKey(mary, { type: 'ed25519' });
  using home = homeOf(mary, { account: null, passwordFile: null });
  home.write('both.pem', `${cert}${key}`);
  home.write('key.pem', key);
  for (const file of ['both.pem', 'key.pem']) {
    const sent = await sendmail(home, [...SETTINGS, '--key-file', file, mary.address], {
      input: `Subject: ${file}\n\n`,
    });
    expect(sent).toMatchObject({ code: 0, stderr: '' });
  }
  const received = await inbox(mary);
  expect(received).toContain('Subject: both.pem');
  expect(received).toContain('Subject: key.pem');
});

test('a key that nobody has is refused, and named', async () => {
  const mary = await postel.addAccount('mary');
  const { privateKey } = generateKeyPairSync('ed25519', { privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
  using home = homeOf(mary, { account: null, passwordFile: null });
  home.write('key.pem', privateKey);
  const refused = await sendmail(home, [...SETTINGS, '--key-file', 'key.pem', mary.address]);
  expect(refused).toMatchObject({ code: 77 });
  expect(refused.stderr).toMatch(/does not know the key [\w-]{43}, or wants a password too: 530 5\.7\.0 /);
});

test('a wrong password is refused, and not shown', async () => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(mary, { passwordFile: null });
  const env = { POSTEL_SENDMAIL_PASSWORD: 'not-marys-password' };
  const refused = await sendmail(home, [...SETTINGS, mary.address], { env });
  expect(refused).toMatchObject({ code: 77, stdout: '' });
  expect(refused.stderr).toMatch(/^postel: The server refuses the login by \S+: 535 5\.7\.8 /);
  expect(refused.stderr).not.toContain('not-marys-password');
});

test('a recipient that is refused keeps the message from the others, and is named', async () => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(mary);
  const refused = await sendmail(home, [...SETTINGS, mary.address, 'nobody@strict.localhost']);
  expect(refused).toMatchObject({ code: 67, stdout: '' });
  expect(refused.stderr).toMatch(/Sent to nobody.*\n {2}nobody@strict\.localhost: 550 5\.1\.1 /);
  expect(refused.stderr).not.toContain(mary.address);
  expect(await inbox(mary)).not.toContain('from a script');
});

test('another sender than oneself is refused', async () => {
  const [mary, joe] = [await postel.addAccount('mary'), await postel.addAccount('joe')];
  using home = homeOf(mary);
  const refused = await sendmail(home, [...SETTINGS, '-f', joe.address, mary.address]);
  expect(refused).toMatchObject({ code: 77 });
  expect(refused.stderr).toContain(`refuses ${joe.address} as sender`);
});

test('a server whose certificate is of nobody known hears nothing, until its key is named', async () => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(mary, { caFile: null });
  const refused = await sendmail(home, [...SETTINGS, mary.address]);
  expect(refused).toMatchObject({ code: 76 });
  const fingerprint = await fingerprintOfServer();
  expect(refused.stderr).toContain(`Its key has the fingerprint ${fingerprint}.`);
  const pinned = await sendmail(home, [...SETTINGS, '--server-key', fingerprint, mary.address]);
  expect(pinned).toMatchObject({ code: 0 });
  const other = createHash('sha256').update('another key').digest('base64url');
  expect(await sendmail(home, [...SETTINGS, '--server-key', other, mary.address])).toMatchObject({ code: 76 });
});

test.for<[string, readonly string[], string, number, RegExp]>([
  ['a server that does not answer', ['--port', 'FREE', 'MARY'], MESSAGE, 75, /Cannot connect to localhost/],
  ['no recipient', [], MESSAGE, 64, /No recipients/],
  ['no recipient in the message', ['-t'], MESSAGE, 64, /neither here nor in To/],
  ['another job of a sendmail', ['-bd'], '', 64, /only submits/],
  ['an option that nobody has', ['--no-such', 'x'], '', 64, /no option --no-such/],
  ['an option without its value', ['MARY', '--port'], '', 64, /--port needs a value/],
  ['an address without a domain', ['bob'], MESSAGE, 65, /"bob" has no domain/],
  ['what is no address', ['Mary Smith'], MESSAGE, 65, /is no address/],
  ['a NUL in the message', ['MARY'], 'Subject: x\n\n\0\n', 65, /NUL/],
  ['a mode of TLS that there is not', ['--tls', 'none', 'MARY'], MESSAGE, 78, /implicit or starttls/],
  ['a password file that is not there', ['--password-file', 'nowhere', 'MARY'], MESSAGE, 78, /Cannot read .*nowhere/],
  ['a fingerprint that is none', ['--server-key', 'abc', 'MARY'], MESSAGE, 78, /fingerprint/],
  ['a file that is no settings', ['--config', 'password', 'MARY'], MESSAGE, 78, /must have members/],
])('%s is said, in the words of sysexits.h', async ([, args, input, code, message]) => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(mary);
  const port = await freePort();
  const words = args.map((word) => word.replace('FREE', `${port}`).replace('MARY', mary.address));
  const refused = await sendmail(home, [...SETTINGS, ...words], { input });
  expect(refused.stderr).toMatch(message);
  expect(refused).toMatchObject({ code, stdout: '' });
  expect(refused.stderr).not.toContain('should not happen');
});

test('without any settings it is said which are needed', async () => {
  using home = new TemporaryDirectory();
  const refused = await sendmail(home, ['bob@example.org']);
  expect(refused).toMatchObject({ code: 78 });
  expect(refused.stderr).toContain('.config/postel/sendmail.yaml');
});

async function fingerprintOfServer(): Promise<string> {
  const socket = connect({ port: postel.ports.submissions, host: '127.0.0.1', servername: 'localhost', ca: postel.ca });
  await once(socket, 'secureConnect');
  const { publicKey } = new X509Certificate(socket.getPeerCertificate().raw);
  socket.destroy();
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
}
