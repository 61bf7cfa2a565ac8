/** Submission by TLS public key (docs/security.md): who has shown an account's key in the handshake. */
import { once } from 'node:events';
import { type ConnectionOptions, connect as connectTls, TLSSocket } from 'node:tls';
import { DirectoryError } from '@postel/directory';
import { type ClientCertificate, makeClientCertificate } from '@postel/testkit';
import { expect, test, vi } from 'vitest';
import { base64, MailServer, plainResponse } from './testing/mail-server.ts';
import { startOwnServer } from './testing/own-server.ts';
import { SmtpClient } from './testing/smtp-client.ts';

const server = new MailServer();
const { ports, ca } = server.postel;

/** On submissions, and greeted. */
async function connect(options: ConnectionOptions): Promise<SmtpClient> {
  const client = await SmtpClient.connectTls(ports.submissions, { ca, ...options });
  await client.reply();
  return client;
}

/** On submission, after STARTTLS. */
async function connectByStartTls(options: ConnectionOptions): Promise<SmtpClient> {
  const client = await server.connect();
  await client.command('STARTTLS');
  await client.startTls({ ca, ...options });
  return client;
}

for (const [way, connectThus] of [
  ['submissions', connect],
  ['submission', connectByStartTls],
] as const) {
  test(`on ${way} MAIL works without AUTH`, async () => {
    const mary = await server.addAccount();
    const { key, cert } = await server.postel.addKey(mary);
    await using client = await connectThus({ key, cert });
    await client.dialogue`
      C: EHLO client.example
      S: ...
      C: MAIL FROM:<${mary.address}>
      S: 250 2.1.0 ...
      C: RCPT TO:<${mary.address}>
      S: 250 2.1.5 ...
      C: DATA
      S: 354 ...
      C: Subject: hello
      C: .
      S: 250 2.0.0 ...
      C: AUTH EXTERNAL =
      S: 503 5.5.1 Logged in already...
      C: MAIL FROM:<somebody-else@localhost.example>
      S: 550 5.7.1 ...
    `;
    const [message] = await server.messages(mary);
    expect(message?.prefix).toMatch(/with ESMTPSA /);
  });
}

test('EXTERNAL is offered too, and acts as its own account alone', async () => {
  const mary = await server.addAccount();
  const other = await server.addAccount('other');
  const { key, cert } = await server.postel.addKey(mary);
  await using client = await connect({ key, cert });
  await client.dialogue`
    C: EHLO client.example
    S: ...
    S: 250 AUTH EXTERNAL ...
    C: AUTH EXTERNAL ${base64(other.address)}
    S: 535 5.7.8 ...
    C: AUTH EXTERNAL =
    S: 235 2.7.0 ...
    C: MAIL FROM:<${mary.address}>
    S: 250 2.1.0 ...
  `;
  await using another = await connect({ key, cert });
  await another.dialogue`
    C: EHLO client.example
    S: ...
    C: AUTH EXTERNAL
    S: 334 
    C: ${base64(mary.address)}
    S: 235 2.7.0 ...
  `;
});

test('who shows no key, or none yet, is not offered EXTERNAL', async () => {
  const mary = await server.addAccount();
  const { key, cert } = await server.postel.addKey(mary);
  await using client = await server.connect();
  await client.dialogue`
    C: EHLO client.example
    S: ...
    C: AUTH EXTERNAL =
    S: 538 5.7.11 ...
    C: MAIL FROM:<${mary.address}>
    S: 530 5.7.0 ...
    C: STARTTLS
    S: 220 ...
  `;
  await client.startTls({ ca, key, cert });
  await client.dialogue`
    C: MAIL FROM:<${mary.address}>
    S: 503 5.5.1 Say EHLO first...
    C: EHLO client.example
    S: ...
    S: 250 AUTH EXTERNAL ...
    C: MAIL FROM:<${mary.address}>
    S: 250 2.1.0 ...
  `;
  await using without = await server.connectTls();
  await without.dialogue`
    C: EHLO client.example
    S: ...
    C: AUTH EXTERNAL =
    S: 504 5.5.4 ...
    C: MAIL FROM:<${mary.address}>
    S: 530 5.7.0 ...
  `;
});

test('other mechanisms work with the credentials of the same account, and of no other', async () => {
  const mary = await server.addAccount();
  const secondAddress = `second-${mary.address}`;
  await server.postel.useDirectory((directory) => directory.addAddress(mary.name, secondAddress));
  const other = await server.addAccount('other');
  const { key, cert } = await server.postel.addKey(mary);
  await using client = await connect({ key, cert });
  await client.dialogue`
    C: EHLO client.example
    S: ...
    C: AUTH PLAIN ${plainResponse(other)}
    S: 535 5.7.8 ...
    C: AUTH PLAIN ${plainResponse({ name: secondAddress, password: mary.password })}
    S: 235 2.7.0 ...
    C: MAIL FROM:<${secondAddress}>
    S: 250 2.1.0 ...
  `;
});

test('hardening 21: an unknown key brings nobody in, and leaves other means of login', async () => {
  const mary = await server.addAccount();
  const { key, cert } = await makeClientCertificate();
  await using client = await connect({ key, cert });
  await client.dialogue`
    C: EHLO client.example
    S: ...
    C: MAIL FROM:<${mary.address}>
    S: 530 5.7.0 ...
    C: AUTH EXTERNAL =
    S: 504 5.5.4 ...
    C: AUTH PLAIN ${plainResponse(mary)}
    S: 235 2.7.0 ...
  `;
});

