import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { expect, test } from 'vitest';
import type { ImapClient } from './testing/imap-client.ts';
import { MailServer } from './testing/mail-server.ts';
import { readList } from './testing/read-response.ts';

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
    expect(await closedWith(client)).toMatch(/^\* BYE \[TOOBIG\] The command is too long.*\na1 BAD \[TOOBIG\] /);
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
    S: * BYE [TOOBIG] The literal is too large...
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

test('hardening 2: after login literals have 1 MB together', async () => {
  await using mary = await server.logIn();
  await mary.command('SELECT INBOX');
  const literal = (sync: string) => `SUBJECT {102400${sync}}\r\n${'x'.repeat(102_400)}`;
  const whole = await mary.command(`SEARCH ${Array(10).fill(literal('+')).join(' ')}`);
  expect(whole.tagged).toMatch(/^NO \[LIMIT\] A string/); // taken, and too long to search for
  mary.send(`a1 SEARCH ${Array(10).fill(literal('+')).join(' ')} SUBJECT {24577}\r\n`);
  expect((await mary.answer('a1')).tagged).toMatch(/^BAD \[TOOBIG\] /);
  mary.send(`a2 SEARCH ${Array(10).fill(literal('+')).join(' ')} SUBJECT {24577+}\r\n`);
  expect(await closedWith(mary)).toMatch(/^\* BYE \[TOOBIG\] .*\na2 BAD \[TOOBIG\] /);
});

