/** Debian's mail servers as receivers of what the relay sends: what arrives is compared octet by octet. */
import { changeQueue } from '@postel/queue';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasExim, startExim } from './testing/receivers/exim.ts';
import { hasOpenSmtpd, startOpenSmtpd } from './testing/receivers/opensmtpd.ts';
import { hasPostfix, startPostfix } from './testing/receivers/postfix.ts';
import { MOST_OCTETS, MOST_RECIPIENTS, type Receiver, UNPACKED } from './testing/receivers/receiver.ts';
import { startQueue, type TestQueue } from './testing/start-relay.ts';

const START_MS = 40_000;
const ZONE = {
  'receiver.example': { MX: [{ preference: 10, exchange: 'mx.receiver.example' }] },
  'mx.receiver.example': { A: ['127.0.0.1'] },
};
/** Without them some put Date and Message-ID in. */
const FIELDS = 'From: mary@example.com\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n';
const TEXT = `${FIELDS}To: bob@receiver.example\r\nSubject: hello\r\n\r\nfirst\r\n.dot\r\n..\r\n`;

const NOTHING = Buffer.alloc(0);

interface Kind {
  readonly name: string;
  start(): Promise<Receiver>;
  /** Why it cannot be had here. */
  why(): string | null;
  readonly hasUtf8: boolean;
  /** What OpenSMTPD of Debian 12 offers ends in its handshake (missing private key), and the mail goes in the clear. */
  readonly hasTls: boolean;
  /** As its queue has them. */
  readonly dsn: readonly RegExp[];
}

const KINDS: readonly Kind[] = [
  {
    name: 'Postfix',
    start: () => startPostfix(),
    why: () => (hasPostfix() ? null : 'postfix is not installed'),
    hasUtf8: true,
    hasTls: true,
    dsn: [
      /envelope_id=QQ\+314/,
      /ret_flags=2/,
      /notify_flags=10/, // SUCCESS and DELAY
      /dsn_orig_rcpt=rfc822;b\+c@example\.org/,
    ],
  },
  {
    name: 'Exim',
    start: startExim,
    why: () => (hasExim() ? null : `exim4 is not unpacked in ${UNPACKED}`),
    hasUtf8: true,
    hasTls: true,
    dsn: [/-dsn_envid QQ\+2B314/, /-dsn_ret 2/, /rfc822;b\+2Bc@example\.org/],
  },
  {
    name: 'OpenSMTPD',
    start: startOpenSmtpd,
    why: () => (hasOpenSmtpd() ? null : `smtpd is not unpacked in ${UNPACKED}`),
    hasUtf8: false,
    hasTls: false,
    dsn: [/dsn-envid: QQ\+2B314/, /dsn-ret: HDRS/, /dsn-notify: 5/, /dsn-orcpt: .*b\+2Bc@example\.org/],
  },
];

