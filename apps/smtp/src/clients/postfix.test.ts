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

async function send(port: number, from: string, to: readonly string[], letter: string): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port, ignoreTLS: true });
  await transport.sendMail({ envelope: { from, to: [...to] }, raw: Buffer.from(letter, 'latin1') });
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
  await send(started.mxPort, 'sender@elsewhere.example', addresses, letter('relayed', text));
  for (const account of accounts) {
    const { prefix, content } = await arrival(account, started);
    expect(prefix).toMatch(/^Return-Path: <sender@elsewhere\.example>\r\n/);
    expect(prefix).toMatch(/with ESMTPS \(TLSv1\.3 /);
    expect(content.toString('latin1')).toContain(`\r\n\r\n${text}`);
  }
});

test.for(['mxPort', 'lmtpPort'] as const)('one recipient of two is refused: %s', async (port, { skip }) => {
  if (!(started instanceof PostfixServer)) return skip(started.problem);
  const [mary, joe] = [await server.addAccount('mary'), await server.addAccount('joe')];
  const recipients = ['nobody@strict.localhost', joe.address];
  await send(started[port], mary.address, recipients, letter('half', 'x\r\n'));
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
  await send(started.lmtpPort, 'sender@elsewhere.example', addresses, letter('large', text));
  for (const account of accounts) {
    const { prefix, content } = await arrival(account, started);
    expect(prefix).toMatch(/with LMTP /);
    expect(content.toString('latin1').endsWith(text)).toBe(true);
  }
});
