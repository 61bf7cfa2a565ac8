import { expect, test } from 'vitest';
import { formatReport, type Report } from './report.ts';

const RECEIVED = new Date('2026-11-20T10:00:00Z');
const ATTEMPT = { at: RECEIVED, mta: null, reply: null, retriesUntil: null };
const RECIPIENT = { forwardPath: 'bob@example.org', originalRecipient: null, status: '4.4.1', attempt: ATTEMPT };
const REPORT: Report = {
  action: 'failed',
  hostname: 'mail.example.com',
  reversePath: 'mary@example.com',
  receivedAt: RECEIVED,
  envelopeId: null,
  releaseRequest: null,
  recipients: [RECIPIENT],
  returned: { what: 'header', octets: Buffer.from('Subject: x\r\n') },
};
const text = (more: Partial<Report>) => formatReport({ ...REPORT, ...more }).toString();

test('a delay tells until when it is tried, to people and to programs', () => {
  const report = text({
    action: 'delayed',
    recipients: [{ ...RECIPIENT, attempt: { ...ATTEMPT, retriesUntil: new Date('2026-11-25T10:00:00Z') } }],
  });
  expect(report).toContain(
    '\r\nIt is tried again until Wed, 25 Nov 2026 10:00:00 +0000.\r\nYou need not send it again.\r\n',
  );
  expect(report).toContain(
    '\r\n\r\nFinal-Recipient: rfc822; bob@example.org\r\nAction: delayed\r\nStatus: 4.4.1\r\n' +
      'Last-Attempt-Date: Fri, 20 Nov 2026 10:00:00 +0000\r\nWill-Retry-Until: Wed, 25 Nov 2026 10:00:00 +0000\r\n',
  );
  expect(report).toMatch(/^From: Mail Delivery System <postmaster@mail\.example\.com>\r\nTo: <mary@example\.com>\r\n/);
  expect(report).toContain('\r\nAuto-Submitted: auto-replied\r\n');
});

test('a message is sent back whole, or its header section is', () => {
  const octets = Buffer.from('Subject: x\r\n\r\ntext\r\n');
  expect(text({ returned: { what: 'message', octets } })).toContain('\r\nContent-Type: message/rfc822\r\n');
  expect(text({})).toMatch(/Content-Type: text\/rfc822-headers\r\n.+\r\n\r\nSubject: x\r\n\r\n--.+--\r\n$/);
});

test('hardening 59: a server writes no fields and no endless lines into a report', () => {
  const reply = `550 no\r\nX-Injected: yes \u202e\u0000${'long '.repeat(2_000)}`;
  const report = text({ recipients: [{ ...RECIPIENT, attempt: { ...ATTEMPT, reply, mta: 'mx\r\nX: y' } }] });
  expect(report).not.toMatch(/\nX/);
  expect(Math.max(...report.split('\r\n').map((line) => line.length))).toBeLessThan(200);
});

test('addresses that are not ASCII: RFC 6533', () => {
  const report = text({ recipients: [{ ...RECIPIENT, forwardPath: 'jürgen@example.org' }] });
  expect(report).toContain('\r\nContent-Type: message/global-delivery-status\r\n');
  expect(report).toContain('\r\nFinal-Recipient: utf-8; jürgen@example.org\r\n');
});
