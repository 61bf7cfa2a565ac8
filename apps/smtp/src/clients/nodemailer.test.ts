import { randomBytes } from 'node:crypto';
import { createTransport } from 'nodemailer';
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

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

test('nodemailer asks for a DSN of delivery, and gets it', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  const transport = createTransport({
    host: 'localhost',
    port: server.postel.ports.submission,
    requireTLS: true,
    tls: { ca: server.postel.ca },
    auth: { user: account.address, pass: account.password },
  });
  await transport.sendMail({
    from: account.address,
    to: account.address,
    text: 'text',
    dsn: { id: 'my id=1', return: 'headers', notify: ['success', 'delay'], recipient: 'mary+list@example.com' },
  });
  transport.close();
  const [message, notification] = await server.messages(account);
  expect(message?.arrival?.details).toMatchObject({
    returnContent: 'HDRS',
    recipients: [{ notify: ['SUCCESS', 'DELAY'] }],
  });
  const text = notification?.content.toString();
  expect(text).toContain('\r\nOriginal-Envelope-Id: my id=1\r\n');
  expect(text).toContain('\r\nOriginal-Recipient: rfc822; mary+list@example.com\r\n');
});

test('nodemailer sends with Bcc, which nobody sees, and cannot send as somebody else', async () => {
  const server = new MailServer();
  const [mary, john] = [await server.addAccount('mary'), await server.addAccount('john')];
  const transport = createTransport({
    host: 'localhost',
    port: server.postel.ports.submission,
    requireTLS: true,
    tls: { ca: server.postel.ca },
    auth: { user: mary.address, pass: mary.password },
  });
  const mail = { from: { name: 'Mary "M" Smith', address: mary.address }, to: john.address, text: 'text' };
  await transport.sendMail({ ...mail, bcc: mary.address, headers: { Bcc: mary.address } });
  const forged = transport.sendMail({
    ...mail,
    from: john.address,
    envelope: { from: mary.address, to: john.address },
  });
  await expect(forged).rejects.toThrow(/550 5\.7\.1 From names an address/);
  transport.close();
  for (const account of [mary, john]) {
    const [message, ...others] = await server.messages(account);
    expect(others).toEqual([]);
    expect(message?.content.toString()).toMatch(/^From: "Mary \\"M\\" Smith" </);
    expect(`${message?.prefix}${message?.content}`).not.toMatch(/^bcc/im);
  }
});
