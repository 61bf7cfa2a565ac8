/** Login by TLS public key (docs/security.md): who has shown an account's key in the handshake. */
import { once } from 'node:events';
import { type ConnectionOptions, connect as connectTls, TLSSocket } from 'node:tls';
import { type ClientCertificate, makeClientCertificate, type TestAccount } from '@postel/testkit';
import { expect, test, vi } from 'vitest';
import { ImapClient } from './testing/imap-client.ts';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();
const { ports, ca } = server.postel;
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** On IMAPS, and not greeted. */
function connect(options: ConnectionOptions, port = ports.imaps): Promise<ImapClient> {
  return ImapClient.connectTls(port, { ca, ...options });
}

/** After STARTTLS. */
async function connectByStartTls(options: ConnectionOptions): Promise<ImapClient> {
  const client = await server.connect();
  await client.command('STARTTLS');
  await client.startTls({ ca, ...options });
  return client;
}

/** It is written half a second after the login, or when its program has said its name. */
const HISTORY_MS = 10_000;

async function loginsWith({ fingerprint }: ClientCertificate['publicKey']) {
  const all = { accountName: null, onlyFailed: false, since: new Date(0), limit: 10_000 };
  const logins = await server.postel.useDirectory((directory) => directory.listLogins(all));
  return logins.filter(({ keyFingerprint }) => keyFingerprint === fingerprint);
}

/** As a mail program has it that does not understand PREAUTH. */
const addSilentKey = (account: TestAccount) => server.postel.addKey(account, { isImapPreauth: false });

for (const type of ['p256', 'ed25519'] as const) {
  test(`a key of type ${type} is greeted with PREAUTH, and is logged in`, async () => {
    const mary = await server.addAccount();
    const { key, cert } = await server.postel.addKey(mary, { type });
    await using client = await connect({ key, cert });
    await client.dialogue`
      S: * PREAUTH [CAPABILITY IMAP4rev1 ...] ...
      C: a1 SELECT INBOX
      S: ...
      S: a1 OK [READ-WRITE] ...
      C: a2 LOGIN ${mary.name} ${mary.password}
      S: a2 BAD Already logged in...
      C: a3 AUTHENTICATE EXTERNAL =
      S: a3 BAD Already logged in...
    `;
  });
}

test('RFC 8437 §4.2: whom PREAUTH has greeted may UNAUTHENTICATE, and AUTHENTICATE EXTERNAL', async () => {
  const mary = await server.addAccount();
  const { key, cert } = await server.postel.addKey(mary);
  await using client = await connect({ key, cert });
  await client.dialogue`
    S: * PREAUTH ...
    C: a1 UNAUTHENTICATE
    C: a2 AUTHENTICATE EXTERNAL =
    C: a3 SELECT INBOX
    S: a1 OK ...
    S: a2 OK [CAPABILITY ...] Logged in
    S: ...
    S: a3 OK [READ-WRITE] ...
  `;
});

test('a key that is set to no PREAUTH gets the normal greeting, and EXTERNAL', async () => {
  const mary = await server.addAccount();
  const { key, cert } = await addSilentKey(mary);
  await using client = await connect({ key, cert });
  await client.dialogue`
    S: * OK [CAPABILITY ... AUTH=EXTERNAL ...] Postel ready
    C: a1 SELECT INBOX
    S: a1 BAD Log in first...
    C: a2 AUTHENTICATE EXTERNAL =
    S: a2 OK [CAPABILITY ...] Logged in
    C: a3 SELECT INBOX
    S: ...
    S: a3 OK ...
  `;
  await using another = await connect({ key, cert });
  await another.dialogue`
    S: * OK ...
    C: a1 AUTHENTICATE EXTERNAL
    S: + 
    C: 
    S: a1 OK ...
  `;
});

