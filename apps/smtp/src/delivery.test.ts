/** Mail as other programs send it. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTransport } from 'nodemailer';
import { expect, test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';

const run = promisify(execFile);

async function isInstalled(program: string): Promise<boolean> {
  return await run(program, ['--version']).then(
    () => true,
    () => false,
  );
}

for (const tls of ['STARTTLS', 'implicit TLS'] as const) {
  test(`nodemailer sends an attachment over ${tls}`, async () => {
    const server = new MailServer();
    const { ports, ca } = server.postel;
    const account = await server.addAccount();
    const transport = createTransport({
      host: 'localhost',
      port: tls === 'STARTTLS' ? ports.submission : ports.submissions,
      secure: tls !== 'STARTTLS',
      requireTLS: true,
      tls: { ca },
      auth: { user: account.address, pass: account.password },
    });
    const attachment = randomBytes(300_000);
    // Built once by nodemailer, so that what it sends is known to the octet.
    const { message } = await createTransport({ streamTransport: true, buffer: true, newline: 'windows' }).sendMail({
      from: account.address,
      to: account.address,
      subject: 'mit Anhang: Grüße',
      text: 'one\n.\n..two\n',
      attachments: [{ filename: 'octets.bin', content: attachment }],
    });
    const raw = Buffer.isBuffer(message) ? message : Buffer.alloc(0);
    const info = await transport.sendMail({ envelope: { from: account.address, to: [account.address] }, raw });
    transport.close();
    expect(info.response).toMatch(/^250 2\.0\.0 Accepted as /);

    const [stored] = await server.messages(account);
    // nodemailer ends what it sends in CRLF.
    expect(stored?.content.toString('latin1').trimEnd()).toBe(raw.toString('latin1').trimEnd());
    expect(stored?.prefix).toMatch(/ESMTPSA \(TLSv1\.3 /);
  });
}

test('curl sends over smtps, with 8-bit text and no word of it', async ({ skip }) => {
  if (!(await isInstalled('curl'))) skip('curl is not installed');
  const server = new MailServer();
  const account = await server.addAccount();
  const curl = execFile('curl', [
    ...['--silent', '--show-error', '--crlf', '--cacert', join(server.postel.dataDirectory, 'ca.pem')],
    ...[
      '--url',
      `smtps://localhost:${server.postel.ports.submissions}`,
      '--user',
      `${account.name}:${account.password}`,
    ],
    ...['--mail-from', account.address, '--mail-rcpt', account.address, '--upload-file', '-'],
  ]);
  curl.stdin?.end('Subject: from curl\n\nGrüße\n.a\n.\n');
  let errors = '';
  curl.stderr?.on('data', (text) => {
    errors += text;
  });
  expect(await once(curl, 'close'), errors).toEqual([0, null]);
  const [stored] = await server.messages(account);
  expect(stored?.content.toString()).toBe('Subject: from curl\r\n\r\nGrüße\r\n.a\r\n.\r\n');
});

test('swaks sends over STARTTLS', async ({ skip }) => {
  if (!(await isInstalled('swaks'))) skip('swaks is not installed');
  const server = new MailServer();
  const account = await server.addAccount();
  await run('swaks', [
    ...['--server', 'localhost', '--port', String(server.postel.ports.submission), '-tls'],
    ...['--auth', 'PLAIN', '--auth-user', account.name, '--auth-password', account.password],
    ...['--from', account.address, '--to', account.address],
  ]);
  expect(await server.messages(account)).toHaveLength(1);
});

test.for(['mx', 'lmtp'] as const)('swaks sends to %s over STARTTLS', async (kind, { skip }) => {
  if (!(await isInstalled('swaks'))) skip('swaks is not installed');
  const server = new MailServer();
  const [mary, john] = [await server.addAccount('mary'), await server.addAccount('john')];
  await run('swaks', [
    ...['--server', 'localhost', '--port', String(server.postel.ports[kind]), '-tls'],
    ...['--protocol', kind === 'lmtp' ? 'LMTP' : 'ESMTP', '--helo', 'mx.elsewhere.example'],
    ...['--from', 'sender@elsewhere.example', '--to', `${mary.address},${john.address}`],
  ]);
  for (const account of [mary, john]) {
    const [message, ...others] = await server.messages(account);
    expect(message?.prefix).toContain(`with ${kind === 'lmtp' ? 'LMTPS' : 'ESMTPS'} (TLSv1.`);
    expect(others).toEqual([]);
  }
});
