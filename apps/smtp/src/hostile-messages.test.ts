/**
 * Hostile messages on the whole way: by LMTP, in chunks, into the database, and read over IMAP. What parsers make of each stands
 * in packages/mime; here they are taken, kept octet by octet, and told of, and the server is as before.
 */
import { ImapClient } from '@postel/testkit';
import { expect, test } from 'vitest';
import { TEXT_LINE_OCTETS } from './limits.ts';
import { MailServer } from './testing/mail-server.ts';
import { startOwnServer } from './testing/own-server.ts';
import type { SmtpClient } from './testing/smtp-client.ts';

const server = new MailServer();

async function deliver(client: SmtpClient, address: string, message: Buffer): Promise<string> {
  client.send(`MAIL FROM:<>\r\nRCPT TO:<${address}>\r\nBDAT ${message.length} LAST\r\n`);
  for (let i = 0; i < 2; i++) expect(await client.reply()).toEqual([expect.stringMatching(/^250 /)]);
  await client.sendAll([message]);
  return (await client.reply()).at(-1) ?? '';
}

const nested = (depth: number) =>
  Array.from({ length: depth }, (_, i) => `Content-Type: multipart/mixed; boundary="b${i}"\r\n\r\n--b${i}\r\n`).join(
    '',
  );

const messages: readonly (readonly [name: string, message: string])[] = [
  ['hardening 28: 100,000 To fields', 'To: a@b.example\r\n'.repeat(100_000)],
  [
    'hardening 28: 100,000 addresses in a folded field',
    `To: ${'a@b.example,\r\n '.repeat(100_000)}c@d.example\r\n\r\n`,
  ],
  ['hardening 28: 50,000 groups in groups', `To: ${'g:\r\n '.repeat(50_000)}\r\n\r\n`],
  [
    'hardening 29: a header of 10 MB, folded 10,000 times',
    `X: ${`${'y'.repeat(998)}\r\n `.repeat(10_000)}\r\n\r\ntext`,
  ],
  ['hardening 29: no colon', 'no colon here\r\n'.repeat(10_000)],
  ['hardening 29: no blank line', 'Subject: x'],
  ['hardening 29: an empty message', ''],
  ['hardening 29: only ends of lines', '\r\n'.repeat(10_000)],
  ['hardening 30: 10,000 multiparts in each other', nested(10_000)],
  ['hardening 30: 10,000 messages in each other', 'Content-Type: message/rfc822\r\n\r\n'.repeat(10_000)],
  [
    'hardening 30: 100,000 empty parts',
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n'.repeat(100_000)}--b--\r\n`,
  ],
  [
    'hardening 30: a boundary that begins with that of its parent',
    [
      'Content-Type: multipart/mixed; boundary=b\r\n',
      '--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n',
      '--bb\r\n\r\ninner\r\n--bb--\r\n--b\r\n\r\nouter\r\n--b--\r\n',
    ].join('\r\n'),
  ],
  [
    'hardening 31: 100,000 parameters in pieces, with gaps and huge numbers',
    `Content-Type: text/plain${Array.from({ length: 100_000 }, (_, i) => `;\r\n a*${i * 7}*=%41`).join('')};\r\n a*999999999*=x\r\n\r\n`,
  ],
  [
    'hardening 32: names of Object.prototype',
    '__proto__: 1\r\nconstructor: 2\r\nContent-Type: text/plain; __proto__=a; toString=b; hasOwnProperty=c\r\n\r\ntext',
  ],
  [
    'hardening 33: 50,000 fields whose names are numbers',
    `${Array.from({ length: 50_000 }, (_, i) => `${i}: x\r\n`).join('')}\r\n`,
  ],
  [
    'hardening 34: what makes expressions explode',
    `Subject: ${'=?a?q?'.repeat(9_000)}\r\nTo: ${'<'.repeat(9_000)}\r\nDate: ${'('.repeat(9_000)}\r\n\r\n${'a@'.repeat(9_000)}`,
  ],
  [
    'hardening 35: charsets that are none, and text cut in the middle',
    'Subject: =?x-no-such?B?/////w==?= =?utf-8?Q?=C3?=\r\nContent-Type: text/plain; charset=x-no-such\r\nContent-Transfer-Encoding: base64\r\n\r\n////A===*\r\n\xc3\r\n',
  ],
  ['hardening 35: an encoded word of 60 kB', `Subject: =?utf-8?Q?${'=41'.repeat(20_000)}?=\r\n\r\n`],
  [
    'hardening 36: comments and quotes without end',
    'From: (a\\\r\nTo: "a@evil.example x"@local.example, "\r\nCc: <a@[\r\nReply-To: a (((\\\r\n\r\n',
  ],
  ['hardening 44: dates of no calendar', 'Date: Fri, 31 Feb 99999 25:61:61 +9999\r\n\r\n'],
];

