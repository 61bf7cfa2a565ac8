/** A message in over submission and out over IMAP, all through programs that are not ours. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sharedPostel, type TestAccount } from '@postel/testkit';
import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
);

async function connectFlow({ name, password }: TestAccount): Promise<ImapFlow & AsyncDisposable> {
  const { ports, ca } = sharedPostel();
  const client = new ImapFlow({
    host: 'localhost',
    port: ports.imaps,
    secure: true,
    auth: { user: name, pass: password },
    tls: { ca },
    logger: false,
  });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.logout() });
}

test('nodemailer sends an attachment; imapflow, in IDLE, hears of it and reads it', async () => {
  const postel = sharedPostel();
  const sender = await postel.addAccount('sender');
  const reader = await postel.addAccount('reader');
  await using flow = await connectFlow(reader);
  await flow.mailboxOpen('INBOX');
  const arrived = new Promise<{ count: number }>((resolve) => flow.once('exists', resolve));
  void flow.idle();

  const attachment = randomBytes(300_000);
  const transport = createTransport({
    host: 'localhost',
    port: postel.ports.submission,
    requireTLS: true,
    tls: { ca: postel.ca },
    auth: { user: sender.address, pass: sender.password },
  });
  await transport.sendMail({
    from: `Jürgen <${sender.address}>`,
    to: reader.address,
    subject: 'Grüße mit Anhang',
    text: 'See the attachment.',
    attachments: [{ filename: 'größe.bin', content: attachment }],
  });
  transport.close();

  expect(await arrived).toMatchObject({ count: 1 });
  const message = await flow.fetchOne('1', { envelope: true, bodyStructure: true, flags: true });
  if (message === false) throw new Error('no message');
  expect(message.envelope?.subject).toBe('Grüße mit Anhang');
  expect(message.envelope?.from?.[0]).toEqual({ name: 'Jürgen', address: sender.address });
  const part = message.bodyStructure?.childNodes?.[1];
  expect(part).toMatchObject({ part: '2', type: 'application/octet-stream', disposition: 'attachment' });
  const download = await flow.download('1', '2');
  expect(Buffer.concat((await download.content?.toArray()) ?? []).equals(attachment)).toBe(true);
});

test.skipIf(!hasCurl)(
  'curl sends over smtps, appends with -T, and reads both over imaps (skipped where there is no curl)',
  async () => {
    const postel = sharedPostel();
    const account = await postel.addAccount('curl');
    const directory = mkdtempSync(join(tmpdir(), 'postel-curl-'));
    try {
      const file = join(directory, 'message.eml');
      const text = `Subject: by curl\r\n\r\n${'A line with 8-bit: Grüße.\r\n'.repeat(3)}`;
      writeFileSync(file, text);
      const curl = async (...args: readonly string[]) => {
        const login = [
          '--user',
          `${account.name}:${account.password}`,
          '--cacert',
          join(postel.dataDirectory, 'ca.pem'),
        ];
        return (await run('curl', ['-sS', ...login, ...args])).stdout;
      };
      const envelope = ['--mail-from', account.address, '--mail-rcpt', account.address];
      await curl('--url', `smtps://localhost:${postel.ports.submissions}`, ...envelope, '-T', file);
      await curl('--url', `imaps://localhost:${postel.ports.imaps}/INBOX`, '-T', file);

      const inbox = `imaps://localhost:${postel.ports.imaps}/INBOX`;
      const submitted = await curl('--url', `${inbox};MAILINDEX=1`);
      expect(submitted).toMatch(new RegExp(`^Return-Path: <${account.address}>\r\nReceived: `));
      expect(submitted.endsWith(text)).toBe(true);
      expect(await curl('--url', `${inbox};MAILINDEX=2`)).toBe(text);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
