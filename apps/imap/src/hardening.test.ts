import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { expect, test } from 'vitest';
import type { ImapClient } from './testing/imap-client.ts';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();
const CHUNK = Buffer.alloc(16_384, 0x61);

function* octets(total: number): Generator<Buffer> {
  for (let sent = 0; sent < total; sent += CHUNK.length) yield CHUNK;
}

async function closedWith(client: ImapClient): Promise<string> {
  return (await client.closed()).join('\n');
}

test('hardening 1: 64 MiB without a line end are cut at the limit, before login and after', async () => {
  await using imap = await server.startProcess();
  const account = await server.addAccount();
  for (const connect of [() => server.connect(imap.port), () => server.logIn(account, imap.port)]) {
    await using client = await connect();
    const before = imap.residentOctets;
    client.send('a1 SEARCH ');
    await client.sendAll(octets(64 * 1024 * 1024));
    expect(await closedWith(client)).toMatch(/^\* BYE The command is too long.*\na1 BAD \[TOOBIG\] /);
    expect(imap.residentOctets - before).toBeLessThan(48 * 1024 * 1024);
  }
  await using client = await server.connect(imap.port);
  expect((await client.command('NOOP')).tagged).toMatch(/^OK /);
});

test('hardening 1: a line of 16 kB is read before login, one of 64 kB after', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a1 NOOP ${'x'.repeat(16_000)}
    S: a1 BAD Unexpected arguments...
  `;
  client.send(`a2 NOOP ${'x'.repeat(17_000)}\r\n`);
  expect(await closedWith(client)).toMatch(/^\* BYE .*\na2 BAD \[TOOBIG\] /);
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 NOOP ${'x'.repeat(65_000)}
    S: a1 BAD Unexpected arguments...
  `;
  mary.send(`a2 NOOP ${'x'.repeat(66_000)}\r\n`);
  expect(await closedWith(mary)).toMatch(/^\* BYE .*\na2 BAD \[TOOBIG\] /);
});

test('hardening 2: literals too large: a synchronizing one is not continued, any other ends the connection', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a1 LOGIN {99999999999999999999}
    S: a1 BAD [TOOBIG] ...
    C: a2 LOGIN {65537}
    S: a2 BAD [TOOBIG] ...
    C: a3 NOOP
    S: a3 OK ...
    C: a4 LOGIN {-1}
    S: a4 BAD ...
    C: a5 LOGIN {4294967295+}
    S: * BYE The literal is too large...
    S: a5 BAD [TOOBIG] ...
    S: (closed)
  `;
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 SELECT {102401}
    S: a1 BAD [TOOBIG] ...
    C: a2 SELECT {102401+}
    S: * BYE ...
    S: a2 BAD [TOOBIG] ...
    S: (closed)
  `;
});

