/**
 * Injection, systematically: whatever a client says of itself, of senders and of recipients goes into trace fields, DSNs, the
 * log and the database. Pieces that end something there are put in every place that takes text. What is not refused must
 * leave everything of ours as it would be without.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TemporaryDirectory } from '@postel/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type OwnServer, startOwnServer } from './testing/own-server.ts';
import { SmtpClient } from './testing/smtp-client.ts';
import type { StoredMessage } from './testing/stored-messages.ts';

const directory = new TemporaryDirectory();
const logFile = join(directory.path, 'log');

/** Octets as they are sent. */
const utf8 = (text: string) => Buffer.from(text).toString('latin1');

const PIECES: readonly string[] = [
  // What ends a line, or moves a terminal.
  ...Array.from('\r\n\0\t\x0b\x7f\x80\xff'),
  ...['\x1b[2J', '\u0085', '\u2028', '\u202e', 'ü'].map(utf8),
  ...['\r', '\n', '\r\n', '+0D+0A', '%0d%0a', '=0D=0A', '\\r\\n'].map((end) => `${end}X-Injected:yes`),
  // What ends a word, a string, a comment, a path or a value.
  ...String.raw`" \ \" ' < > <> ( ) () [ ] ; , : @ = . .. * - -- {3} $(id) %s __proto__`.split(' '),
  ...['>; dmarc=pass', '; dmarc=pass', ' (x) by y', '> SIZE=1', ' ', '  '],
];

/** Fields of a trace, and what each may have outside of quoted strings and comments. */
const TRACE: readonly (readonly [name: string, form: RegExp])[] = [
  ['Return-Path', /^<[^<>]*>$/],
  ['Authentication-Results', /^localhost; iprev=\w+ [^;]+; spf=\w+ [^;]*; dkim=none; dmarc=\w+ [^;]*; arc=none$/],
  ['Received-SPF', /^\w+ C client-ip=[^;]+; envelope-from=[^;]+; helo=[^;]+; receiver=[^;]+; identity=\w+$/],
  ['Received', /^from \S+ C by localhost C with \w+ id \S+ for <[^<>;]*>; \w{3}, \d+ \w{3} \d{4} [\d:]{8} [+-]\d{4}$/],
];

/** The fields of a header section, unfolded, with `Q` for each quoted string and `C` for each comment. */
function fieldsOf(header: string): readonly (readonly [name: string, value: string])[] {
  const lines = header.split('\r\n');
  expect(lines.pop()).toBe('');
  for (const line of lines) expect(line).toMatch(/^(?:[A-Za-z-]+: |[ \t])[^\0-\x08\x0a-\x1f\x7f]+$/);
  return lines
    .join('\n')
    .split(/\n(?=[^ \t])/)
    .map((field) => {
      const [, name = '', value = ''] = /^([\w-]+): ([\s\S]*)$/.exec(field) ?? [];
      const tokens = value.replace(/"(?:[^"\\]|\\.)*"/g, 'Q').replace(/\((?:[^()\\]|\\.)*\)/g, 'C');
      return [name, tokens.replace(/\s+/g, ' ')];
    });
}

/** @returns whether all of it was taken: each as one command, and with yes */
async function offer(client: SmtpClient, ...commands: readonly string[]): Promise<boolean> {
  for (const command of commands) {
    client.send(`${command}\r\n`);
    const replies = [(await client.reply()).at(-1) ?? ''];
    client.send('NOOP\r\n');
    while (replies.at(-1) !== '250 2.0.0 OK') {
      const line = await client.line();
      if (line === null) return false;
      if (client.endsAnswer(line)) replies.push(line);
    }
    if (replies.length !== 2 || !replies[0]?.startsWith('2')) return false;
  }
  return true;
}

/** Sends a message. */
async function finish(client: SmtpClient, message: string): Promise<void> {
  expect(await client.command('DATA')).toMatch(/^354 /);
  expect(await client.command(`${message}.`)).toMatch(/^250 2\.0\.0 Accepted as /);
}

