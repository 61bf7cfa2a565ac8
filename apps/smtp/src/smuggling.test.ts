/**
 * SMTP smuggling, systematically: everything that some server ever took for the end of data stands within a message, and the
 * commands of a second one behind it (CVE-2023-51764 and its kin). Whatever is made of it is one message or none, never two,
 * and the next command is heard as what it is.
 */
import type { SmtpListenerKind } from '@postel/config';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { DataReader } from './data-reader.ts';
import { type OwnServer, startOwnServer } from './testing/own-server.ts';
import type { SmtpClient } from './testing/smtp-client.ts';

const LINE_ENDS = ['', '\r\n', '\n', '\r', '\r\r\n', '\n\r', '\0', '\0\r\n', '\r\0\n', '\r\n\0'];
const END_OF_DATA = '\r\n.\r\n';

/** Each line end before one dot or two, and each behind. */
const ALL_ENDS = [
  ...new Set(
    LINE_ENDS.flatMap((before) => LINE_ENDS.flatMap((after) => ['.', '..'].map((dot) => before + dot + after))),
  ),
];
const ENDS = ALL_ENDS.filter((end) => !end.includes(END_OF_DATA));

const FROM = 'MAIL FROM:<mary@localhost>\r\n';
const ENVELOPE = `${FROM}RCPT TO:<mary@localhost>\r\n`;
const START = 'From: mary@localhost\r\nSubject: one\r\n\r\ntext';
const SECOND = `${ENVELOPE}DATA\r\nSubject: smuggled\r\n\r\nhere\r\n`;

/** Lines that end in CRLF and have no NUL: RFC 5321 §2.3.8, §4.5.2. */
const isText = (message: string) => !/\0|\r(?!\n)|(?<!\r)\n/.test(message);
const withoutDots = (data: string) => data.replace(/(?<=^|\r\n)\./g, '');

test('the set has what other servers fell for', () => {
  for (const end of ['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r.\r\n', '\r\n\0.\r\n', '\r\n.\0\r\n', '\r\n.\r\r\n']) {
    expect(ENDS).toContain(end);
  }
  expect(ENDS.length).toBeGreaterThan(150);
});

test('hardening 8: none of them ends the data, wherever packets are cut', () => {
  for (const end of ENDS) {
    const data = Buffer.from(`${START}${end}${SECOND}`, 'latin1');
    const first = START.length - 1;
    const last = START.length + end.length + 1;
    for (let one = first; one <= last; one++) {
      for (let two = one; two <= last; two++) {
        const reader = new DataReader();
        for (const piece of [data.subarray(0, one), data.subarray(one, two), data.subarray(two)]) reader.push(piece);
        expect(reader.isAtEnd, JSON.stringify(end)).toBe(false);
        expect(reader.fault === null, JSON.stringify(end)).toBe(isText(data.toString('latin1')));
      }
    }
  }
});