test('hardening 2: with LITERAL- instead of LITERAL+ a client asks before it sends more than 4,096 octets', async () => {
  await using imap = await server.startProcess({ literals: 'LITERAL-' });
  const account = await server.addAccount();
  await using mary = await server.logIn(account, imap.port);
  const { untagged } = await mary.command('CAPABILITY');
  expect(untagged[0]).toMatch(/ LITERAL- /);
  expect(untagged[0]).not.toMatch(/ LITERAL\+ /);
  await mary.dialogue`
    C: a1 APPEND INBOX {4096+}
    C: ${'x'.repeat(4_096)}
    S: a1 OK ...
    C: a2 APPEND INBOX {4097}
    S: + ...
    C: ${'x'.repeat(4_097)}
    S: a2 OK ...
    C: a3 APPEND INBOX {4097+}
    S: * BYE [TOOBIG] The literal is too large...
    S: a3 BAD [TOOBIG] ...
    S: (closed)
  `;
  await using nobody = await server.connect(imap.port);
  await nobody.dialogue`
    C: a1 LOGIN {4097+}
    S: * BYE [TOOBIG] ...
    S: a1 BAD [TOOBIG] ...
    S: (closed)
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

test('hardening 4: commands as large as they may be leave nothing in memory', async () => {
  await using imap = await server.startProcess();
  await using mary = await server.logIn(undefined, imap.port);
  await mary.command('SELECT INBOX');
  const literals = `SEARCH ${Array(1_000)
    .fill(`SUBJECT {1000+}\r\n${'x'.repeat(1_000)}`)
    .join(' ')}`;
  const once = async () => expect((await mary.command(literals)).tagged).toMatch(/^NO \[LIMIT\] /);
  for (let i = 0; i < 10; i++) await once();
  const before = imap.residentOctets;
  for (let i = 0; i < 50; i++) await once();
  expect(imap.residentOctets - before).toBeLessThan(48 * 1024 * 1024);
});

test('hardening 4: lists of thousands: what is named twice is told once, and what is too much is refused', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.command('SELECT INBOX');
  const many = (item: string) =>
    Array(Math.floor(60_000 / (item.length + 1)))
      .fill(item)
      .join(' ');
  const told = async (command: string) => {
    const { untagged, tagged } = await mary.command(command);
    return [...untagged, tagged].join('\n');
  };
  expect(await told(`STATUS INBOX (${many('MESSAGES')})`)).toMatch(/^\* STATUS INBOX \(MESSAGES 1\)\nOK /);
  expect(await told(`FETCH 1 (${many('RFC822.SIZE')})`)).toMatch(/^\* 1 FETCH \(RFC822.SIZE 16\)\nOK /);
  expect(await told(`FETCH 1 (${many('BODY.PEEK[1]')})`)).toMatch(/^(NO|BAD) /);
  expect(await told(`STORE 1 FLAGS.SILENT (${many('\\Seen')})`)).toMatch(/^OK /);
  expect(await told(`STORE 1 FLAGS (${many('same')})`)).toMatch(/\n\* 1 FETCH \(UID 1 FLAGS \(\\Recent same\)\)\nOK /);
  const keywords = Array.from({ length: 10_000 }, (_, i) => `k${i}`).join(' ');
  expect(await told(`STORE 1 FLAGS (${keywords})`)).toMatch(/^NO \[LIMIT\] /);
  expect(await told(`APPEND INBOX (${keywords}) {1+}\r\nx`)).toMatch(/^NO \[LIMIT\] /);
  expect(await told(`LIST "" (${many('INBOX')})`)).toMatch(/^NO \[LIMIT\] /);
  expect(await told(`LIST () "" INBOX RETURN (STATUS (${many('UNSEEN')}))`)).toMatch(/\(UNSEEN 1\)\nOK /);
  expect(await told(`ENABLE ${many('NOTHING')}`)).toMatch(/^\* ENABLED\nOK /);
  expect(await told(`SETQUOTA "User quota" (${many('STORAGE 5')})`)).toMatch(/^BAD A resource is named twice/);
  expect(await told(`FETCH 1 BODY.PEEK[${many('1').replaceAll(' ', '.')}]`)).toMatch(/^(\* 1 FETCH|BAD|NO) /);
});

test('hardening 4: sets of thousands of ranges, in any order, name each message once', async () => {
  await using mary = await server.logIn();
  for (let i = 0; i < 5; i++) await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.command('SELECT INBOX');
  const repeated = Array(12_000).fill('1:*').join(',');
  const descending = Array.from({ length: 10_000 }, (_, i) => 10_000 - i).join(',');
  const holes = Array.from({ length: 5_000 }, (_, i) => `${4_294_967_295 - 2 * i}`).join(',');
  const told = async (command: string) => (await mary.command(command)).untagged;
  expect(await told(`FETCH ${repeated} (UID)`)).toHaveLength(5);
  expect(await told(`UID FETCH ${descending} (UID)`)).toHaveLength(5);
  expect(await told(`UID FETCH ${holes} (UID)`)).toEqual([]);
  expect(await told(`UID FETCH ${holes},*:4294967295 (UID)`)).toEqual(['* 5 FETCH (UID 5)']);
  expect(await told(`SEARCH UID ${descending} NOT UID ${holes.slice(0, 10_000)}0`)).toEqual(['* SEARCH 1 2 3 4 5']);
  expect(await told(`UID STORE ${descending} +FLAGS (x)`)).toHaveLength(6); // FLAGS, and each message
  expect((await mary.command(`UID COPY ${descending} Archive`)).tagged).toMatch(/^OK \[COPYUID \d+ 1:5 1:5\] /);
  expect((await mary.command(`FETCH ${descending} (UID)`)).tagged).toMatch(/^BAD /);
  expect(await told(`UID EXPUNGE ${holes}`)).toEqual([]);
  expect((await mary.command(`UID MOVE ${repeated} Trash`)).untagged).toHaveLength(6);
  expect((await mary.command('FETCH 1,,2 (UID)')).tagged).toMatch(/^BAD /);
  expect((await mary.command('UID FETCH 0 (UID)')).tagged).toMatch(/^BAD /);
  expect((await mary.command('UID FETCH 4294967296 (UID)')).tagged).toMatch(/^BAD /);
});

test('hardening 30: a message of a thousand messages and parts, one within another, is told and fetched to a depth', async () => {
  await using mary = await server.logIn();
  const nested = Array.from(
    { length: 1_000 },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\nContent-Type: message/rfc822\r\n\r\n`,
  ).join('');
  await mary.append('INBOX', `MIME-Version: 1.0\r\n${nested}Subject: innermost\r\n\r\n`);
  await mary.command('SELECT INBOX');
  const { untagged, tagged } = await mary.command('FETCH 1 (BODYSTRUCTURE ENVELOPE)');
  expect(tagged).toMatch(/^OK /);
  const list = readList(untagged.join('\r\n')); // the parentheses match
  expect(Array.isArray(list) && list.length).toBe(4);
  const part = Array(2_000).fill('1').join('.');
  for (const section of [part, `${part}.MIME`, `${part}.HEADER`, `${part}.TEXT`, '1.1.1.MIME']) {
    expect((await mary.command(`FETCH 1 BODY.PEEK[${section}]`)).tagged, section.slice(-9)).toMatch(/^(OK|NO|BAD) /);
  }
  expect((await mary.command('NOOP')).tagged).toMatch(/^OK /);
});

