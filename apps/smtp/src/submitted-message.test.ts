import { afterAll, beforeAll, expect, test } from 'vitest';
import { AUTHORS, SUBMITTED_HEADER_OCTETS } from './limits.ts';
import { readSubmittedHeader } from './submitted-header.ts';
import { type OwnServer, startOwnServer } from './testing/own-server.ts';
import type { SmtpClient } from './testing/smtp-client.ts';

let server: OwnServer;
beforeAll(async () => {
  server = await startOwnServer();
  const { directory } = server;
  await directory.addAddress('mary', 'info@localhost');
  await directory.addAddress('mary', '"mary jones"@localhost');
  await directory.addAccount({ name: 'john', address: 'john@localhost', password: null });
  await directory.aliases.add('sales@localhost', ['mary@localhost']);
  await directory.aliases.change('sales@localhost', { maySendAs: true });
});
afterAll(() => server[Symbol.asyncDispose]());

const DATE = 'Date: Mon, 23 Nov 2026 06:00:00 +0000\r\nMessage-ID: <1@localhost>\r\n';

/** Sends to mary. @returns the last reply */
async function submit(client: SmtpClient, message: string, reversePath = 'mary@localhost'): Promise<string> {
  await client.command(`MAIL FROM:<${reversePath}>`);
  await client.command('RCPT TO:<mary@localhost>');
  await client.command('DATA');
  return await client.command(`${message}${message.endsWith('\r\n') ? '' : '\r\n'}.`);
}

/** What is added before a message, but for the trace fields, and what is left of it. */
async function sent(message: string, reversePath?: string) {
  await using client = await server.logIn();
  expect(await submit(client, message, reversePath)).toMatch(/^250 /);
  const stored = (await server.messages()).at(-1);
  const prefix = stored?.prefix ?? '';
  return {
    added: prefix.slice(prefix.indexOf('Received:')).replace(/^Received:.*\r\n(?:[ \t].*\r\n)*/, ''),
    content: stored?.content.toString() ?? '',
  };
}

test.each([
  ['the address that MAIL names', 'mary@localhost'],
  ['another one of the account', 'Information <info@LOCALHOST>'],
  ['one with a detail', 'mary+shop@localhost'],
  ['a quoted one', 'Mary <"Mary Jones"@localhost>'],
  ['an alias that its members may send as', 'sales@localhost'],
])('From may be %s', async (_, from) => {
  const message = `${DATE}From: ${from}\r\n\r\ntext\r\n`;
  expect(await sent(message)).toEqual({ added: '', content: message });
});

test.each([
  ['an address of another account', 'From: john@localhost', '550 5.7.1'],
  ['an address elsewhere', 'From: boss@bank.example', '550 5.7.1'],
  ["one of several that is not the account's", 'From: mary@localhost, boss@bank.example', '550 5.7.1'],
  ['one in a group', 'From: Us: mary@localhost, john@localhost;', '550 5.7.1'],
  ['one behind a name that looks like an address', 'From: "mary@localhost" <boss@bank.example>', '550 5.7.1'],
  ['hardening 36: one whose local part looks like another', 'From: "mary@localhost x"@bank.example', '550 5.7.1'],
  ['one in a folded field', 'From: mary@localhost,\r\n boss@bank.example', '550 5.7.1'],
  ['one with space before the colon', 'From : boss@bank.example', '550 5.7.1'],
  ['hardening 63: a second From', 'From: mary@localhost\r\nFROM: boss@bank.example', '550 5.6.0'],
  ['too many', `From: ${'mary@localhost, '.repeat(AUTHORS + 1)}`, '550 5.6.0'],
  ['one behind many groups of nobody', `From: ${'x:;, '.repeat(AUTHORS)}boss@bank.example`, '550 5.6.0'],
  ['one behind many names', `From: ${'x, '.repeat(AUTHORS + 1)}boss@bank.example`, '550 5.6.0'],
  ['one that is none and looks like one', 'From: boss@@bank.example', '550 5.6.0'],
  ['one whose brackets are in the wrong place', 'From: <boss>@bank.example, mary@localhost', '550 5.6.0'],
  ['one behind an address of the account', 'From: mary@localhost boss@bank.example', '550 5.6.0'],
  ['one behind a quote that does not end', 'From: "Boss <boss@bank.example>', '550 5.6.0'],
  ['one in a comment that does not end', 'From: (Boss <boss@bank.example>', '550 5.6.0'],
])('From may not be %s', async (_, field, reply) => {
  await using client = await server.logIn();
  expect(await submit(client, `${DATE}${field}\r\n\r\ntext`)).toMatch(new RegExp(`^${reply} `));
  expect(await client.command('NOOP')).toMatch(/^250 /);
});

test('what a message lacks is added: Message-ID, Date, From', async () => {
  const { added, content } = await sent('Subject: x\r\n\r\ntext\r\n');
  expect(added).toMatch(/^Message-ID: <.+@localhost>\r\nDate: .+\r\nFrom: <mary@localhost>\r\n$/);
  expect(content).toBe('Subject: x\r\n\r\ntext\r\n');
});

test('the null reverse-path names nobody, so From must', async () => {
  await using client = await server.logIn();
  expect(await submit(client, 'Subject: x\r\n\r\ntext', '')).toMatch(/^550 5\.6\.0 /);
  expect(await submit(client, 'From: john@localhost\r\n\r\ntext', '')).toMatch(/^550 5\.7\.1 /);
  expect(await submit(client, 'From: mary@localhost\r\n\r\ntext', '')).toMatch(/^250 /);
});