test('the history tells of a submission by key, and of one with an unknown key', async () => {
  const mary = await server.addAccount();
  const known = await server.postel.addKey(mary);
  const unknown = await makeClientCertificate();
  for (const { key, cert } of [known, unknown]) {
    await using client = await connect({ key, cert });
    await client.command('EHLO client.example');
    await client.command(`MAIL FROM:<${mary.address}>`);
  }
  const all = { accountName: null, onlyFailed: false, since: new Date(0), limit: 10_000 };
  await vi.waitFor(async () => {
    const logins = await server.postel.useDirectory((directory) => directory.listLogins(all));
    const found = [known, unknown].flatMap(({ publicKey }) =>
      logins.filter(({ keyFingerprint }) => keyFingerprint === publicKey.fingerprint),
    );
    expect(found).toEqual([
      expect.objectContaining({
        accountName: mary.name,
        service: 'smtp',
        mechanism: 'TLS-PUBLIC-KEY',
        credentialKind: 'tls-public-key',
        program: 'client.example',
        outcome: 'success',
      }),
      expect.objectContaining({ accountName: null, service: 'smtp', mechanism: null, outcome: 'unknown-key' }),
    ]);
  }, 10_000);
});

test('hardening 21: a key that is removed behind the handshake brings nobody in', async () => {
  const mary = await server.addAccount();
  const certificate = await server.postel.addKey(mary);
  await using client = await connect(certificate);
  await client.command('EHLO client.example');
  await server.postel.removeKey(certificate);
  await client.dialogue`
    C: AUTH EXTERNAL =
    S: 535 5.7.8 ...
    C: MAIL FROM:<${mary.address}>
    S: 530 5.7.0 ...
    C: AUTH PLAIN ${plainResponse(mary)}
    S: 235 2.7.0 ...
  `;
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`hardening 21: a removed key is nobody's, also when a session of ${version} is resumed`, async () => {
    const mary = await server.addAccount();
    const certificate = await server.postel.addKey(mary);
    const session = await sessionOf(certificate, version);
    const options = { session, minVersion: version, maxVersion: version } as const;
    await using resumed = await connect(options);
    await resumed.command('EHLO client.example');
    expect(await resumed.command(`MAIL FROM:<${mary.address}>`)).toMatch(/^250 /);

    await server.postel.removeKey(certificate);
    await using again = await connect(options);
    expect(again.socket instanceof TLSSocket && again.socket.isSessionReused()).toBe(true);
    await again.command('EHLO client.example');
    expect(await again.command(`MAIL FROM:<${mary.address}>`)).toMatch(/^530 /);
  });
}

test('MX does not ask for keys, nor for logins', async () => {
  const mary = await server.addAccount();
  const { key, cert } = await server.postel.addKey(mary);
  await using client = await server.connectMx();
  await client.command('EHLO client.example');
  await client.command('STARTTLS');
  await client.startTls({ ca, key, cert });
  await client.dialogue`
    C: EHLO client.example
    S: ...
    C: AUTH EXTERNAL =
    S: 503 5.5.1 No logins on this port...
    C: MAIL FROM:<${mary.address}>
    S: 250 2.1.0 ...
    C: RCPT TO:<${mary.address}>
    S: 250 2.1.5 ...
    C: DATA
    S: 354 ...
    C: Subject: hello
    C: .
    S: 250 2.0.0 ...
  `;
  const [message] = await server.messages(mary);
  expect(message?.prefix).toMatch(/with ESMTPS /);
});

test('a listener with clientCertificates off does not ask', async () => {
  await using own = await startOwnServer({}, { tls: 'implicit', asksClientCertificate: false });
  const { key, cert, publicKey } = await makeClientCertificate();
  const { name, address } = own.account;
  await own.directory.tlsPublicKeys.add({ login: name, key: publicKey, name: 'notebook', isImapPreauth: true });
  await using client = await SmtpClient.connectTls(own.port, { ca, key, cert });
  await client.reply();
  await client.dialogue`
    C: EHLO client.example
    S: ...
    C: MAIL FROM:<${address}>
    S: 530 5.7.0 ...
  `;
});

test('a key that nobody can be asked about now is no reason to give up for good, nor to log in by no other means', async () => {
  await using own = await startOwnServer({}, { tls: 'implicit' });
  const { key, cert } = await makeClientCertificate();
  const { address } = own.account;
  vi.spyOn(own.directory, 'findClientKey').mockRejectedValue(new DirectoryError('unavailable', 'away'));
  await using client = await SmtpClient.connectTls(own.port, { ca, key, cert });
  await client.reply();
  await client.dialogue`
    C: EHLO client.example
    S: ...
    C: MAIL FROM:<${address}>
    S: 451 4.3.0 ...
    C: AUTH PLAIN ${plainResponse(own.account)}
    S: 235 2.7.0 ...
    C: MAIL FROM:<${address}>
    S: 250 2.1.0 ...
  `;
});

/** Of a first connection by key, to be resumed by another that shows none. */
async function sessionOf({ key, cert }: ClientCertificate, version: 'TLSv1.2' | 'TLSv1.3'): Promise<Buffer> {
  const options = { ca, key, cert, minVersion: version, maxVersion: version };
  const socket = connectTls({ port: ports.submissions, host: '127.0.0.1', servername: 'localhost', ...options });
  try {
    const [session] = await once(socket, 'session');
    return session;
  } finally {
    socket.destroy();
  }
}
