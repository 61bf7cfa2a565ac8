import { expect, test } from 'vitest';
import { parseArguments } from './parse-arguments.ts';
import { prepareMail } from './prepare-mail.ts';

const DEFAULTS = { from: 'mary@example.com', domain: null };
const AT = new Date('2026-11-22T15:16:59Z');
const COMPLETE =
  'Message-ID: <x@example.com>\r\nDate: Sun, 22 Nov 2026 15:16:59 +0000\r\nFrom: Mary <mary@example.com>\r\n';

function prepare(input: string, args = 'bob@example.org', defaults: Partial<typeof DEFAULTS> = {}) {
  const given = { id: 'x1', at: AT, args: parseArguments(args.split(' ')), input: Buffer.from(input, 'latin1') };
  const mail = prepareMail(given, { ...DEFAULTS, ...defaults });
  return { ...mail, message: mail.message.toString('latin1') };
}

test('a message that has everything stays as it is', () => {
  const message = `${COMPLETE}Subject: a\r\n folded\r\n\r\nhello\r\n`;
  expect(prepare(message)).toMatchObject({ reversePath: 'mary@example.com', recipients: ['bob@example.org'], message });
});

test.each([
  ['LF', 'Subject: x\n\none\ntwo\n', 'one\r\ntwo\r\n'],
  ['CRLF', 'Subject: x\r\n\r\none\r\ntwo\r\n', 'one\r\ntwo\r\n'],
  ['CR alone', 'Subject: x\n\none\rtwo\n', 'one\r\ntwo\r\n'],
  ['both', 'Subject: x\n\none\r\r\ntwo\n', 'one\r\n\r\ntwo\r\n'],
  ['none at the end', 'Subject: x\n\none\ntwo', 'one\r\ntwo\r\n'],
  ['an empty body', 'Subject: x\n\n', ''],
  ['no body', 'Subject: x', ''],
  ['a dot that ends it', 'Subject: x\n\none\n.\ntwo\n', 'one\r\n'],
  ['a dot with CRLF that ends it', 'Subject: x\n\none\r\n.\r\ntwo\n', 'one\r\n'],
])('hardening 8: lines end in CRLF, whatever they came with: %s', (_, input, body) => {
  const { message } = prepare(`${COMPLETE.replaceAll('\r\n', '\n')}${input}`);
  expect(message).toBe(`${COMPLETE}Subject: x\r\n\r\n${body}`);
});

test('what is missing is added: Message-ID, Date and From', () => {
  const { message } = prepare('Subject: x\n\nhello\n', '-F Mary bob@example.org');
  expect(message).toMatch(
    /^Message-ID: <x1@example\.com>\r\nDate: \w{3}, \d+ Nov 2026 .+\r\nFrom: Mary <mary@example\.com>\r\nSubject: x\r\n/,
  );
});

test.each([
  ['a message without a header', 'hello\nthere\n', '\r\n\r\nhello\r\nthere\r\n'],
  ['text that has a colon later', 'hello there: x\n', '\r\n\r\nhello there: x\r\n'],
  ['a line that is no field', 'Subject: x\nhello\n', 'Subject: x\r\n\r\nhello\r\n'],
  ['the line of a mailbox file', 'From bob Mon Jan  1\nSubject: x\n\nhello\n', '>\r\nSubject: x\r\n\r\nhello\r\n'],
])('%s is given one', (_, input, end) => {
  const { message } = prepare(input);
  expect(message.endsWith(end)).toBe(true);
  expect(message).not.toContain('From bob');
});

test.each([
  ['To: a@x.example\nCc: "B, b" <b@x.example>, c@x.example\nBcc: d@x.example\n', '-t', 'abcd'],
  ['To: a@x.example\n', '-t b@x.example', 'ba'],
  ['To: a@x.example, A <a@x.example>\nCc: a@x.example\n', '-t', 'a'],
  ['To: friends: a@x.example, b@x.example;\nCc: undisclosed-recipients:;\n', '-t', 'ab'],
  ['To: a@x.example\nResent-To: b@x.example\nResent-Bcc: c@x.example\n', '-t', 'bc'],
  ['To: a@x.example\n', 'b@x.example,c@x.example', 'bc'],
  ['BCC:\n a@x.example\n', '-t', 'a'],
])('recipients of %j with %j', (header, args, users) => {
  const { recipients, message } = prepare(`${header}\nhello\n`, args);
  expect(recipients).toEqual([...users].map((user) => `${user}@x.example`));
  expect(message).not.toMatch(/^bcc/im);
});

test.each([
  ['"Joe D."@x.example', '"Joe D."@x.example'],
  ['"joe"@x.example', 'joe@x.example'],
  ['"a\\"b"@x.example', '"a\\"b"@x.example'],
  ['joe@[192.0.2.1]', 'joe@[192.0.2.1]'],
  ['j\xc3\xbcrgen@x.example', 'jürgen@x.example'],
])('the address %j is given to the server as %j', (given, address) => {
  expect(prepare(`To: ${given}\n\n`, '-t').recipients).toEqual([address]);
});

test.each(['Mary Smith', 'bob', '@x.example', '"a\x01b"@x.example', `${'a'.repeat(255)}@x.example`])(
  '%j is no address to send to',
  (given) => {
    expect(() => prepare(`To: ${given}\n\n`, '-t')).toThrow(expect.objectContaining({ exitCode: 65 }));
  },
);

test.each([
  ['-f me@example.org bob@x.example', 'From: a@x.example\n', {}, 'me@example.org'],
  ['-f root bob@x.example', 'From: a@x.example\n', {}, 'mary@example.com'],
  ['-f root bob@x.example', '', { from: null, domain: 'example.com' }, 'root@example.com'],
  ['bob@x.example', 'From: A <a@x.example>\n', {}, 'mary@example.com'],
  ['bob@x.example', 'From: A <a@x.example>\n', { from: null }, 'a@x.example'],
  ['bob@x.example', 'From: a@x.example, b@x.example\nSender: b@x.example\n', { from: null }, 'b@x.example'],
  ['-f <> bob@x.example', 'From: a@x.example\n', {}, ''],
])('%j and %j: whom it is from', (args, header, defaults, reversePath) => {
  const { from = DEFAULTS.from, domain = null } = defaults as { from?: string | null; domain?: string | null };
  const input = Buffer.from(`${header}Subject: x\n\nhello\n`);
  const mail = prepareMail({ id: 'x1', at: AT, args: parseArguments(args.split(' ')), input }, { from, domain });
  expect(mail.reversePath).toBe(reversePath);
});