describe.for(KINDS)('$name takes', (kind) => {
  let receiver: Receiver | null = null;
  let problem: string | null = null;

  beforeAll(async () => {
    problem = process.getuid?.() === 0 ? kind.why() : 'a mail server has to be started as root';
    if (problem === null) receiver = await kind.start();
  }, START_MS);
  afterAll(() => receiver?.[Symbol.asyncDispose]());

  const required = (skip: (why: string) => never): Receiver => receiver ?? skip(`SKIP: ${problem}`);

  /** Puts it into a queue of its own and waits until everybody has been tried. */
  async function send(
    { port }: Receiver,
    text: string,
    more: Parameters<TestQueue['put']>[1],
    recipients: Parameters<TestQueue['put']>[2],
  ) {
    await using queue = await startQueue();
    await queue.put(text, more, recipients);
    await using _ = await queue.startRelay({ zone: ZONE, port });
    return await queue.settled();
  }

  test('a message with dots, over TLS where its handshake does', async ({ skip }) => {
    const to = required(skip);
    const [row] = await send(to, TEXT, {}, [{ forwardPath: 'bob@receiver.example' }]);
    expect(row).toMatchObject({ state: 'delivered', mta: 'mx.receiver.example' });
    const [message = NOTHING] = await to.arrived('bob', 1);
    expect(message.toString('latin1').endsWith(TEXT)).toBe(true);
    expect(/^Received: .*(?:ESMTPS|TLS)/ims.test(message.toString('latin1'))).toBe(kind.hasTls);
    expect(message.toString('latin1')).toMatch(/^Return-Path: <?mary@example\.com>?/im);
  });

  test('8-bit text', async ({ skip }) => {
    const to = required(skip);
    const text = `${FIELDS}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n`;
    const [row] = await send(to, text, {}, [{ forwardPath: 'r0@receiver.example' }]);
    expect(row?.state).toBe('delivered');
    const [message = NOTHING] = await to.arrived('r0', 1);
    expect(message.toString('utf8').endsWith(text)).toBe(true);
  });

  test('addresses in UTF-8, or is not asked to', async ({ skip }) => {
    const to = required(skip);
    const envelope = { isUtf8: true, reversePath: 'märy@example.com' } as never;
    const text = `${FIELDS}Subject: Grüße\r\n\r\nHallo\r\n`;
    const [row] = await send(to, text, { envelope }, [{ forwardPath: 'jürgen@receiver.example', notify: ['NEVER'] }]);
    if (!kind.hasUtf8) return expect(row).toMatchObject({ state: 'failed', status: '5.6.7' });
    expect(row).toMatchObject({ state: 'delivered' });
    const [message = NOTHING] = await to.arrived('jürgen', 1);
    expect(message.toString('utf8').endsWith(text)).toBe(true);
  });

  test('what the sender wants to be told: ENVID, RET, NOTIFY and ORCPT', async ({ skip }) => {
    const to = required(skip);
    const envelope = { reversePath: 'mary@example.com', envelopeId: 'QQ+2B314', returnContent: 'HDRS' } as never;
    const asked = { notify: ['SUCCESS', 'DELAY'], originalRecipient: 'rfc822;b+2Bc@example.org' };
    const [row] = await send(to, TEXT, { envelope }, [{ forwardPath: 'kept@receiver.example', ...asked }]);
    expect(row?.state).toBe('delivered');
    const kept = await to.kept();
    for (const pattern of kind.dsn) expect(kept).toMatch(pattern);
  });

  test('as many recipients as it likes at once, and refuses those who are not there one by one', async ({ skip }) => {
    const to = required(skip);
    const people = Array.from({ length: 15 }, (_, i) => `r${i + 1}`);
    const names = people.flatMap((name, i) => (i % 5 === 4 ? [name, `nobody${i}`] : [name]));
    expect(names.length).toBeGreaterThan(MOST_RECIPIENTS);
    const rows = await send(
      to,
      TEXT,
      {},
      names.map((name) => ({ forwardPath: `${name}@receiver.example`, notify: ['NEVER'] })),
    );
    expect(rows.map(({ forwardPath, state, status }) => [forwardPath.split('@')[0], state, status?.[0]])).toEqual(
      names.map((name) => (name.startsWith('nobody') ? [name, 'failed', '5'] : [name, 'delivered', '2'])),
    );
    for (const name of people) {
      const messages = await to.arrived(name, 1);
      expect(messages.map((message) => message.toString('latin1').endsWith(TEXT))).toEqual([true]);
    }
  });

  test('no message that is larger than it says: it is not sent at all', async ({ skip }) => {
    const to = required(skip);
    const text = `Subject: x\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(MOST_OCTETS / 70)}`;
    const [row] = await send(to, text, {}, [{ forwardPath: 'large@receiver.example', notify: ['NEVER'] }]);
    expect(row).toMatchObject({ state: 'failed', status: '5.3.4' });
    expect(row?.reply).toContain(String(MOST_OCTETS));
  });

  test('5 MB of long lines and dots, every octet of them', async ({ skip }) => {
    const to = required(skip);
    const lines = ['.', '..', '...x', '.x', `.${'y'.repeat(996)}`, 'z'.repeat(998), '', 'From here', 'a.', ' .'];
    const text = `${FIELDS}Subject: large\r\n\r\n${`${lines.join('\r\n')}\r\n`.repeat(2_500)}`;
    expect(text.length).toBeGreaterThan(5_000_000);
    const [row] = await send(to, text, {}, [{ forwardPath: 'large@receiver.example' }]);
    expect(row?.state).toBe('delivered');
    const [message = NOTHING] = await to.arrived('large', 1);
    expect(message.subarray(-text.length).equals(Buffer.from(text))).toBe(true);
  });

  test('no binary message, for none of them has BINARYMIME, with CHUNKING or without', async ({ skip }) => {
    const to = required(skip);
    const path = [{ forwardPath: 'bob@receiver.example', notify: ['NEVER'] }];
    const [row] = await send(to, 'Subject: x\r\n\r\na\0b\r\n', { mayBeBinary: true }, path);
    expect(row).toMatchObject({ state: 'failed', status: '5.6.3' });
  });

  test('later whom it does not know yet (450 or 451)', async ({ skip }) => {
    const to = required(skip);
    await using queue = await startQueue();
    await to.setGrey(true);
    await queue.put(TEXT, {}, [{ forwardPath: 'late@receiver.example' }]);
    await using _ = await queue.startRelay({ zone: ZONE, port: to.port });
    const [row] = await queue.settled();
    expect(row).toMatchObject({ state: 'waiting', status: '4.2.0', attempts: 1 });
    expect(row?.reply).toMatch(/^45[01] .*Greylisted/);
    await to.setGrey(false);
    await changeQueue(queue.sql, 'retry', [1]);
    const [again] = await queue.recipients((rows) =>
      rows.every(({ attempts, isLeased }) => attempts === 2 && !isLeased),
    );
    expect(again?.state).toBe('delivered');
    const messages = await to.arrived('late', 1);
    expect(messages.map((message) => message.toString('latin1').endsWith(TEXT))).toEqual([true]);
  });
});
