import { expect, test } from 'vitest';
import { submissionTrace } from './trace-fields.ts';

test('lines stay under 78 columns where names are not long', () => {
  const trace = submissionTrace({
    reversePath: 'a.sender@mail.example.com',
    forwardPath: 'somebody@another.example.com',
    hostname: 'mail.example.com',
    protocol: 'ESMTPSA',
    tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
    id: '0123456789-1',
    receivedAt: new Date(),
  });
  for (const line of trace.split('\r\n')) expect(line.length).toBeLessThanOrEqual(78);
  expect(trace).toMatch(/^Return-Path: <a\.sender@mail\.example\.com>\r\nReceived: from /);
});
