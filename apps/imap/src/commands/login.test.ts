import { openDirectory } from '@postel/directory';
import { openDatabase } from '@postel/storage';
import { expect, test } from 'vitest';
import { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('LOGIN with the name of the account, or its address, in atoms, quoted strings and literals', async () => {
  const { name, address, password } = await server.addAccount();
  for (const user of [name, `"${name}"`, address, `"${address}"`, address.toUpperCase()]) {
    await using client = await server.connect();
    await client.dialogue`
      C: a1 LOGIN ${user} "${password}"
      S: a1 OK [CAPABILITY IMAP4rev1 ...] Logged in
    `;
  }
  await using client = await server.connect();
  await client.dialogue`
    C: a1 LOGIN {${name.length}}
    S: + ...
    C: ${name} {${password.length}}
    S: + ...
    C: ${password}
    S: a1 OK [CAPABILITY ...] Logged in
  `;
  await using other = await server.connect();
  await other.dialogue`
    C: a1 LOGIN {${name.length}+}
    C: ${name} {${password.length}+}
    C: ${password}
    S: a1 OK [CAPABILITY ...] Logged in
  `;
});

test('a wrong password and an unknown user get the same answer', async () => {
  const { name } = await server.addAccount();
  await using client = await server.connect();
  await client.dialogue`
    C: a1 LOGIN ${name} wrong-password
    S: a1 NO [AUTHENTICATIONFAILED] Wrong user or password ({id})
    C: a2 LOGIN nobody-of-this-name wrong-password
    S: a2 NO [AUTHENTICATIONFAILED] Wrong user or password ({id})
  `;
});

test('a failed login is answered late, and the fifth ends the connection', async () => {
  const { name } = await server.addAccount();
  await using client = await server.connect();
  const began = performance.now();
  await client.command(`LOGIN ${name} wrong`);
  expect(performance.now() - began).toBeGreaterThan(290);
  for (const _ of [2, 3, 4]) client.send(`b LOGIN ${name} wrong\r\n`);
  client.send(`e LOGIN ${name} wrong\r\n`);
  const lines = await client.closed();
  expect(lines.at(-2)).toMatch(/^\* BYE Too many failed logins/);
  expect(lines.at(-1)).toMatch(/^e NO \[AUTHENTICATIONFAILED\]/);
});

test('LOGIN is legal once, and before it nothing that needs an account', async () => {
  const { name, password } = await server.addAccount();
  await using client = await server.connect();
  await client.dialogue`
    C: a1 SELECT INBOX
    S: a1 BAD Log in first...
    C: a2 FETCH 1 FLAGS
    S: a2 BAD Log in first...
    C: a3 LOGIN ${name} ${password}
    S: a3 OK ...
    C: a4 LOGIN ${name} ${password}
    S: a4 BAD Already logged in...
    C: a5 FETCH 1 FLAGS
    S: a5 BAD Select a mailbox first...
  `;
});

test('hardening 6, 14: LOGIN with too few or malformed arguments is BAD, and nothing of them is repeated', async () => {
  for (const args of [
    '',
    ' mary',
    ' mary ',
    ' "mary',
    ' "mary" "s\\x"',
    ' mary secret more',
    ' "ma\0ry" x',
    ' "m\xffry" x',
  ]) {
    await using client = await server.connect();
    const { tagged } = await client.command(`LOGIN${args}`);
    expect(tagged, args).toMatch(/^BAD /);
    expect(tagged).not.toMatch(/mary|secret|\0|\xff/);
  }
});

test('hardening 14: control characters in a user name are refused as any wrong user', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a1 LOGIN {9+}
    C: a* OK b:b secret
    S: a1 NO [AUTHENTICATIONFAILED]...
  `;
});

test('hardening 6: where LOGIN would show the password, it is announced as disabled and refused', async () => {
  await using imap = await server.startProcess({ allowPlaintextLogin: false });
  const { name, password } = await server.addAccount();
  await using client = await server.connect(imap.port);
  await client.dialogue`
    C: a1 CAPABILITY
    S: * CAPABILITY IMAP4rev1 ... STARTTLS LOGINDISABLED
    S: a1 OK ...
    C: a2 LOGIN ${name} ${password}
    S: a2 NO [PRIVACYREQUIRED]...
    C: a3 AUTHENTICATE PLAIN
    S: a3 NO [PRIVACYREQUIRED]...
    C: a4 AUTHENTICATE PLAIN ${Buffer.from(`\0${name}\0${password}`).toString('base64')}
    S: a4 NO [PRIVACYREQUIRED]...
    C: a5 STARTTLS
    S: a5 OK ...
  `;
  await client.startTls({ ca: server.postel.ca });
  await client.dialogue`
    C: b1 LOGIN ${name} ${password}
    S: b1 OK [CAPABILITY ...] ...
  `;
});

test('mechanisms that the operator does not want are neither announced nor taken, nor is LOGIN', async () => {
  const login = { mechanisms: ['SCRAM-SHA-256', 'ANONYMOUS'], anonymousAccount: null };
  await using imap = await server.startProcess({ login });
  const { name, password } = await server.addAccount();
  await using client = await server.connect(imap.port);
  await client.dialogue`
    C: a1 CAPABILITY
    S: * CAPABILITY IMAP4rev1 ... LOGINDISABLED AUTH=SCRAM-SHA-256
    S: a1 OK ...
    C: a2 LOGIN ${name} ${password}
    S: a2 NO LOGIN is switched off here...
    C: a3 AUTHENTICATE PLAIN ${Buffer.from(`\0${name}\0${password}`).toString('base64')}
    S: a3 NO ...
    C: a4 AUTHENTICATE ANONYMOUS AA==
    S: a4 NO ...
  `;
});

test('ANONYMOUS logs in to the account that is configured, and the log says when there is none', async () => {
  const { name } = await server.addAccount();
  await using imap = await server.startProcess({ login: { mechanisms: null, anonymousAccount: name } });
  await using client = await server.connect(imap.port);
  await client.dialogue`
    C: a1 AUTHENTICATE ANONYMOUS ${Buffer.from('sirhc').toString('base64')}
    S: a1 OK [CAPABILITY ...] Logged in
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK [READ-WRITE]...
  `;
  await using other = await server.startProcess({ login: { mechanisms: null, anonymousAccount: 'nobody-there' } });
  await expect.poll(() => other.log).toContain('there is no account nobody-there');
});

test('an app password logs in where it is for, and its owner sees from where', async () => {
  const account = await server.addAccount();
  await using client = await server.connect();
  await using database = openTestDatabase();
  const { appPasswords } = openDirectory(database).as({ type: 'server', task: 'test' });
  const plainest = { expiresAt: null, networks: null, isShared: false };
  const phone = await appPasswords.add(account.name, { ...plainest, name: 'phone', service: 'imap' });
  const printer = await appPasswords.add(account.name, { ...plainest, name: 'printer', service: 'smtp' });
  await client.dialogue`
    C: a1 LOGIN ${account.address} ${printer}
    S: a1 NO [AUTHENTICATIONFAILED] Wrong user or password...
    C: a2 LOGIN ${account.address} ${phone}
    S: a2 OK [CAPABILITY ...] Logged in
  `;
  const lastUsed = async () =>
    (await appPasswords.list(account.name)).map(({ name, lastUsedFrom }) => `${name} ${lastUsedFrom}`);
  await expect.poll(lastUsed, { timeout: 5_000 }).toEqual(['phone 127.0.0.1', 'printer null']);
  await appPasswords.remove(account.name, 'phone');
  expect((await client.closed()).at(-1)).toMatch(/^\* BYE \[EXPIRED\] /);
});

test('CRAM-MD5 is offered, and taken, where an app password for it is good, and nowhere else', async () => {
  const { name } = await server.addAccount();
  const networks = ['127.77.0.1'];
  const scanner = { name: 'scanner', service: 'imap', expiresAt: null, networks, isShared: true } as const;
  await server.postel.useDirectory((directory) => directory.appPasswords.add(name, scanner));
  const greetingAt = async (from: string) => {
    await using client = await ImapClient.connect(server.postel.ports.imap, from);
    return await client.line();
  };
  await expect.poll(() => greetingAt('127.77.0.1'), { timeout: 5_000 }).toContain('AUTH=CRAM-MD5');
  expect(await greetingAt('127.77.0.2')).not.toContain('MD5');
  await using client = await server.connect();
  await client.dialogue`
    C: a1 AUTHENTICATE CRAM-MD5
    S: a1 NO [CANNOT] No such mechanism...
  `;
});

function openTestDatabase() {
  const database = openDatabase(server.postel.database, { applicationName: 'imap-test', maxConnections: 1 });
  return { ...database, [Symbol.asyncDispose]: () => database.close() };
}
