import { join } from 'node:path';
import type { TestAccount } from '@postel/testkit';
import { createTransport } from 'nodemailer';
import { afterAll, expect, test, vi } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';
import { PostfixServer, startPostfix } from '../testing/postfix-server.ts';

/** Postfix hands on at once, but for its own start. */
const DELIVERY = { timeout: 15_000, interval: 100 };

const server = new MailServer();
const { ports, dataDirectory } = server.postel;
const started = await startPostfix({
  mxPort: ports.mx,
  lmtpPort: ports.lmtp,
  caFile: join(dataDirectory, 'ca.pem'),
});
afterAll(async () => {
  if (started instanceof PostfixServer) await started[Symbol.asyncDispose]();
});

const SENDER = 'sender@elsewhere.example';

interface Sent {
  readonly from: string;
  readonly to: readonly string[];
  readonly letter: string;
  readonly dsn?: { readonly id: string; readonly notify: 'success' };
}

async function send(port: number, { from, to, letter, dsn }: Sent): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port, ignoreTLS: true });
  const asked = dsn === undefined ? {} : { dsn: { ...dsn, return: 'headers' as const } };
  await transport.sendMail({
    envelope: { from, to: [...to], use8BitMime: true },
    raw: Buffer.from(letter, 'latin1'),
    ...asked,
  });
  transport.close();
}

const letter = (subject: string, text: string) => `From: a@example.com\r\nSubject: ${subject}\r\n\r\n${text}`;

/** The first message of the account, once it is there. */
async function arrival(account: TestAccount, { log }: PostfixServer) {
  return await vi.waitFor(async () => {
    const [message] = await server.messages(account);
    if (message === undefined) throw new Error(`nothing came; Postfix says: ${log}`);
    return message;
  }, DELIVERY);
}

test('Postfix relays to the MX over TLS that it verified, to several recipients', async ({ skip }) => {
  if (!(started instanceof PostfixServer)) return skip(started.problem);
  const accounts = [await server.addAccount(), await server.addAccount(), await server.addAccount()];
  const addresses = accounts.map(({ address }) => address);
  const text = `.\r\n..two dots\r\n${'long line '.repeat(90)}\r\nGr\xc3\xbc\xc3\x9fe\r\n`;
  await send(started.mxPort, { from: SENDER, to: addresses, letter: letter('relayed', text) });
  for (const account of accounts) {
    const { prefix, content, arrival: envelope } = await arrival(account, started);
    expect(prefix).toMatch(/^Return-Path: <sender@elsewhere\.example>\r\n/);
    expect(prefix).toMatch(/with ESMTPS \(TLSv1\.3 /);
    expect(content.toString('latin1')).toContain(`\r\n\r\n${text}`);
    expect(envelope?.details.body).toBe('8BITMIME');
  }
});

test.for(['mxPort', 'lmtpPort'] as const)('one recipient of two is refused: %s', async (port, { skip }) => {
  if (!(started instanceof PostfixServer)) return skip(started.problem);
  const [mary, joe] = [await server.addAccount('mary'), await server.addAccount('joe')];
  const recipients = ['nobody@strict.localhost', joe.address];
  await send(started[port], { from: mary.address, to: recipients, letter: letter('half', 'x\r\n') });
  // The bounce comes back through the MX.
  const { prefix, content } = await arrival(mary, started);
  expect(prefix).toMatch(/^Return-Path: <>\r\n/);
  expect(content.toString()).toMatch(/^Final-Recipient: rfc822; nobody@strict\.localhost\r$/m);
  expect(content.toString()).toMatch(/^Status: 5\.1\.1\r$/m);
  expect(content.toString()).not.toContain(joe.address);
  await arrival(joe, started);
});

test('Postfix delivers by LMTP, 3 MB to two recipients', async ({ skip }) => {
  if (!(started instanceof PostfixServer)) return skip(started.problem);
  const accounts = [await server.addAccount(), await server.addAccount()];
  const addresses = accounts.map(({ address }) => address);
  const text = `${'x'.repeat(76)}\r\n`.repeat(40_000);
  await send(started.lmtpPort, { from: SENDER, to: addresses, letter: letter('large', text) });
  for (const account of accounts) {
    const { prefix, content } = await arrival(account, started);
    expect(prefix).toMatch(/with LMTP /);
    expect(content.toString('latin1').endsWith(text)).toBe(true);
  }
});

test.for(['mxPort', 'lmtpPort'] as const)('addresses and header in UTF-8: %s', async (port, { skip }) => {
  if (!(started instanceof PostfixServer)) return skip(started.problem);
  const mary = await server.addAccount('mary');
  const address = `jürgen-${mary.name}@localhost`;
  await server.postel.useDirectory((directory) => directory.addAddress(mary.name, address));
  const utf8 = Buffer.from(letter('Grüße', 'x\r\n')).toString('latin1');
  await send(started[port], { from: 'gruß@elsewhere.example', to: [address], letter: utf8 });
  const { prefix, content } = await arrival(mary, started);
  expect(Buffer.from(prefix, 'latin1').toString()).toMatch(/^Return-Path: <gruß@elsewhere\.example>\r\n/);
  expect(prefix).toMatch(port === 'mxPort' ? /with UTF8SMTPS / : /with UTF8LMTP /);
  expect(content.toString()).toContain('Subject: Grüße\r\n');
});

test.for(['mxPort', 'lmtpPort'] as const)(
  'who asks for a DSN is told by Postfix that the message was passed on, as we promise none: %s',
  async (port, { skip }) => {
    if (!(started instanceof PostfixServer)) return skip(started.problem);
    const [mary, joe] = [await server.addAccount('mary'), await server.addAccount('joe')];
    const dsn = { id: 'an id', notify: 'success' } as const;
    await send(started[port], { from: mary.address, to: [joe.address], letter: letter('asked', 'x\r\n'), dsn });
    const { content } = await arrival(mary, started);
    expect(content.toString()).toMatch(/^Original-Envelope-Id: an id\r$/m);
    expect(content.toString()).toMatch(/^Action: relayed\r$/m);
    await arrival(joe, started);
  },
);

test('LMTP: the copy of a full mailbox stays in the queue of Postfix, the other is delivered, and it comes when there is room', async ({
  skip,
}) => {
  if (!(started instanceof PostfixServer)) return skip(started.problem);
  const [mary, joe] = [await server.addAccount('mary'), await server.addAccount('joe')];
  await server.postel.setQuota(mary, { messages: 0 });
  await send(started.lmtpPort, {
    from: SENDER,
    to: [mary.address, joe.address],
    letter: letter('full', 'x\r\n'),
  });
  await arrival(joe, started);
  const deferred = new RegExp(`to=<${mary.address}>.*dsn=4\\.2\\.2, status=deferred`);
  await vi.waitFor(() => expect(started.log).toMatch(deferred), DELIVERY);
  expect(await server.messages(mary)).toEqual([]);
  await server.postel.setQuota(mary, { messages: null });
  // A message that it has in hand still is passed over.
  await vi.waitFor(async () => {
    started.flush();
    expect(await server.messages(mary)).toHaveLength(1);
  }, DELIVERY);
  await vi.waitFor(() => expect(started.log).toMatch(new RegExp(`to=<${mary.address}>.*status=sent`)), DELIVERY);
  for (const account of [mary, joe]) expect(await server.messages(account)).toHaveLength(1);
});