test('hardening 45: in no command a name of any form is a file, an error of ours, or a mailbox that was not there', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.command('SELECT INBOX');
  const before = (await mary.command('LIST "" *')).untagged;
  const levels = Array(10_000).fill('a').join('/');
  const names = [
    '../../etc/passwd',
    '/etc/passwd',
    'a//b',
    'INBOX/',
    '%2e%2e',
    '*',
    '%',
    '&',
    '&AAA-',
    '&2D3-',
    '&-&',
    '',
  ];
  const literal = (name: string) => `{${Buffer.byteLength(name)}+}\r\n${Buffer.from(name).toString('latin1')}`;
  for (const name of [...names, levels, 'x'.repeat(100_000), 'a\u0001b', '\u2028', 'Gru\u0308\u0308\u00dfe']) {
    for (const command of [
      'SELECT NAME',
      'EXAMINE NAME',
      'DELETE NAME',
      'RENAME NAME other',
      'STATUS NAME (MESSAGES)',
      'GETQUOTAROOT NAME',
      'UNSUBSCRIBE NAME',
      'COPY 1 NAME',
      'MOVE 1 NAME',
      'APPEND NAME {5}',
    ]) {
      const { tagged } = await mary.command(command.replace('NAME', () => literal(name)));
      expect(tagged, `${command} ${name.slice(0, 20)}`).toMatch(/^(NO|BAD|OK (Quota|Unsub|Not sub|Nothing)) ?/);
      expect(tagged, `${command} ${name.slice(0, 20)}`).not.toMatch(/SERVERBUG|UNAVAILABLE/);
      await mary.command('SELECT INBOX');
    }
  }
  expect((await mary.command('LIST "" *')).untagged).toEqual(before);
  mary.send(`z SELECT {1000000+}\r\n`);
  expect(await closedWith(mary)).toMatch(/^\* BYE \[TOOBIG\] .*\nz BAD \[TOOBIG\] /);
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
  expect(lines.at(-2)).toMatch(/^\* BYE \[CLIENTBUG\] /);
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

test('hardening 49: who gets the name of an account that was removed is shown nothing of it, by name, UID or id', async () => {
  const mary = await server.addAccount();
  const text = 'Subject: secret\r\n\r\nof the one before\r\n';
  let inbox = '';
  let email = '';
  let uidvalidity = 0;
  {
    await using before = await server.logIn(mary);
    for (const name of ['INBOX', 'Archive']) await before.append(name, text);
    const { untagged } = await before.command('SELECT INBOX');
    inbox = /MAILBOXID \((.*?)\)/.exec(untagged.join())?.[1] ?? '';
    uidvalidity = Number(/UIDVALIDITY (\d+)/.exec(untagged.join())?.[1]);
    email =
      /EMAILID \((.*?)\)/.exec((await before.command('FETCH 1 (EMAILID ENVELOPE BODY.PEEK[])')).untagged.join())?.[1] ??
      '';
    await before.command('SETMETADATA INBOX (/private/comment "hers")');
  }
  await server.postel.useDirectory((directory) => directory.removeAccount(mary.name));
  await server.postel.useDirectory((directory) => directory.addAccount(mary));
  await using after = await server.logIn(mary);
  const { next } = await after.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: * 0 EXISTS
    S: ...
    S: * OK [UIDVALIDITY {next}] ...
    S: ...
    S: a1 OK ...
    C: a2 STATUS Archive (MESSAGES MAILBOXID)
    S: * STATUS Archive (MESSAGES 0 MAILBOXID ({archive}))
    S: a2 OK ...
    C: a3 UID FETCH 1:* (ENVELOPE BODY.PEEK[])
    S: a3 OK ...
    C: a4 GETMETADATA INBOX /private/comment
    S: * METADATA INBOX (/private/comment NIL)
    S: a4 OK ...
    C: a5 SEARCH EMAILID ${email}
    S: * SEARCH
    S: a5 OK ...
  `;
  expect(Number(next)).toBeGreaterThan(uidvalidity);
  expect(after.history.join()).not.toContain(inbox);
  await after.append('INBOX', text);
  const { untagged } = await after.command('FETCH 1 (EMAILID)');
  expect(untagged.join()).toContain('EMAILID');
  expect(untagged.join()).not.toContain(email);
});
