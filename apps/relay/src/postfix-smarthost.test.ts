/** Debian's Postfix, with Dovecot's SASL, as a smarthost: by a password, a token, or our certificate. */
import { X509Certificate } from 'node:crypto';
import { DIRECT_SETTINGS, type RouteSettings } from '@postel/directory';
import { type RouteSecrets, sealRouteSecrets } from '@postel/routes';
import { makeTestCertificate } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasDovecot, PASSWORD } from './testing/receivers/dovecot-auth.ts';
import { hasPostfix } from './testing/receivers/postfix.ts';
import { type Smarthost, startPostfixSmarthost } from './testing/receivers/postfix-smarthost.ts';
import { startQueue } from './testing/start-relay.ts';

const START_MS = 40_000;
const FIELDS = 'From: mary@example.com\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n';

let smarthost: Smarthost | null = null;
let problem: string | null = null;
let client: { readonly cert: string; readonly key: string };

beforeAll(async () => {
  client = await makeTestCertificate({ commonName: 'postel' });
  if (process.getuid?.() !== 0) problem = 'a mail server has to be started as root';
  else if (!hasPostfix()) problem = 'postfix is not installed';
  else if (!hasDovecot()) problem = 'dovecot is not installed';
  if (problem === null) smarthost = await startPostfixSmarthost(new X509Certificate(client.cert).fingerprint256);
}, START_MS);
afterAll(() => smarthost?.[Symbol.asyncDispose]());

/** Sends to one person. @returns what became of it */
async function sendBy(
  to: Smarthost,
  localPart: string,
  more: Partial<RouteSettings>,
  secrets: RouteSecrets,
): Promise<{ readonly state: string; readonly status: string | null; readonly reply: string | null }> {
  await using queue = await startQueue();
  const settings: RouteSettings = {
    ...DIRECT_SETTINGS,
    hosts: [`127.0.0.1:${to.port}`],
    tls: 'starttls',
    tlsNames: ['mx.receiver.example'],
    authorities: to.certificate,
    ...more,
  };
  const { routes } = queue.directory;
  await routes.add('provider', settings, await sealRouteSecrets(queue.keyFile, 'provider', secrets, []));
  await routes.setDefault('provider');
  await queue.put(`${FIELDS}\r\nhello\r\n`, {}, [{ forwardPath: `${localPart}@receiver.example` }]);
  await using _ = await queue.startRelay({ port: 1 });
  const [row] = await queue.settled();
  if (row === undefined) throw new Error('nothing is in the queue');
  return row;
}

test('Postfix lets in by a client certificate, without a login; and nobody with neither', async ({ skip }) => {
  const to = smarthost ?? skip(`SKIP: ${problem}`);
  const row = await sendBy(to, 'r12', { certificate: client.cert }, { clientKey: client.key });
  expect(row).toMatchObject({ state: 'delivered' });
  const [message] = await to.arrived('r12', 1);
  expect(message?.toString('latin1')).toMatch(/Client CN "postel"/);
  expect(await sendBy(to, 'r13', {}, {})).not.toMatchObject({ state: 'delivered' });
});

test.for([
  ['PLAIN', 'r2'],
  ['LOGIN', 'r3'],
  ['CRAM-MD5', 'r4'],
  ['DIGEST-MD5', 'r5'],
  ['SCRAM-SHA-1', 'r6'],
  ['SCRAM-SHA-256', 'r7'],
  ['OAUTHBEARER', 'r8'],
  ['XOAUTH2', 'r9'],
] as const)('Postfix lets in by %s', async ([mechanism, localPart], { skip }) => {
  const to = smarthost ?? skip(`SKIP: ${problem}`);
  const secrets =
    mechanism.endsWith('AUTH2') || mechanism === 'OAUTHBEARER'
      ? { token: to.auth.tokenOf('mary') }
      : { password: PASSWORD };
  const row = await sendBy(to, localPart, { user: 'mary', mechanisms: [mechanism] }, secrets);
  expect(row).toMatchObject({ state: 'delivered' });
  const [message] = await to.arrived(localPart, 1);
  expect(message?.toString('latin1')).toContain('(Authenticated sender: mary)');
});

test('a wrong password is a deferral: somebody can mend it', async ({ skip }) => {
  const to = smarthost ?? skip(`SKIP: ${problem}`);
  const row = await sendBy(to, 'r14', { user: 'mary' }, { password: 'wrong' });
  expect(row).toMatchObject({ state: 'waiting', status: expect.stringMatching(/^4\./) });
});
