/** Bad input that every listener has to survive, where files of one command or one listener have not shown it for all. */
import { gzipSync } from 'node:zlib';
import type { SmtpListenerKind } from '@postel/config';
import { sharedPostel } from '@postel/testkit';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { COMMAND_LINE_MS, DATA_MS, NOTIFIED_HEADER_OCTETS } from './limits.ts';
import { type OwnServer, startOwnServer } from './testing/own-server.ts';
import { SmtpClient } from './testing/smtp-client.ts';

const greetings = { mx: 'EHLO', submission: 'EHLO', lmtp: 'LHLO' } as const satisfies Record<SmtpListenerKind, string>;
const MB = 1024 * 1024;

describe.each(['mx', 'submission', 'lmtp'] as const)('%s', (kind) => {
  let own: OwnServer;
  beforeAll(async () => {
    own = await startOwnServer({}, { kind });
  });
  afterAll(() => own[Symbol.asyncDispose]());

  /** Greeted, and nothing said yet. */
  async function connect(): Promise<SmtpClient> {
    const client = await SmtpClient.connect(own.port);
    await client.reply();
    return client;
  }

  /** Ready for MAIL. */
  const ready = () => (kind === 'submission' ? own.logIn() : own.connect());

  test.each([
    ['a command', ''],
    ['a recipient', 'RCPT TO:<'],
  ])('hardening 1: %s of 64 MiB is cut at the limit, and others go on', async (_, start) => {
    await using client = await ready();
    const connection = [...own.server.connections].at(-1);
    const chunk = Buffer.alloc(16_384, 'x');
    client.send(start);
    let sent = 0;
    const sending = client.sendAll(
      (function* () {
        for (; sent < 64 * MB; sent += chunk.length) yield chunk;
      })(),
    );
    expect((await client.reply()).at(-1)).toMatch(/^500 5\.5\.2 Line too long/);
    expect(connection?.hasOctets).toBe(false); // what it read of it, it holds no more
    client.socket.destroy();
    await sending;
    expect(sent).toBeLessThan(32 * MB);
    await using other = await ready();
    expect(await other.command('NOOP')).toBe('250 2.0.0 OK');
  });

  test('hardening 6: STARTTLS with a parameter, twice, and within a mail transaction', async () => {
    await using client = await ready();
    expect(await client.command('STARTTLS now')).toMatch(/^501 5\.5\.4 /);
    expect(await client.command('MAIL FROM:<mary@localhost>')).toMatch(/^250 /);
    expect(await client.command('STARTTLS')).toMatch(/^220 /);
    await client.startTls({ ca: sharedPostel().ca });
    expect(await client.command('RCPT TO:<mary@localhost>')).toMatch(/^503 5\.5\.1 Say [EL]HLO first/);
    expect(await client.command(`${greetings[kind]} x`)).toMatch(/^250 /);
    expect(await client.command('STARTTLS')).toMatch(/^503 5\.5\.1 /);
    expect(await client.command('RCPT TO:<mary@localhost>')).toMatch(/^(?:503 5\.5\.1|530 5\.7\.0) /);
  });

  test('hardening 9: chunks where none belong are passed over, and the next command is heard', async () => {
    await using client = await ready();
    const commands = 'MAIL FROM:<mary@localhost>\r\nQUIT\r\n';
    const misplaced = async (last: string) => {
      client.send(`BDAT ${commands.length}${last}\r\n${commands}BDAT 0 LAST\r\nNOOP\r\n`);
      for (const reply of [/^50[13] 5\.5\.1|^554 5\.5\.1/, /^503 5\.5\.1 /, /^250 2\.0\.0 OK$/]) {
        expect(await client.reply()).toEqual([expect.stringMatching(reply)]);
      }
    };
    await misplaced('');
    await misplaced(' LAST');
    await client.command('MAIL FROM:<mary@localhost>');
    await misplaced(' LAST'); // no recipient
    await client.command('RSET');
    await client.command('MAIL FROM:<mary@localhost>');
    await client.command('RCPT TO:<mary@localhost>');
    expect(await client.command('DATA')).toMatch(/^354 /);
    // Within data it is text, and behind it nothing is left to be continued.
    client.send('From: mary@localhost\r\n\r\nBDAT 100 LAST\r\n.\r\nBDAT 4 LAST\r\nNOOP\r\nNOOP\r\n');
    for (const reply of [/^250 2\.0\.0 Accepted/, /^503 5\.5\.1 /, /^500 5\.5\.1 /, /^250 2\.0\.0 OK$/]) {
      expect(await client.reply()).toEqual([expect.stringMatching(reply)]);
    }
  });

  test('hardening 10: who sends a message without waiting for 354 is not heard', async () => {
    const before = (await own.messages()).length;
    await using client = await ready();
    client.send(
      'MAIL FROM:<mary@localhost>\r\nRCPT TO:<mary@localhost>\r\nDATA\r\nFrom: mary@localhost\r\n\r\n.\r\nQUIT\r\n',
    );
    expect((await client.closed()).at(-1)).toMatch(/^554 5\.5\.1 Wait for the reply to DATA/);
    expect(await own.messages()).toHaveLength(before);
  });

  test.each([
    'PROXY TCP4 192.0.2.1 192.0.2.2 56324 25',
    `PROXY TCP6 ${'f'.repeat(1_500)}`,
    'PROXY',
    '\r\n\0\r\nQUIT',
    'XCLIENT ADDR=192.0.2.1',
    'XFORWARD ADDR=192.0.2.1',
  ])('hardening 13: %j says nothing of where a client is', async (line) => {
    await using client = await connect();
    client.send(`${line}\r\n`);
    expect((await client.reply()).at(-1)).toMatch(/^5(?:0[01] 5\.5\.[12]|54 5\.5\.1) /);
    for (const { remoteAddress } of own.server.connections) expect(remoteAddress).toBe('127.0.0.1');
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    'hardening 32: %s is no command, no parameter, and nobody`s name',
    async (name) => {
      await using client = await ready();
      expect(await client.command(name)).toMatch(/^500 5\.5\.1 /);
      expect(await client.command(`MAIL FROM:<mary@localhost> ${name}=1`)).toMatch(/^5(?:01|55) 5\.5\.4 /);
      expect(await client.command('MAIL FROM:<mary@localhost>')).toMatch(/^250 /);
      expect(await client.command(`RCPT TO:<${name}@localhost>`)).toMatch(/^550 5\.1\.1 /);
      expect(await client.command(`RCPT TO:<mary@${name.replaceAll('_', 'x')}>`)).toMatch(/^550 5\.7\.1 /);
    },
  );

  test.each([
    ['"boss@bank.example x"@localhost', /^550 5\.1\.1 /],
    ['"mary@localhost"@bank.example', /^550 5\.7\.1 /],
    ['"mary\\"@localhost"@bank.example', /^550 5\.7\.1 /],
    ['mary@localhost@bank.example', /^501 5\.1\.3 /],
    ['mary@bank.example@localhost', /^501 5\.1\.3 /],
    ['"mary"@localhost', /^250 2\.1\.5 /],
    ['"m\\ary"@localhost', /^250 2\.1\.5 /],
    ['mary%bank.example@localhost', /^550 5\.1\.1 /],
    ['bank.example!mary@localhost', /^550 5\.1\.1 /],
    ['@bank.example:mary@localhost', /^250 2\.1\.5 /],
    ['@localhost:mary@bank.example', /^550 5\.7\.1 /],
    ['mary@localhost\\', /^501 5\.1\.3 /],
    ['"mary@localhost', /^501 5\.1\.3 /],
    ['mary@[127.0.0.1', /^501 5\.1\.3 /],
    ['mary(@localhost', /^501 5\.1\.3 /],
  ])('hardening 36: %s goes where RFC 5321 says, or nowhere', async (path, reply) => {
    await using client = await ready();
    await client.command('MAIL FROM:<mary@localhost>');
    expect(await client.command(`RCPT TO:<${path}>`)).toMatch(reply);
  });
});

test.each(['mx', 'lmtp'] as const)('hardening 16: HTTP spoken to %s ends at its first line', async (kind) => {
  await using own = await startOwnServer({}, { kind });
  await using client = await SmtpClient.connect(own.port);
  await client.reply();
  client.send('POST / HTTP/1.1\r\n');
  expect(await client.closed()).toEqual([expect.stringMatching(/^554 5\.5\.1 This is SMTP/)]);
});

test('hardening 11: a hundred who trickle, in every state, keep nobody waiting, and all go in their time', async () => {
  const clock = { nowMs: 0 };
  await using own = await startOwnServer({ now: () => clock.nowMs }, { kind: 'mx' });
  const begin = ['EHLO x\r\n', 'MAIL FROM:<>\r\nRCPT TO:<mary@localhost>\r\n'];
  const states: readonly (readonly string[])[] = [
    ['N'],
    [...begin.slice(0, 1), 'MAIL FROM:<'],
    [...begin, 'RCPT'],
    [...begin, 'DATA\r\n', 'Subject: s'],
    [...begin, 'BDAT 100 LAST\r\nx'],
  ];
  const clients = await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const client = await SmtpClient.connect(own.port);
      await client.reply();
      for (const text of states[i % states.length] ?? []) {
        client.send(text);
        const lines = text.split('\r\n').length - (text.startsWith('BDAT') ? 2 : 1);
        for (let line = 0; line < lines; line++) await client.reply();
      }
      return client;
    }),
  );
  await using mary = await own.connect();
  for (const command of ['MAIL FROM:<>', 'RCPT TO:<mary@localhost>', 'DATA']) await mary.command(command);
  expect(await mary.command('Subject: in time\r\n.')).toMatch(/^250 /);
  await mary.command('QUIT');
  await vi.waitFor(() => expect(own.server.connections.size).toBe(clients.length));
  // Until the first octet behind it has come, a moment is not late.
  clock.nowMs += Math.max(COMMAND_LINE_MS, DATA_MS + 1_000) + 1;
  for (const client of clients) client.send('x');
  for (const client of clients) expect((await client.closed()).at(-1)).toMatch(/^421 4\.4\.2 Too slow/);
  expect(await own.messages()).toHaveLength(1);
});

