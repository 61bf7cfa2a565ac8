import { DEFAULT_MESSAGE_OCTETS } from '@postel/config';
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';
import type { SmtpClient } from '../testing/smtp-client.ts';

const HEADER = 'Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@client.example>\r\nSubject: test\r\n\r\n';

/** Sends a message to oneself; the data as it is, with its end. @returns the reply to it */
async function submit(client: SmtpClient, address: string, data: string): Promise<string> {
  client.send(`MAIL FROM:<${address}>\r\nRCPT TO:<${address}>\r\nDATA\r\n`);
  for (const code of ['250', '250', '354']) expect(await client.reply()).toEqual([expect.stringMatching(`^${code} `)]);
  client.send(data);
  return (await client.reply()).at(-1) ?? '';
}

test('a message is stored as it came, behind trace fields of ours', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.logIn(account);
  await client.dialogue`
    C: MAIL FROM:<${account.address}> SIZE=200 BODY=8BITMIME
    S: 250 2.1.0 OK
    C: RCPT TO:<${account.address}>
    S: 250 2.1.5 OK
    C: DATA
    S: 354 ...
    C: Date: Sun, 22 Nov 2026 12:00:00 +0000
    C: Message-ID: <1@client.example>
    C:
    C: ..a line with a dot
    C: 8 bits: ÄÖ
    C: .
    S: 250 2.0.0 Accepted as {id}
  `;
  const [message] = await server.messages(account);
  expect(message?.content.toString('latin1')).toBe(
    'Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@client.example>\r\n\r\n.a line with a dot\r\n8 bits: ÄÖ\r\n',
  );
  expect(message?.prefix.split('\r\n')).toEqual([
    `Return-Path: <${account.address}>`,
    'Received: from localhost by localhost (Postel)',
    expect.stringMatching(/^\twith ESMTPA id [0-9a-f]{10}-1$/),
    expect.stringMatching(new RegExp(`^\tfor <${account.address}>; \\w{3}, \\d+ \\w{3} \\d{4} [\\d:]{8} [+-]\\d{4}$`)),
    `From: <${account.address}>`,
    '',
  ]);
});

test('over TLS the trace tells its version and cipher; Date, Message-ID and From are added where they are missing', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.connectTls();
  const { plainResponse } = await import('../testing/mail-server.ts');
  await client.command('EHLO client.example');
  await client.command(`AUTH PLAIN ${plainResponse(account)}`);
  expect(await submit(client, account.address, 'Subject: no date\r\n\r\nDate: not this\r\n.\r\n')).toMatch(
    /^250 2\.0\.0 /,
  );
  const [message] = await server.messages(account);
  expect(message?.content.toString()).toBe('Subject: no date\r\n\r\nDate: not this\r\n');
  expect(message?.prefix).toMatch(/\twith ESMTPSA \(TLSv1\.3 TLS_AES_\w+\) id /);
  expect(message?.prefix).toMatch(/\r\nMessage-ID: <[0-9a-f-]{36}@localhost>\r\nDate: \w{3}, [^\r\n]+\r\nFrom: /);
  expect(message?.prefix).not.toContain('127.0.0.1');
  expect(message?.prefix).not.toContain('client.example');
});

test('the null reverse-path', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.logIn(account);
  await client.dialogue`
    C: MAIL FROM:<>
    C: RCPT TO:<${account.address}>
    C: DATA
    S: 250 ...
    S: 250 ...
    S: 354 ...
    C: From: ${account.address}
    C: .
    S: 250 2.0.0 ...
  `;
  const [message] = await server.messages(account);
  expect(message?.prefix).toMatch(/^Return-Path: <>\r\n/);
  expect(message?.content.toString()).toBe(`From: ${account.address}\r\n`);
});

test('the next transaction may stand in the packet with the final dot', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.logIn(account);
  const envelope = `MAIL FROM:<${account.address}>\r\nRCPT TO:<${account.address}>\r\nDATA\r\n`;
  client.send(envelope);
  for (let i = 0; i < 3; i++) await client.reply();
  for (let i = 0; i < 20; i++) {
    client.send(`${HEADER}message ${i}\r\n.\r\n${envelope}`);
    for (const code of ['250', '250', '250', '354']) {
      expect(await client.reply()).toEqual([expect.stringMatching(`^${code} `)]);
    }
  }
  client.send('last\r\n.\r\nQUIT\r\n');
  expect(await client.closed()).toEqual([expect.stringMatching(/^250 /), '221 2.0.0 Goodbye']);
  const messages = await server.messages(account);
  expect(messages.map(({ content }) => content.toString().slice(HEADER.length))).toEqual([
    ...Array.from({ length: 20 }, (_, i) => `message ${i}\r\n`),
    '',
  ]);
});

test('hardening 8: a bare CR or LF anywhere refuses the message', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.logIn(account);
  for (const text of ['a\nb\r\n', 'a\rb\r\n', '\0\r\n', 'a\r\r\n']) {
    expect(await submit(client, account.address, `${HEADER}${text}.\r\n`), JSON.stringify(text)).toMatch(
      /^550 5\.6\.11 /,
    );
  }
  expect(await submit(client, account.address, `${HEADER}good\r\n.\r\n`)).toMatch(/^250 /);
  expect(await server.messages(account)).toHaveLength(1);
});

test('a message with 1 MB of lines of dots comes through, cut in many places', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.logIn(account);
  const body = '.\r\n..\r\n.a\r\n'.repeat(100_000);
  const data = Buffer.from(`${HEADER}${body.replace(/^\./gm, '..')}.\r\n`, 'latin1');
  client.send(`MAIL FROM:<${account.address}>\r\nRCPT TO:<${account.address}>\r\nDATA\r\n`);
  for (let i = 0; i < 3; i++) await client.reply();
  await client.sendAll(
    Array.from({ length: Math.ceil(data.length / 1_009) }, (_, i) => data.subarray(i * 1_009, (i + 1) * 1_009)),
  );
  expect(await client.reply()).toEqual([expect.stringMatching(/^250 /)]);
  const [message] = await server.messages(account);
  expect(message?.content.equals(Buffer.from(HEADER + body))).toBe(true);
});

test('a message over the limit is read to its end and refused', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.logIn(account);
  client.send(`MAIL FROM:<${account.address}>\r\nRCPT TO:<${account.address}>\r\nDATA\r\n`);
  for (let i = 0; i < 3; i++) await client.reply();
  client.send(HEADER);
  const chunk = Buffer.from(`${'x'.repeat(1_022)}\r\n`.repeat(1_024));
  await client.sendAll(Array.from({ length: DEFAULT_MESSAGE_OCTETS / chunk.length + 1 }, () => chunk));
  client.send('.\r\n');
  expect(await client.reply()).toEqual([expect.stringMatching(/^552 5\.3\.4 /)]);
  expect(await client.command('NOOP')).toBe('250 2.0.0 OK');
  expect(await server.messages(account)).toEqual([]);
}, 60_000);

test('a client that goes in the middle of the data has sent nothing', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  for (const leave of ['reset', 'halfClose'] as const) {
    await using client = await server.logIn(account);
    client.send(`MAIL FROM:<${account.address}>\r\nRCPT TO:<${account.address}>\r\nDATA\r\n`);
    for (let i = 0; i < 3; i++) await client.reply();
    client.send(`${HEADER}half of it\r\n.`);
    client[leave]();
    await client.closed();
  }
  expect(await server.messages(account)).toEqual([]);
});
