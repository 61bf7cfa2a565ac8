import { expect, test } from 'vitest';
import { authenticationResults, type Findings, receivedSpf } from './authentication-results.ts';

const envelope = { clientAddress: '192.0.2.1', clientName: 'mx.example', reversePath: 'mary@example.com' };

const findings: Findings = {
  iprev: { result: 'pass', name: 'mx.example' },
  spf: { result: 'pass', identity: 'mailfrom', domain: 'example.com', explanation: null },
  dkim: [
    {
      result: 'pass',
      reason: null,
      domain: 'example.com',
      selector: 'sel',
      algorithm: 'rsa-sha256',
      signature: 'ab+/cdef',
    },
  ],
  arc: { result: 'none', reason: null },
  dmarc: { result: 'pass', reason: null, domain: 'example.com', policy: 'reject', evaluated: null },
};

test('each result stands on a line of its own', () => {
  expect(authenticationResults('mx.here.example', envelope, findings).split('\r\n')).toEqual([
    'Authentication-Results: mx.here.example;',
    '\tiprev=pass policy.iprev=192.0.2.1 (mx.example);',
    '\tspf=pass smtp.mailfrom=example.com;',
    '\tdkim=pass header.d=example.com header.s=sel header.a=rsa-sha256',
    '\t\theader.b="ab+/cdef";',
    '\tdmarc=pass header.from=example.com;',
    '\tarc=none',
    '',
  ]);
});

test('what does not pass says why', () => {
  const text = authenticationResults(
    'mx.here.example',
    { ...envelope, clientAddress: '2001:db8::1' },
    {
      iprev: { result: 'temperror', name: null },
      spf: { result: 'fail', identity: 'helo', domain: 'mx.example', explanation: null },
      dkim: [],
      arc: { result: 'fail', reason: 'i=1 cv=fail' },
      dmarc: { result: 'fail', reason: null, domain: 'example.com', policy: 'reject', evaluated: null },
    },
  );
  expect(text.split('\r\n')).toEqual([
    'Authentication-Results: mx.here.example;',
    '\tiprev=temperror policy.iprev="2001:db8::1";',
    '\tspf=fail smtp.helo=mx.example;',
    '\tdkim=none;',
    '\tdmarc=fail header.from=example.com policy.dmarc=reject;',
    '\tarc=fail reason="i=1 cv=fail"',
    '',
  ]);
});

test('hardening 59: nothing that comes from outside ends a value, a comment or the field', () => {
  const evil = 'a"; dmarc=pass (\\\r\nX-Injected: 1\0\u202e é)';
  const text = authenticationResults('mx.here.example', envelope, {
    iprev: { result: 'pass', name: evil },
    spf: { ...findings.spf, domain: evil },
    dkim: [{ result: 'neutral', reason: evil, domain: evil, selector: evil, algorithm: evil, signature: evil }],
    arc: { result: 'fail', reason: evil },
    dmarc: { ...findings.dmarc, domain: evil },
  });
  const lines = text.split('\r\n').slice(0, -1);
  expect(lines[0]).toBe('Authentication-Results: mx.here.example;');
  expect(lines.slice(1).every((line) => /^\t[ -~\t]+$/.test(line))).toBe(true);
  // Strings and comments away, and what is left is what we wrote.
  const bare = text.replace(/"(?:[^"\\]|\\.)*"/g, 'Q').replace(/\((?:[^()\\]|\\.)*\)/g, 'C');
  expect(bare.split(';').map((part) => part.trim().split(/\s/)[0])).toEqual([
    'Authentication-Results:',
    'iprev=pass',
    'spf=pass',
    'dkim=neutral',
    'dmarc=pass',
    'arc=fail',
  ]);
  const spf = receivedSpf(
    'mx.here.example',
    { ...envelope, clientName: evil, reversePath: evil },
    { ...findings.spf, domain: evil },
  );
  expect(
    spf
      .split('\r\n')
      .slice(1, -1)
      .every((line) => /^\t[ -~]+$/.test(line)),
  ).toBe(true);
});

test('a field of many signatures ends somewhere, and those that pass come before', () => {
  const [one] = findings.dkim;
  if (one === undefined) throw new Error('there is one');
  const long = { ...one, result: 'fail', domain: `${'x'.repeat(60)}.`.repeat(4), selector: 's'.repeat(250) } as const;
  const dkim = [...new Array(9).fill(long).map((bad, i) => ({ ...bad, signature: `signature${i}` })), one];
  const text = authenticationResults('mx.here.example', envelope, { ...findings, dkim });
  expect(text.length).toBeLessThan(2_300);
  expect(text).toContain('dkim=fail');
  expect(text).toContain('dkim=pass header.d=example.com');
  expect(text).toContain('dmarc=pass');
});

test.each([
  ['pass', 'mailfrom', 'Received-SPF: pass (mx.here.example: example.com designates 192.0.2.1 as permitted sender)'],
  ['none', 'helo', 'Received-SPF: none (mx.here.example: example.com designates no permitted senders)'],
] as const)('Received-SPF: %s', (result, identity, first) => {
  expect(receivedSpf('mx.here.example', envelope, { ...findings.spf, result, identity }).split('\r\n')).toEqual([
    first,
    '\tclient-ip=192.0.2.1;',
    '\tenvelope-from="mary@example.com";',
    '\thelo=mx.example;',
    '\treceiver=mx.here.example;',
    `\tidentity=${identity}`,
    '',
  ]);
});