test('hardening 37: nothing that is packed within a message is unpacked', async () => {
  await using own = await startOwnServer({}, { kind: 'lmtp' });
  await using client = await own.connect();
  const bomb = gzipSync(Buffer.alloc(64 * MB, 'x'))
    .toString('base64')
    .replace(/.{76}/g, '$&\r\n');
  const header = 'Content-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n';
  for (const command of ['MAIL FROM:<>', 'RCPT TO:<mary@localhost>', 'DATA']) await client.command(command);
  const before = process.memoryUsage().arrayBuffers;
  expect(await client.command(`${header}${bomb}\r\n.`)).toMatch(/^250 /);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * MB);
  const [stored] = await own.messages();
  expect(stored?.content.length).toBe(header.length + bomb.length + 2);
});

test('hardening 58: a message that is refused at its end tells nobody but who sends it', async () => {
  await using own = await startOwnServer({}, { kind: 'mx' });
  await own.directory.addAccount({ name: 'john', address: 'john@localhost', password: null });
  await using client = await own.connect();
  for (const message of ['a\nb', `${'Received: x\r\n'.repeat(101)}\r\n`]) {
    // The sender is forged, and is somebody here.
    for (const command of ['MAIL FROM:<john@localhost>', 'RCPT TO:<mary@localhost>', 'DATA'])
      await client.command(command);
    expect(await client.command(`${message}\r\n.`)).toMatch(/^55[04] /);
  }
  expect(await own.sql`select count(*)::int as messages from messages`).toEqual([{ messages: 0 }]);
});

test('hardening 59: of a long header section a DSN has the beginning, and of many recipients it is one', async () => {
  await using own = await startOwnServer();
  await using client = await own.logIn();
  const recipients = 200;
  client.send('MAIL FROM:<mary@localhost> RET=HDRS\r\n');
  client.send('RCPT TO:<mary@localhost> NOTIFY=SUCCESS\r\n'.repeat(recipients));
  for (let i = 0; i <= recipients; i++) expect((await client.reply()).at(-1)).toMatch(/^250 /);
  expect(await client.command('DATA')).toMatch(/^354 /);
  const fill = `X: ${'x'.repeat(900)}\r\n`.repeat(200);
  expect(fill.length).toBeGreaterThan(2 * NOTIFIED_HEADER_OCTETS);
  expect(await client.command(`From: mary@localhost\r\n${fill}\r\ntext\r\n.`)).toMatch(/^250 /);
  const [, notification, ...others] = await own.messages();
  expect(others).toEqual([]);
  expect(notification?.content.length).toBeGreaterThan(NOTIFIED_HEADER_OCTETS);
  expect(notification?.content.length).toBeLessThan(NOTIFIED_HEADER_OCTETS + 200 * recipients);
});
