import { once } from 'node:events';
import { constants, createDeflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib';
import { cpuSeconds } from '@postel/testkit';
import { expect, test } from 'vitest';
import type { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';
import { NESTED } from '../testing/sample-messages.ts';

const server = new MailServer();
const { Z_SYNC_FLUSH } = constants;

const MB = 1024 * 1024;

async function compress(client: ImapClient): Promise<void> {
  await client.dialogue`
    C: c COMPRESS DEFLATE
    S: c OK ...
  `;
  client.startCompression();
}

test('COMPRESS: all that follows the tagged OK is compressed, on both sides', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 COMPRESS LZW
    S: a1 BAD Unknown compression mechanism...
    C: a2 COMPRESS
    S: a2 BAD ...
    C: a3 COMPRESS DEFLATE now
    S: a3 BAD ...
    C: a4 compress deflate
    S: a4 OK ...
  `;
  mary.startCompression();
  await mary.append('INBOX', NESTED);
  await mary.append('INBOX', `Subject: large\r\n\r\n${'All work and no play. '.repeat(40_000)}`);
  await mary.dialogue`
    C: a5 SELECT INBOX
    S: ...
    S: a5 OK ...
    C: a6 FETCH 1:2 (UID RFC822.SIZE)
    S: * 1 FETCH (UID 1 RFC822.SIZE ${NESTED.length})
    S: * 2 FETCH (UID 2 RFC822.SIZE 880018)
    S: a6 OK ...
    C: a7 FETCH 2 BODY.PEEK[]<0.100000>
    S: * 2 FETCH (BODY[]<0> {100000}
    S: Subject: large
    S: 
    S: ...
    S: a7 OK ...
    C: a8 COMPRESS DEFLATE
    S: a8 BAD [COMPRESSIONACTIVE] ...
    C: a9 LOGOUT
    S: * BYE ...
    S: a9 OK ...
    S: (closed)
  `;
});

test('COMPRESS under TLS; not before login', async () => {
  const { name, password } = await server.addAccount();
  await using client = await server.connectTls();
  await client.dialogue`
    C: a1 COMPRESS DEFLATE
    S: a1 BAD Log in first...
    C: a2 LOGIN ${name} ${password}
    S: a2 OK ...
  `;
  await compress(client);
  await client.dialogue`
    C: a3 IDLE
    S: + idling
    C: DONE
    S: a3 OK ...
  `;
});

test('what is said without being asked for is compressed too: news in IDLE, BYE', async () => {
  await using imap = await server.startProcess();
  const account = await server.addAccount();
  await using mary = await server.logIn(account, imap.port);
  await using other = await server.logIn(account);
  await compress(mary);
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 IDLE
    S: + idling
  `;
  await other.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.dialogue`
    S: * 1 EXISTS
    S: * 1 RECENT
  `;
  const stopped = imap.stop();
  expect(await mary.line()).toMatch(/^\* BYE Postel is stopping/);
  await mary.closed();
  await stopped;
});

test('commands sent in the clear behind COMPRESS end the connection', async () => {
  await using mary = await server.logIn();
  mary.send('a1 COMPRESS DEFLATE\r\na2 NOOP\r\n');
  expect(await mary.closed()).toEqual([expect.stringMatching(/^a1 OK /)]);
});

test('what is no DEFLATE data ends the connection, and the client is told', async () => {
  for (const garbage of ['a2 NOOP\r\n', '\x03\x00a2 NOOP\r\n']) {
    await using mary = await server.logIn();
    await compress(mary);
    mary.socket.write(Buffer.from(garbage, 'latin1'));
    expect(await mary.line()).toMatch(/^\* BYE That is no DEFLATE data/);
    await mary.closed();
  }
});

test('a client that closes its side behind compressed commands hears all the answers', async () => {
  await using mary = await server.logIn();
  await compress(mary);
  const commands = Array.from({ length: 300 }, (_, i) =>
    deflateRawSync(`a${i} NOOP\r\n`, { finishFlush: Z_SYNC_FLUSH }),
  );
  mary.socket.write(Buffer.concat(commands));
  mary.halfClose();
  const lines = await mary.closed();
  expect(lines).toHaveLength(300);
  expect(lines.at(-1)).toMatch(/^a299 OK /);
});

test('messages that cannot be compressed, and those that can, arrive as they are', async () => {
  await using mary = await server.logIn();
  const random = deflateRawSync(Buffer.from(Array.from({ length: 100_000 }, () => String(Math.random())).join()));
  const encoded = random.toString('base64').replaceAll(/.{76}/g, '$&\r\n');
  const mixed = `${'Text, again and again.\r\n'.repeat(3_000)}${encoded}${'The end.\r\n'.repeat(3_000)}`;
  const messages = [encoded, mixed, random.toString('latin1').replaceAll(/[\0\r\n]/g, '')];
  await mary.command('SELECT INBOX');
  await compress(mary);
  for (const [i, body] of messages.entries()) {
    const message = `Subject: ${i}\r\n\r\n${body}`;
    await mary.append('INBOX', message);
    mary.send(`f${i} FETCH ${i + 1} BODY.PEEK[]\r\n`);
    let line = await mary.line();
    while (line?.startsWith(`* ${i + 1} FETCH (BODY`) === false) line = await mary.line();
    expect(line).toBe(`* ${i + 1} FETCH (BODY[] {${message.length}}`);
    expect((await mary.octets(message.length)).toString('latin1') === message).toBe(true);
    await mary.answer(`f${i}`);
  }
});

test('hardening 37: a bomb of 1,000:1 in a command is a command too long, and costs neither memory nor others their time', async () => {
  await using imap = await server.startProcess();
  const account = await server.addAccount();
  await using other = await server.logIn(account, imap.port);
  await using mary = await server.logIn(account, imap.port);
  await compress(mary);
  const before = imap.residentOctets;
  mary.socket.write(deflateRawSync(Buffer.alloc(256 * MB, 'a'), { level: 9, finishFlush: Z_SYNC_FLUSH }));
  expect(await mary.line()).toMatch(/^\* BYE \[TOOBIG\] The command is too long/);
  expect((await other.command('NOOP')).tagged).toMatch(/^OK /);
  await mary.closed();
  expect(imap.residentOctets - before).toBeLessThan(60 * MB);
});

test('hardening 37: a bomb in a message goes no further than a message may', { timeout: 60_000 }, async () => {
  await using imap = await server.startProcess({ messageOctets: 40 * MB });
  const account = await server.addAccount();
  await using other = await server.logIn(account, imap.port);
  await using mary = await server.logIn(account, imap.port);
  await compress(mary);
  const before = imap.residentOctets;
  const cpuBefore = cpuSeconds(imap.app.pid ?? 0);
  // What is announced is refused, and passed by, as far as that goes; others are answered all the time.
  const bomb = createDeflateRaw({ level: 9 });
  bomb.on('data', (chunk: Buffer) => mary.socket.write(chunk));
  bomb.write(`a1 APPEND INBOX {${100 * MB}+}\r\n`);
  for (let i = 0; i < 100; i++) bomb.write(Buffer.alloc(MB, 'a'));
  bomb.write('\r\n');
  bomb.flush(Z_SYNC_FLUSH);
  let slowest = 0;
  let isAnswered = false;
  const answer = mary.line().then((line) => {
    isAnswered = true;
    return line;
  });
  while (!isAnswered) {
    const start = performance.now();
    expect((await other.command('NOOP')).tagged).toMatch(/^OK /);
    slowest = Math.max(slowest, performance.now() - start);
  }
  expect(await answer).toMatch(/^a1 NO \[TOOBIG\]/);
  expect(slowest).toBeLessThan(1_000);
  expect(imap.residentOctets - before).toBeLessThan(100 * MB);
  expect(cpuSeconds(imap.app.pid ?? 0) - cpuBefore).toBeLessThan(20);
});

test('hardening 37: a client that takes no answers is not read from, whatever its commands inflate to', async () => {
  await using imap = await server.startProcess();
  const account = await server.addAccount();
  await using mary = await server.logIn(account, imap.port);
  for (let i = 0; i < 10; i++) await mary.append('INBOX', `Subject: ${i}\r\n\r\n${'x'.repeat(100_000)}`);
  await mary.command('SELECT INBOX');
  await compress(mary);
  mary.pause();
  await using other = await server.logIn(account, imap.port);
  const before = imap.residentOctets;
  const commands = 'a FETCH 1:* BODY.PEEK[]\r\n'.repeat(20_000);
  const octets = deflateRawSync(commands, { level: 9, finishFlush: Z_SYNC_FLUSH });
  for (let i = 0; i < 400; i++) mary.socket.write(octets);
  for (let i = 0; i < 100; i++) expect((await other.command('NOOP')).tagged).toMatch(/^OK /);
  expect(imap.residentOctets - before).toBeLessThan(100 * MB);
  mary.reset();
});

test('RFC 8437 §4.1: UNAUTHENTICATE ends the compression on both sides, and what follows may stand in the same packet', async () => {
  const account = await server.addAccount();
  const { name, password } = account;
  for (const finishFlush of [Z_SYNC_FLUSH, constants.Z_FINISH]) {
    await using mary = await server.logIn(account);
    await mary.dialogue`
      C: a1 COMPRESS DEFLATE
      S: a1 OK ...
    `;
    const received: Buffer[] = [];
    mary.socket.removeAllListeners('data');
    mary.socket.on('data', (chunk: Buffer) => received.push(chunk));
    const first = deflateRawSync('a2 NOOP\r\n', { finishFlush: Z_SYNC_FLUSH });
    const last = deflateRawSync('a3 UNAUTHENTICATE\r\n', { finishFlush });
    const clear = Buffer.from(`a4 LOGIN ${name} ${password}\r\na5 LOGOUT\r\n`);
    mary.socket.write(Buffer.concat([first, last, clear]));
    await once(mary.socket, 'end');
    const all = Buffer.concat(received);
    const { buffer, engine } = inflateRawSync(all, { info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    expect(buffer.toString('latin1')).toMatch(/^a2 OK .*\r\na3 OK .*\r\n$/);
    expect(all.toString('latin1', engine.bytesWritten)).toMatch(/^a4 OK .*\r\n\* BYE .*\r\na5 OK .*\r\n$/);
  }
});
