const lines = (...text: readonly string[]) => text.map((line) => `${line}\r\n`).join('');

/** One part, of text. */
export const PLAIN = lines(
  'From: Mary <mary@example.com>',
  'To: joe@example.com',
  'Subject: Plain',
  'Date: Mon, 7 Feb 1994 21:52:25 -0800',
  'Message-ID: <plain@example.com>',
  '',
  'First line',
  'Second line',
);

/** Text, a picture, and a message with two parts. */
export const NESTED = lines(
  'From: mary@example.com',
  'Subject: Nested',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=outer',
  '',
  'preamble',
  '--outer',
  'Content-Type: text/plain; charset=utf-8',
  'Content-ID: <one>',
  '',
  'One',
  '--outer',
  'Content-Type: image/png; name=dot.png',
  'Content-Transfer-Encoding: base64',
  '',
  'AAAA',
  '--outer',
  'Content-Type: message/rfc822',
  '',
  'From: joe@example.com',
  'Subject: Inner',
  'Content-Type: multipart/alternative; boundary=inner',
  '',
  '--inner',
  'Content-Type: text/plain',
  '',
  'Inner text',
  '--inner',
  'Content-Type: text/html',
  '',
  '<p>Inner</p>',
  '--inner--',
  '--outer--',
);

/** A letter with an attachment, with 8-bit octets in its header. */
export function largeMessage(attachmentOctets: number): Buffer {
  const header = Buffer.from(
    'From: J\xfcrgen <j@example.com>\r\nSubject: Gr\xfc\xdfe\r\nMIME-Version: 1.0\r\n' +
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n' +
      '--b\r\nContent-Type: application/octet-stream; name=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n',
    'latin1',
  );
  const line = `${'QUJD'.repeat(19)}\r\n`;
  return Buffer.concat([header, Buffer.alloc(attachmentOctets, line), Buffer.from('\r\n--b--\r\n')]);
}