test('hardening 2: before login literals have 64 kB together', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a1 LOGIN {60000}
    S: + ...
    C: ${'u'.repeat(60_000)} {6000}
    S: a1 BAD [TOOBIG] ...
    C: a2 NOOP
    S: a2 OK ...
  `;
});

test('hardening 3: a hundred thousand parentheses, before login and after', async () => {
  await using client = await server.connect();
  client.send(`a1 FETCH ${'('.repeat(100_000)}\r\n`);
  expect(await closedWith(client)).toMatch(/^\* BYE .*\na1 BAD \[TOOBIG\] /);
  await using mary = await server.logIn();
  await mary.command('SELECT INBOX');
  for (const command of ['SEARCH', 'FETCH 1', 'STORE 1 FLAGS', 'STATUS INBOX', 'APPEND INBOX']) {
    expect((await mary.command(`${command} ${'('.repeat(60_000)}`)).tagged, command).toMatch(/^BAD /);
  }
  expect((await mary.command(`SEARCH ${'NOT '.repeat(15_000)}ALL`)).tagged).toMatch(/^BAD /);
  expect((await mary.command(`SEARCH ${'OR ALL '.repeat(9_000)}ALL`)).tagged).toMatch(/^BAD /);
  mary.send(`b1 SEARCH ${'('.repeat(100_000)}\r\n`);
  expect(await closedWith(mary)).toMatch(/^\* BYE .*\nb1 BAD \[TOOBIG\] /);
});

test('hardening 4: a hundred thousand small literals in one command', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.command('SELECT INBOX');
  mary.send(`a1 FETCH 1 BODY[HEADER.FIELDS (${'{1+}\r\nX '.repeat(999)}{1+}\r\nX)]\r\n`);
  expect((await mary.answer('a1')).tagged).toMatch(/^OK /);
  mary.send(`a2 FETCH 1 BODY[HEADER.FIELDS (${'{1+}\r\nX '.repeat(100_000)}`);
  expect(await closedWith(mary)).toMatch(/^\* BYE .*\na2 BAD \[TOOBIG\] /);

  await using joe = await server.logIn();
  await joe.command('SELECT INBOX');
  joe.send('a1 SEARCH KEYWORD {1}\r\n');
  let count = 0;
  for (let line = await joe.line(); line?.startsWith('+ '); line = await joe.line(), count++)
    joe.send('X KEYWORD {1}\r\n');
  expect(count).toBe(1_000);
  expect((await joe.command('NOOP')).tagged).toMatch(/^OK /);
});

test('hardening 16: HTTP spoken to the port is closed after a few lines, and nothing of it is run', async () => {
  const { name, password } = await server.addAccount();
  await using client = await server.connect();
  client.send(
    `POST / HTTP/1.1\r\nHost: localhost:1143\r\nContent-Type: text/plain\r\n\r\na1 LOGIN ${name} ${password}\r\na2 SELECT INBOX\r\n`,
  );
  const said = await closedWith(client);
  expect(said).toMatch(/^POST BAD .*\nHost: BAD .*\n\* BYE .*\nContent-Type: BAD /);
  expect(said).not.toContain('OK');
});

test('hardening 16: a client that wants to speak HTTP is refused in the TLS handshake', async () => {
  const options = { host: '127.0.0.1', port: server.postel.ports.imaps, ca: server.postel.ca, servername: 'localhost' };
  const socket = connectTls({ ...options, ALPNProtocols: ['http/1.1'] });
  const [error] = await once(socket, 'error');
  expect(String(error)).toMatch(/no application protocol/i);
  const imap = connectTls({ ...options, ALPNProtocols: ['imap'] });
  await once(imap, 'secureConnect');
  expect(imap.alpnProtocol).toBe('imap');
  imap.destroy();
});

test('hardening 16: after login twenty commands in a row that are none end the connection', async () => {
  await using mary = await server.logIn();
  mary.send('x NONSENSE\r\n'.repeat(19));
  mary.send('y NOOP\r\n');
  expect((await mary.answer('y')).untagged).toHaveLength(19);
  mary.send('x NONSENSE\r\n'.repeat(21));
  const lines = await mary.closed();
  expect(lines.at(-2)).toMatch(/^\* BYE /);
  expect(lines).toHaveLength(21);
});

test('hardening 54: a client that stops reading holds little, and others go on', async () => {
  await using imap = await server.startProcess();
  const account = await server.addAccount();
  await using mary = await server.logIn(account, imap.port);
  await using other = await server.logIn(account, imap.port);
  for (let i = 0; i < 8; i++)
    await mary.append('INBOX', `Subject: ${i}\r\n\r\n${'x'.repeat(i < 4 ? 120_000 : 1_000_000)}`);
  await mary.command('SELECT INBOX');
  await other.command('SELECT INBOX');
  const before = imap.residentOctets;
  mary.pause();
  // 450 MB, if anybody took them.
  mary.send(`a1 FETCH 1:* (${Array(100).fill('BODY.PEEK[]').join(' ')})\r\n`);
  for (let i = 0; i < 100; i++) expect((await other.command('FETCH 1:* (FLAGS)')).tagged).toMatch(/^OK /);
  expect(imap.residentOctets - before).toBeLessThan(48 * 1024 * 1024);
  mary.resume();
  expect(await mary.line()).toMatch(/^\* 1 FETCH \(BODY\[\] \{120014\}$/);
});

test('a client with thousands of commands on their way does not keep others waiting', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  mary.send('x CAPABILITY\r\n'.repeat(20_000));
  mary.send('last NOOP\r\n');
  let isOver = false;
  const answered = mary.answer('last').then(() => {
    isOver = true;
  });
  const { tagged } = await other.command('NOOP');
  expect(tagged).toMatch(/^OK /);
  expect(isOver).toBe(false);
  await answered;
});