test('after STARTTLS EXTERNAL is offered; in the clear, and without a key, it is not', async () => {
  const mary = await server.addAccount();
  const { key, cert } = await server.postel.addKey(mary);
  await using client = await server.connect();
  await client.dialogue`
    C: a1 AUTHENTICATE EXTERNAL =
    S: a1 NO [...] ...
    C: a2 STARTTLS
    S: a2 OK ...
  `;
  await client.startTls({ ca, key, cert });
  const { untagged } = await client.command('CAPABILITY');
  expect(untagged[0]).toContain(' AUTH=EXTERNAL');
  expect((await client.command('AUTHENTICATE EXTERNAL =')).tagged).toMatch(/^OK /);

  await using without = await server.connectTls();
  expect((await without.command('CAPABILITY')).untagged[0]).not.toContain('EXTERNAL');
  expect((await without.command('AUTHENTICATE EXTERNAL =')).tagged).toMatch(/^NO /);
});

test('hardening 21: EXTERNAL acts as an address of its own account, and of no other', async () => {
  const mary = await server.addAccount();
  const other = await server.addAccount('other');
  const { key, cert } = await addSilentKey(mary);
  await using client = await connect({ key, cert });
  await client.dialogue`
    S: * OK ...
    C: a1 AUTHENTICATE EXTERNAL ${base64(other.address)}
    S: a1 NO [AUTHORIZATIONFAILED] ...
    C: a2 AUTHENTICATE EXTERNAL ${base64(other.name)}
    S: a2 NO [AUTHORIZATIONFAILED] ...
    C: a3 AUTHENTICATE EXTERNAL ${base64(mary.address)}
    S: a3 OK ...
  `;
});

test('other mechanisms work with the credentials of the same account, and of no other', async () => {
  const mary = await server.addAccount();
  const secondAddress = `second-${mary.address}`;
  await server.postel.useDirectory((directory) => directory.addAddress(mary.name, secondAddress));
  const other = await server.addAccount('other');
  const { key, cert } = await addSilentKey(mary);
  await using client = await connect({ key, cert });
  await client.dialogue`
    S: * OK ...
    C: a1 LOGIN ${other.name} ${other.password}
    S: a1 NO [AUTHENTICATIONFAILED] ...
    C: a2 AUTHENTICATE PLAIN ${base64(`\0${other.address}\0${other.password}`)}
    S: a2 NO [AUTHENTICATIONFAILED] ...
    C: a3 LOGIN ${mary.name} not-her-password
    S: a3 NO [AUTHENTICATIONFAILED] ...
    C: a4 AUTHENTICATE PLAIN ${base64(`\0${secondAddress}\0${mary.password}`)}
    S: a4 OK ...
  `;
});

test('ANONYMOUS, where it is offered, is for nobody who has shown the key of an account', async () => {
  const mary = await server.addAccount();
  const guest = await server.addAccount('guest');
  await using imap = await server.startProcess({ login: { mechanisms: null, anonymousAccount: guest.name } });
  await using without = await connect({}, imap.tlsPort);
  await without.line();
  expect((await without.command('AUTHENTICATE ANONYMOUS =')).tagged).toMatch(/^OK /);
  await using client = await connect(await addSilentKey(mary), imap.tlsPort);
  await client.line();
  expect((await client.command('AUTHENTICATE ANONYMOUS =')).tagged).toMatch(/^NO \[AUTHENTICATIONFAILED\] /);
});

test('hardening 21: an unknown key is logged, identifies nobody, and leaves other means of login', async () => {
  const mary = await server.addAccount();
  const { key, cert, publicKey } = await makeClientCertificate();
  await using implicit = await connect({ key, cert });
  expect(await implicit.line()).toMatch(/^\* OK /);
  await using byStartTls = await connectByStartTls({ key, cert });
  for (const client of [implicit, byStartTls]) {
    const { untagged } = await client.command('CAPABILITY');
    expect(untagged[0]).not.toContain('EXTERNAL');
    expect((await client.command('AUTHENTICATE EXTERNAL =')).tagged).toMatch(/^NO /);
    expect((await client.command(`LOGIN ${mary.name} ${mary.password}`)).tagged).toMatch(/^OK /);
  }
  await vi.waitFor(() => {
    const line =
      server
        .log()
        .split('\n')
        .find((text) => text.includes(publicKey.fingerprint)) ?? '';
    expect(line).toContain("the client has shown a key that is nobody's");
  });
});