/** Tries each piece over a connection of its own. @returns how many were taken, and the messages that came of them */
async function tryEach(
  own: OwnServer,
  pieces: readonly string[],
  attempt: (client: SmtpClient, piece: string) => Promise<boolean>,
): Promise<{ readonly taken: number; readonly messages: readonly StoredMessage[] }> {
  const before = (await own.messages()).length;
  let taken = 0;
  for (const piece of pieces) {
    await using client = own === mx ? await SmtpClient.connect(own.port) : await own.logIn();
    if (own === mx) await client.reply();
    if (await attempt(client, piece)) taken++;
  }
  return { taken, messages: (await own.messages()).slice(before) };
}

let mx: OwnServer;
let submission: OwnServer;
let logged = 0;
beforeAll(async () => {
  mx = await startOwnServer({}, { kind: 'mx' }, { logFile });
  submission = await startOwnServer({ showsClientAddress: true }, {}, { logFile });
});
afterAll(async () => {
  await mx[Symbol.asyncDispose]();
  await submission[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

/** The log has a line of JSON for each event, and nothing in it moves a terminal. */
afterEach(() => {
  const lines = readFileSync(logFile, 'utf8').split('\n').slice(0, -1);
  expect(lines.length).toBeGreaterThan(logged);
  for (const line of lines.slice(logged)) {
    expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
    expect(JSON.parse(line)).toMatchObject({ process: 'smtp-test', msg: expect.any(String) });
  }
  logged = lines.length;
});

const RECIPIENT = 'RCPT TO:<mary@localhost>';

describe('hardening 14: what a stranger says stays within its place', () => {
  test.each<[string, (piece: string) => readonly string[]]>([
    ['the name in EHLO', (piece) => [`EHLO a${piece}b.example`, 'MAIL FROM:<x@elsewhere.example>']],
    ['the name in HELO', (piece) => [`HELO ${piece}`, 'MAIL FROM:<>']],
    ['the local part of the sender', (piece) => ['EHLO x', `MAIL FROM:<a${piece}b@elsewhere.example>`]],
    ['a quoted local part', (piece) => ['EHLO x', `MAIL FROM:<"a${piece}b"@elsewhere.example>`]],
    ['one with SMTPUTF8', (piece) => ['EHLO x', `MAIL FROM:<"a${piece}b"@elsewhere.example> SMTPUTF8`]],
    ['the domain of the sender', (piece) => ['EHLO x', `MAIL FROM:<a@else${piece}where.example>`]],
    ['an address literal', (piece) => ['EHLO x', `MAIL FROM:<a@[192.0.2.1${piece}]>`]],
    ['a source route', (piece) => ['EHLO x', `MAIL FROM:<@a${piece}.example:b@elsewhere.example>`]],
    ['behind the sender', (piece) => ['EHLO x', `MAIL FROM:<a@elsewhere.example>${piece}`]],
    ['a parameter', (piece) => ['EHLO x', `MAIL FROM:<a@elsewhere.example> SIZE=1${piece}`]],
    ['the body type', (piece) => ['EHLO x', `MAIL FROM:<a@elsewhere.example> BODY=7BIT${piece}`]],
  ])('%s', async (_, commandsOf) => {
    const { taken, messages } = await tryEach(mx, PIECES, async (client, piece) => {
      if (!(await offer(client, ...commandsOf(piece), RECIPIENT))) return false;
      await finish(client, 'Subject: x\r\n');
      return true;
    });
    expect(messages).toHaveLength(taken);
    for (const { prefix } of messages) {
      const fields = fieldsOf(prefix);
      expect(fields.map(([name]) => name)).toEqual(TRACE.map(([name]) => name));
      for (const [i, [, value]] of fields.entries()) expect(value).toMatch(TRACE[i]?.[1] ?? /^$/);
    }
  });

  test.each(['"PIECE"@localhost', 'aPIECEb@localhost', 'mary+PIECE@localhost', 'mary@localhostPIECE'])(
    'the recipient %s',
    async (place) => {
      const { taken, messages } = await tryEach(mx, PIECES, async (client, piece) => {
        const recipient = `RCPT TO:<${place.replace('PIECE', () => piece)}>`;
        if (!(await offer(client, 'EHLO x', 'MAIL FROM:<> SMTPUTF8', recipient))) return false;
        await finish(client, 'Subject: x\r\n');
        return true;
      });
      expect(messages).toHaveLength(taken);
      for (const { prefix } of messages) expect(fieldsOf(prefix).at(-1)?.[1]).toMatch(TRACE[3]?.[1] ?? /^$/);
    },
  );

  test('the header of a message: the domain of From, and what its signatures say', async () => {
    const pieces = PIECES.filter((piece) => !/[\r\n\0]/.test(piece));
    const { taken, messages } = await tryEach(mx, pieces, async (client, piece) => {
      expect(await offer(client, 'EHLO x', 'MAIL FROM:<x@elsewhere.example>', RECIPIENT)).toBe(true);
      const signature = `DKIM-Signature: v=1; a=rsa-sha256${piece}; d=a${piece}b.example; s=s${piece}; h=from${piece}; bh=AAAA${piece}; b=AAAA${piece}`;
      const seal = `ARC-Seal: i=1; a=${piece}; cv=none; d=${piece}.example; s=${piece}; b=${piece}`;
      await finish(client, `${signature}\r\n${seal}\r\nFrom: <a@b${piece}.example>\r\n`);
      return true;
    });
    expect(taken).toBe(pieces.length);
    const form = /^localhost;(?: (?:iprev|spf|dkim|dmarc|arc)=\w+(?: (?:C|[a-z.]+=[^ ;]+))*;?)+$/;
    for (const { prefix } of messages) {
      const [, results, ...others] = fieldsOf(prefix);
      expect(results?.[1]).toMatch(form);
      expect(others.map(([name]) => name)).toEqual(['Received-SPF', 'Received']);
    }
  });
});

const DSN_FIELDS =
  /^(?:Original-Envelope-Id: .*\n)?Reporting-MTA: dns; localhost\nArrival-Date: .*\n\n(?:Original-Recipient: \S+; .*\n)?Final-Recipient: rfc822; .*\nAction: delivered\nStatus: 2\.1\.5\n$/;

test.each<[string, (piece: string) => readonly [ofMail: string, ofRcpt: string]]>([
  ['ENVID', (piece) => [` ENVID=a${piece}b`, '']],
  ['ORCPT', (piece) => ['', ` ORCPT=rfc822;a${piece}b@example.com`]],
  ['the type in ORCPT', (piece) => ['', ` ORCPT=rfc822${piece};a@example.com`]],
  ['RET', (piece) => [` RET=HDRS${piece}`, '']],
  ['NOTIFY', (piece) => ['', `,DELAY${piece}`]],
  ['AUTH', (piece) => [` AUTH=a${piece}b@example.com`, '']],
])('hardening 59: %s stays within its place in a DSN, and is refused where it has none', async (_, parametersOf) => {
  const { taken, messages } = await tryEach(submission, [...PIECES, ...PIECES.map(inXtext)], async (client, piece) => {
    const [ofMail, ofRcpt] = parametersOf(piece);
    const recipient = `${RECIPIENT} NOTIFY=SUCCESS${ofRcpt}`;
    if (!(await offer(client, `MAIL FROM:<mary@localhost>${ofMail}`, recipient))) return false;
    await finish(client, 'Subject: x\r\n\r\n');
    return true;
  });
  expect(messages).toHaveLength(2 * taken);
  const notifications = messages.filter(({ prefix }) => prefix === 'Return-Path: <>\r\n');
  expect(notifications).toHaveLength(taken);
  for (const { content } of notifications) {
    const text = content.toString().replaceAll('\r\n', '\n');
    expect(text).toMatch(/^[\n\t -~]+$/);
    const status = /\nContent-Type: message\/delivery-status\n\n([\s\S]*?)\n--/.exec(text)?.[1];
    expect(status).toMatch(DSN_FIELDS);
  }
});

/** RFC 3461 §4, each octet by its number. */
function inXtext(piece: string): string {
  return Array.from(piece, (octet) => `+${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