describe.each(['mx', 'submission', 'lmtp'] as const)('hardening 8: %s', (kind: SmtpListenerKind) => {
  let own: OwnServer;
  let client: SmtpClient;
  beforeAll(async () => {
    own = await startOwnServer({}, { kind });
    client = kind === 'submission' ? await own.logIn() : await own.connect();
  });
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  async function expectReplies(end: string, ...replies: readonly RegExp[]): Promise<void> {
    for (const reply of replies) {
      expect(await client.reply(), JSON.stringify(end)).toEqual([expect.stringMatching(reply)]);
    }
  }

  async function begin(): Promise<void> {
    client.send(`${ENVELOPE}DATA\r\n`);
    await expectReplies('', /^250 2\.1\.0 /, /^250 2\.1\.5 /, /^354 /);
  }

  /** Sends text, and waits until the server has read it. */
  async function sendAlone(text: string): Promise<void> {
    const [connection] = own.server.connections;
    const octets = (connection?.socket.bytesRead ?? 0) + text.length;
    client.send(text);
    await vi.waitFor(() => expect(connection?.socket.bytesRead).toBe(octets), { interval: 0 });
  }

  /** Those that came since, all of which are the first message and not the second. */
  async function contents(from: number): Promise<readonly string[]> {
    const messages = (await own.messages()).slice(from).map(({ content }) => content.toString('latin1'));
    for (const content of messages) expect(content.startsWith(START)).toBe(true);
    return messages;
  }

  test('in one packet, with a command behind the real end', async () => {
    const before = (await own.messages()).length;
    const taken: string[] = [];
    for (const end of ENDS) {
      const data = `${START}${end}${SECOND}`;
      await begin();
      client.send(`${data}.\r\nNOOP\r\n`);
      if (isText(data)) taken.push(withoutDots(data));
      await expectReplies(end, isText(data) ? /^250 2\.0\.0 Accepted / : /^550 5\.6\.11 /, /^250 2\.0\.0 OK$/);
    }
    expect(await contents(before)).toEqual(taken);
  });

  test('in two packets, cut within', async () => {
    const before = (await own.messages()).length;
    const faulty = ENDS.filter((end) => !isText(`${START}${end}${SECOND}`) && !end.includes('..') && end.length < 5);
    for (const end of faulty) {
      const data = `${START}${end}${SECOND}`;
      for (let cut = START.length; cut <= START.length + end.length; cut += kind === 'mx' ? 1 : 2) {
        await begin();
        await sendAlone(data.slice(0, cut));
        client.send(`${data.slice(cut)}.\r\nNOOP\r\n`);
        await expectReplies(end, /^550 5\.6\.11 /, /^250 2\.0\.0 OK$/);
      }
    }
    expect(await contents(before)).toEqual([]);
  });

  test('the real end, by which all of this is measured, makes two messages', async () => {
    const before = (await own.messages()).length;
    await begin();
    client.send(`${START}${END_OF_DATA}${ENVELOPE}DATA\r\n`);
    await expectReplies('', /^250 2\.0\.0 /, /^250 2\.1\.0 /, /^250 2\.1\.5 /, /^354 /);
    client.send(`${START}\r\n.\r\nNOOP\r\n`);
    await expectReplies('', /^250 2\.0\.0 Accepted /, /^250 2\.0\.0 OK$/);
    expect(await contents(before)).toEqual([`${START}\r\n`, `${START}\r\n`]);
  });

  test('in chunks, cut here and there, where a dot is a dot', async () => {
    const before = (await own.messages()).length;
    const taken: string[] = [];
    for (const end of ALL_ENDS) {
      const message = `${START}${end}${SECOND}`;
      for (let cut = START.length; cut <= START.length + end.length; cut += kind === 'mx' ? 2 : 4) {
        const [one, two] = [message.slice(0, cut), message.slice(cut)];
        client.send(`${ENVELOPE}BDAT ${one.length}\r\n${one}BDAT ${two.length} LAST\r\n${two}NOOP\r\n`);
        // A CR at the end of a chunk is not bare as long as the next one may begin with LF.
        const isFirstFine = isText(one.replace(/\r$/, ''));
        if (isText(message)) taken.push(message);
        await expectReplies(
          end,
          ...[/^250 2\.1\.0 /, /^250 2\.1\.5 /, isFirstFine ? /^250 2\.0\.0 \d+ octets / : /^550 5\.6\.11 /],
          isText(message) ? /^250 2\.0\.0 Accepted / : isFirstFine ? /^550 5\.6\.11 / : /^503 5\.5\.1 /,
          /^250 2\.0\.0 OK$/,
        );
      }
    }
    expect(await contents(before)).toEqual(taken);
  });

  test('in chunks of BODY=BINARYMIME, where all octets but NUL are what they are', async () => {
    const before = (await own.messages()).length;
    const header = `${START.replace('\r\n\r\ntext', '\r\nContent-Transfer-Encoding: binary\r\n\r\n')}text`;
    const taken: string[] = [];
    for (const end of ALL_ENDS.filter((end) => !end.includes('\0'))) {
      const message = `${header}${end}${SECOND}`;
      client.send(ENVELOPE.replace('>', '> BODY=BINARYMIME'));
      client.send(`BDAT ${message.length} LAST\r\n${message}NOOP\r\n`);
      taken.push(message);
      await expectReplies(end, /^250 2\.1\.0 /, /^250 2\.1\.5 /, /^250 2\.0\.0 Accepted /, /^250 2\.0\.0 OK$/);
    }
    const messages = (await own.messages()).slice(before).map(({ content }) => content.toString('latin1'));
    expect(messages).toEqual(taken);
  });
});
