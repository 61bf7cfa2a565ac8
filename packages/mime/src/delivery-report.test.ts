import { expect, test } from 'vitest';
import { type DeliveryReport, formatDeliveryReport } from './delivery-report.ts';

const REPORT: DeliveryReport = {
  hostname: 'mx.example.com',
  reversePath: 'mary@example.com',
  id: 'b0',
  date: new Date(0),
  subject: 'Your message was not delivered',
  text: ['It was not delivered.'],
  receivedAt: new Date(0),
  envelopeId: null,
  releaseRequest: null,
  action: 'failed',
  recipients: [
    { forwardPath: 'john@example.com', originalRecipient: 'rfc822;j+2Bx@example.org', status: '5.2.2', attempt: null },
  ],
  returned: { what: 'header', octets: Buffer.from('Subject: x\r\n\r\n') },
};

const text = (more: Partial<DeliveryReport>) => formatDeliveryReport({ ...REPORT, ...more }).toString();

test('what became of a message, for people and for programs', () => {
  const report = text({ envelopeId: 'a+2Bb' });
  expect(report).toContain('\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b0"\r\n');
  expect(report).toContain('\r\n\r\nIt was not delivered.\r\n\r\n--b0\r\n');
  expect(report).toContain('\r\n\r\nOriginal-Envelope-Id: a+b\r\nReporting-MTA: dns; mx.example.com\r\nArrival-Date: ');
  expect(report).toContain(
    '\r\n\r\nOriginal-Recipient: rfc822; j+x@example.org\r\nFinal-Recipient: rfc822; john@example.com\r\nAction: failed\r\nStatus: 5.2.2\r\n\r\n--b0\r\n',
  );
  expect(report).toMatch(/\r\n\r\nSubject: x\r\n\r\n\r\n--b0--\r\n$/);
});

test('addresses in UTF-8 are told of as RFC 6533 has it', () => {
  const report = text({
    reversePath: 'märy@example.com',
    recipients: [{ forwardPath: 'jürgen@example.com', originalRecipient: null, status: '5.2.2', attempt: null }],
  });
  expect(report).toContain('\r\nContent-Type: message/global-delivery-status\r\n');
  expect(report).toContain('\r\nFinal-Recipient: utf-8; jürgen@example.com\r\n');
  expect(report).toContain('\r\nContent-Type: message/global-headers\r\n');
});

test.each([
  ['Subject: x\r\n\r\nsecret\r\n\r\n', 'Subject: x\r\n\r\n'],
  ['\r\nsecret\r\n\r\nsecret', '\r\n'],
  ['Subject: x\r\nTo: y', 'Subject: x\r\nTo: y'],
  ['Subject: x\r\nTo: y\r', 'Subject: x\r\nTo: y'],
  ['', ''],
])('of the message only the header section is told: %j', (header, told) => {
  const report = text({ returned: { what: 'header', octets: Buffer.from(header) } });
  expect(report.endsWith(`rfc822-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${told}\r\n--b0--\r\n`)).toBe(true);
});