test.for(messages)('%s', { timeout: 60_000 }, async ([, message]) => {
  const account = await server.addAccount();
  await using client = await server.connectLmtp();
  await client.command('LHLO mx.elsewhere.example');
  const octets = Buffer.from(message, 'latin1');
  expect(await deliver(client, account.address, octets)).toMatch(/^250 2\.0\.0 Accepted /);
  expect(await client.command('NOOP')).toBe('250 2.0.0 OK');

  await using reader = await ImapClient.connect(server.postel.ports.imap);
  await reader.line();
  await reader.command(`LOGIN ${account.name} ${account.password}`);
  await reader.command('SELECT INBOX');
  for (const items of [
    'ENVELOPE',
    'BODYSTRUCTURE',
    'PREVIEW',
    'BODY.PEEK[HEADER.FIELDS (Subject)]',
    'BODY.PEEK[1.1]',
  ]) {
    expect((await reader.command(`FETCH 1 ${items}`)).tagged, items).toMatch(/^OK /);
  }
  expect((await reader.command('SEARCH TEXT nothing-of-the-kind')).tagged).toMatch(/^OK /);
  reader.send('a1 FETCH 1 BODY.PEEK[]\r\n');
  const [, size = ''] = /^\* 1 FETCH \(BODY\[\] \{(\d+)\}$/.exec((await reader.line()) ?? '') ?? [];
  const whole = await reader.octets(Number(size));
  const prefix = whole.subarray(0, whole.length - octets.length);
  expect(whole.subarray(prefix.length).equals(octets)).toBe(true);
  expect(prefix.toString('latin1')).toMatch(/^Return-Path: <>\r\nReceived: [\s\S]*\r\n$/);
});

test.for(['mx', 'submission'] as const)(
  'hardening 28 to 36: %s, which looks into them, takes them or says why not, and goes on',
  async (kind) => {
    await using own = await startOwnServer({}, { kind });
    await using client = kind === 'mx' ? await own.connect() : await own.logIn();
    const taken: Buffer[] = [];
    // What larger ones do to the storage was seen above.
    const small = messages.filter(([, text]) => text.length < 300_000);
    for (const [name, text] of small) {
      const message = Buffer.from(text, 'latin1');
      client.send(`MAIL FROM:<mary@localhost>\r\nRCPT TO:<mary@localhost>\r\nBDAT ${message.length} LAST\r\n`);
      for (let i = 0; i < 2; i++) expect(await client.reply()).toEqual([expect.stringMatching(/^250 /)]);
      await client.sendAll([message]);
      const reply = (await client.reply()).at(-1) ?? '';
      expect(reply, name).toMatch(/^250 2\.0\.0 Accepted |^552 5\.3\.4 .*header section|^550 5\.6\.0 From has/);
      if (reply.startsWith('250 ')) taken.push(message);
      expect(await client.command('NOOP')).toBe('250 2.0.0 OK');
    }
    const stored = await own.messages();
    expect(stored).toHaveLength(taken.length);
    expect(taken.length).toBeGreaterThan(small.length / 2);
    for (const [i, { content, prefix }] of stored.entries()) {
      expect(content.equals(taken[i] ?? Buffer.alloc(0))).toBe(true);
      if (kind === 'mx') expect(prefix).toMatch(/\r\nAuthentication-Results: localhost;/);
    }
  },
);

test('hardening 29: a line without end is no message', async () => {
  const account = await server.addAccount();
  await using client = await server.connectLmtp();
  await client.command('LHLO mx.elsewhere.example');
  for (const text of [`X: ${'y'.repeat(TEXT_LINE_OCTETS)}`, `\r\n${'y'.repeat(10_000_000)}\r\n`]) {
    expect(await deliver(client, account.address, Buffer.from(text))).toMatch(/^550 5\.6\.0 /);
  }
  expect(await deliver(client, account.address, Buffer.alloc(1_000))).toMatch(/^550 5\.6\.11 /); // only NUL
  expect(await server.messages(account)).toEqual([]);
});
