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