test("Sender says who sends what several wrote; one that is not the account's goes", async () => {
  const several = `${DATE}From: mary@localhost, info@localhost\r\n`;
  const added = 'Sender: <mary@localhost>\r\n';
  expect(await sent(`${several}\r\n`)).toEqual({ added, content: `${several}\r\n` });
  expect(await sent(`${several}Sender: boss@bank.example\r\n\r\n`)).toEqual({ added, content: `${several}\r\n` });
  const own = `Sender: info@localhost\r\n${several}\r\n`;
  expect(await sent(own)).toEqual({ added: '', content: own });
  const twice = `Sender: info@localhost\r\nSender: mary@localhost\r\n${several}\r\n`;
  expect(await sent(twice)).toEqual({ added, content: `${several}\r\n` });
  const one = `${DATE}From: info@localhost\r\n`;
  expect(await sent(`${one}Sender: john@localhost\r\n\r\n`)).toEqual({ added: '', content: `${one}\r\n` });
  // A name without a domain is nobody's address, as cron writes it.
  const root = `${DATE}From: root (Cron Daemon)\r\n\r\n`;
  expect(await sent(root)).toEqual({ added, content: root });
});

test('Bcc is not for others to see, and fields that the server sets appear once', async () => {
  const kept = `${DATE}From: mary@localhost\r\nTo: john@localhost\r\nDisposition-Notification-To: mary@localhost\r\nDisposition-Notification-Options: signed-receipt-protocol=optional,pkcs7-signature\r\n`;
  const { added, content } = await sent(
    `Return-Path: <boss@bank.example>\r\n${kept}Bcc: secret@localhost,\r\n\tmore@localhost\r\nRESENT-BCC: x@localhost\r\nDate: another\r\nmessage-id: <2@localhost>\r\nbcc:\r\nX-Last: y\r\n\r\nBcc: in the body\r\n`,
  );
  expect({ added, content }).toEqual({ added: '', content: `${kept}X-Last: y\r\n\r\nBcc: in the body\r\n` });
});

test('results of checks by our name are not for who submits a message to write (RFC 8601 §5)', async () => {
  const others = 'Authentication-Results: mx.other.example; dkim=pass\r\n';
  const forged =
    'Authentication-Results: LOCALHOST;\r\n dmarc=pass header.from=bank.example\r\nAuthentication-Results: (x) "localhost" 1; spf=pass\r\n';
  const { content } = await sent(
    `${DATE}${forged}${others}From: mary@localhost\r\n\r\nAuthentication-Results: localhost; x\r\n`,
  );
  expect(content).toBe(`${DATE}${others}From: mary@localhost\r\n\r\nAuthentication-Results: localhost; x\r\n`);
  expect((await sent(`${forged}${DATE}From: mary@localhost`)).content).toBe(`${DATE}From: mary@localhost\r\n`);
});

test('a message without a header section, one without a body, and one octet a packet', async () => {
  expect((await sent('\r\nBcc: text')).content).toBe('\r\nBcc: text\r\n');
  expect((await sent(`${DATE}From: mary@localhost\r\nBcc: x@localhost`)).content).toBe(
    `${DATE}From: mary@localhost\r\n`,
  );
  await using client = await server.logIn();
  await client.command('MAIL FROM:<mary@localhost>');
  await client.command('RCPT TO:<mary@localhost>');
  await client.command('DATA');
  for (const octet of `${DATE}From: mary@localhost\r\nBcc: x@localhost\r\n\r\ntext\r\n.\r\n`) client.send(octet);
  expect(await client.reply()).toEqual([expect.stringMatching(/^250 /)]);
  expect((await server.messages()).at(-1)?.content.toString()).toBe(`${DATE}From: mary@localhost\r\n\r\ntext\r\n`);
});

test('hardening 29: a header section is held up to its limit', async () => {
  await using client = await server.logIn();
  const fill = (octets: number) => `X: ${'x'.repeat(990)}\r\n`.repeat(Math.ceil(octets / 995));
  expect(await submit(client, `${fill(SUBMITTED_HEADER_OCTETS)}\r\ntext`)).toMatch(/^552 5\.3\.4 .*header section/);
  expect(await submit(client, `${fill(SUBMITTED_HEADER_OCTETS - 2_000)}\r\ntext`)).toMatch(/^250 /);
});

test.each([
  ['', [], []],
  ['\r\nDate: y\r\n', [], []],
  ['Date: x\r\n\r\n', ['Date: x\r\n', '\r\n'], ['date']],
  ['DATE : x\r\nmessage-id:y\r\n', ['DATE : x\r\n', 'message-id:y\r\n'], ['date', 'message-id']],
  ['Subject: x\r\n date: folded\r\n', ['Subject: x\r\n date: folded\r\n'], []],
  ['X-Date: x\r\n', ['X-Date: x\r\n'], []],
])('hardening 32: the header section %j', (text, kept, has) => {
  const header = readSubmittedHeader(Buffer.from(text));
  expect(
    header.kept
      .map(String)
      .filter((piece) => piece !== '')
      .slice(0, kept.length),
  ).toEqual(kept);
  expect([header.hasDate ? 'date' : '', header.hasMessageId ? 'message-id' : ''].filter(Boolean)).toEqual(has);
});

test('Received tells where a client is only where that is asked for', async () => {
  await using open = await startOwnServer({ showsClientAddress: true });
  for (const own of [server, open]) {
    await using client = await own.logIn();
    expect(await submit(client, `${DATE}From: mary@localhost\r\n\r\ntext`)).toMatch(/^250 /);
  }
  const [hidden, shown] = [(await server.messages()).at(-1)?.prefix, (await open.messages()).at(-1)?.prefix];
  expect(hidden).not.toMatch(/client\.example|127\.0\.0\.1/);
  expect(shown).toContain('\r\nReceived: from client.example ([127.0.0.1])\r\n');
});
