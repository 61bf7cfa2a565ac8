import { expect, test } from 'vitest';
import { type Trace, traceFields } from './trace-fields.ts';

const trace: Trace = {
  reversePath: 'a.sender@mail.example.com',
  forwardPath: 'somebody@another.example.com',
  alias: null,
  hostname: 'mail.example.com',
  client: null,
  protocol: 'ESMTPSA',
  tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
  id: '0123456789-1',
  receivedAt: new Date(),
  findings: '',
};

test('lines stay under 78 columns where names are not long', () => {
  for (const client of [null, { name: 'smtp.other.example', address: '2001:db8::25' }]) {
    const fields = traceFields({ ...trace, client });
    for (const line of fields.split('\r\n')) expect(line.length).toBeLessThanOrEqual(78);
    expect(fields).toMatch(/^Return-Path: <a\.sender@mail\.example\.com>\r\nReceived: from /);
  }
});

test.each([
  ['mx.example', '192.0.2.1', 'mx.example ([192.0.2.1])'],
  ['[IPv6:::1]', '::1', '[IPv6:::1] ([IPv6:::1])'],
  ['my_pc', '192.0.2.1', 'my_pc ([192.0.2.1])'],
  ['(none)', '192.0.2.1', '?none? ([192.0.2.1])'],
  ['a;by=evil"x\\', '192.0.2.1', 'a?by?evil?x? ([192.0.2.1])'],
])('a client that calls itself %s', (name, address, from) => {
  expect(traceFields({ ...trace, client: { name, address } })).toContain(`\r\nReceived: from ${from}\r\n\tby mail.`);
});