test('the history tells of a login by key: which, by what program', async () => {
  const mary = await server.addAccount();
  const { key, cert, publicKey } = await server.postel.addKey(mary);
  await using client = await connect({ key, cert });
  await client.line();
  await client.command('ID ("name" "Program" "version" "1.0")');
  await vi.waitFor(async () => {
    expect(await loginsWith(publicKey)).toEqual([
      expect.objectContaining({
        accountName: mary.name,
        service: 'imap',
        mechanism: 'TLS-PUBLIC-KEY',
        tlsVersion: 'TLSv1.3',
        credentialKind: 'tls-public-key',
        credentialName: 'notebook',
        program: 'Program 1.0',
        outcome: 'success',
      }),
    ]);
  }, HISTORY_MS);
});

test('the history tells of an unknown key, and of the account that the same connection logged in to', async () => {
  const mary = await server.addAccount();
  const { key, cert, publicKey } = await makeClientCertificate();
  await using client = await connect({ key, cert });
  await client.line();
  await client.command('ID ("name" "Program")');
  await client.command(`LOGIN ${mary.name} ${mary.password}`);
  await vi.waitFor(async () => {
    const logins = await loginsWith(publicKey);
    expect(logins.map(({ outcome, accountName, mechanism }) => [outcome, accountName, mechanism]).toSorted()).toEqual([
      ['success', mary.name, 'LOGIN'],
      ['unknown-key', null, null],
    ]);
  }, HISTORY_MS);
});

test('hardening 21: a certificate that is long over is as good as any', async () => {
  const mary = await server.addAccount();
  const { key, cert } = await server.postel.addKey(mary, { notAfter: new Date('2020-01-02') });
  await using client = await connect({ key, cert });
  expect(await client.line()).toMatch(/^\* PREAUTH /);
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`hardening 21: a removed key is nobody's, also when a session of ${version} is resumed`, async () => {
    const mary = await server.addAccount();
    const certificate = await server.postel.addKey(mary);
    const options = { ca, minVersion: version, maxVersion: version } as const;
    const session = await sessionOf(certificate, options);
    await using resumed = await connect({ ...options, session });
    expect(await resumed.line()).toMatch(/^\* PREAUTH /);

    await server.postel.removeKey(certificate);
    await using again = await connect({ ...options, session });
    expect(await again.line()).toMatch(/^\* OK (?!.*EXTERNAL)/);
    expect(again.socket instanceof TLSSocket && again.socket.isSessionReused()).toBe(true);

    const other = await server.addAccount('other');
    await server.postel.useDirectory(({ tlsPublicKeys }) =>
      tlsPublicKeys.add({ login: other.address, key: certificate.publicKey, name: 'sold', isImapPreauth: true }),
    );
    await using sold = await connect({ ...options, session });
    expect(await sold.line()).toMatch(/^\* PREAUTH /);
    await sold.append('INBOX', 'Subject: for the new owner\r\n\r\n');
    await using owner = await server.logIn(other);
    expect((await owner.command('STATUS INBOX (MESSAGES)')).untagged).toEqual(['* STATUS INBOX (MESSAGES 1)']);
  });
}

test("a disabled account's key is nobody's", async () => {
  const mary = await server.addAccount();
  const { key, cert } = await server.postel.addKey(mary);
  await server.postel.useDirectory((directory) => directory.setDisabled(mary.name, true));
  await using client = await connect({ key, cert });
  expect(await client.line()).toMatch(/^\* OK (?!.*EXTERNAL)/);
});

test('a listener with clientCertificates off does not ask', async () => {
  const mary = await server.addAccount();
  const { key, cert } = await server.postel.addKey(mary);
  await using silent = await server.startProcess({ asksClientCertificate: false });
  await using client = await connect({ key, cert }, silent.tlsPort);
  expect(await client.line()).toMatch(/^\* OK (?!.*EXTERNAL)/);
  await using asking = await server.startProcess();
  await using asked = await connect({ key, cert }, asking.tlsPort);
  expect(await asked.line()).toMatch(/^\* PREAUTH /);
});

/** Of a first connection by key, to be resumed by another that shows none. */
async function sessionOf({ key, cert }: ClientCertificate, options: ConnectionOptions): Promise<Buffer> {
  const socket = connectTls({ port: ports.imaps, host: '127.0.0.1', servername: 'localhost', key, cert, ...options });
  try {
    const [session] = await once(socket, 'session');
    return session;
  } finally {
    socket.destroy();
  }
}
