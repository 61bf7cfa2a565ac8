import { describe, expect, test } from 'vitest';
import { OwnResultsFilter } from './own-results-filter.ts';

function filter(message: string, size: number): { readonly passed: string; readonly removed: number } {
  const octets = Buffer.from(message, 'latin1');
  const own = new OwnResultsFilter('mx.Example');
  const pieces: Buffer[] = [];
  for (let at = 0; at < octets.length; at += size) pieces.push(Buffer.from(own.push(octets.subarray(at, at + size))));
  pieces.push(own.finish());
  return { passed: Buffer.concat(pieces).toString('latin1'), removed: own.removed };
}

const OTHERS = 'Received: from a\r\n\tby b\r\n';

describe.each([1, 2, 7, 100_000])('in pieces of %i octets', (size) => {
  test.each([
    ['plain', 'Authentication-Results: mx.example; spf=pass\r\n'],
    ['folded', 'Authentication-Results:\r\n mx.example;\r\n\tspf=pass\r\n'],
    ['by another case', 'AUTHENTICATION-results : MX.EXAMPLE; spf=pass\r\n'],
    ['with much before the colon', `Authentication-Results${' \t'.repeat(500)}: mx.example; spf=pass\r\n`],
    ['behind comments', 'Authentication-Results: (a (b) \\) c)(d)\r\n (e) mx.example; spf=pass\r\n'],
    ['quoted', 'Authentication-Results: "mx.ex\\ample"; spf=pass\r\n'],
    ['with a version', 'Authentication-Results: mx.example 1; spf=pass\r\n'],
    ['with a comment directly behind it', 'Authentication-Results: mx.example(x); spf=pass\r\n'],
    ['empty', 'Authentication-Results:\r\n'],
    ['with a comment without end', 'Authentication-Results: (mx.example; spf=pass\r\n'],
    ['endless', `Authentication-Results: mx.other;${'\r\n spf=pass;'.repeat(3_000)}\r\n`],
  ])('a field of ours is removed: %s', (_, field) => {
    const rest = `Subject: x\r\n\r\nAuthentication-Results: mx.example; in the body\r\n`;
    expect(filter(`${OTHERS}${field}${rest}`, size)).toEqual({ passed: `${OTHERS}${rest}`, removed: 1 });
    expect(filter(`${field}${field}${rest}`, size)).toEqual({ passed: rest, removed: 2 });
  });

  test.each([
    'Authentication-Results: mx.other.example; spf=pass\r\n\tsmtp.mailfrom=mx.example\r\nSubject: x\r\n\r\nbody\r\n',
    'X-Authentication-Results: mx.example; spf=pass\r\n\r\n',
    'ARC-Authentication-Results: i=1; mx.example; spf=pass\r\n\r\n',
    'Authentication-Results-Too: mx.example; spf=pass\r\n\r\n',
    'Subject: Authentication-Results: mx.example\r\n\r\n\r\n',
    '\r\nAuthentication-Results: mx.example; a body\r\n',
    'Subject: no body\r\n',
    'Subject: no end',
    '',
  ])('nothing else is touched: %j', (message) => {
    expect(filter(message, size)).toEqual({ passed: message, removed: 0 });
  });

  test('a line that is none of ours is not waited for', () => {
    const own = new OwnResultsFilter('mx.example');
    expect(own.push(Buffer.from('Subject: x\r\nAuthen')).toString()).toBe('Subject: x\r\n');
    expect(own.push(Buffer.from('ticity: no end')).toString()).toBe('Authenticity: no end');
    expect(own.push(Buffer.from(' yet\r\nA')).toString()).toBe(' yet\r\n');
    expect(own.finish().toString()).toBe('A');
  });

  test('one at the end of a message without a body is removed too', () => {
    expect(filter('Subject: x\r\nAuthentication-Results: mx.example; spf=pass', size)).toEqual({
      passed: 'Subject: x\r\n',
      removed: 1,
    });
  });
});

/** RFC 5451 appendix B, which RFC 8601 has again, and the field that shows all that its grammar allows (RFC 8601 §2.2). */
test.each([
  ['example.org', 'Authentication-Results: example.org; none\r\n'],
  ['example.com', 'Authentication-Results: example.com;\r\n          spf=pass smtp.mailfrom=example.net\r\n'],
  [
    'example.com',
    'Authentication-Results: example.com;\r\n          auth=pass (cram-md5) smtp.auth=sender@example.com;\r\n          spf=pass smtp.mailfrom=example.com\r\n',
  ],
  [
    'example.net',
    'Authentication-Results: example.net;\r\n       dkim=pass (good signature) header.i=@newyork.example.com\r\n',
  ],
  [
    'foo.example.net',
    "Authentication-Results: foo.example.net (foobar) 1 (baz);\r\n    dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n      policy (A dot can go here) . (like that) expired\r\n      (this surprised me) = (as I wasn't expecting it) 1362471462\r\n",
  ],
])('of the examples in the RFCs that of %s is its own, and no other', (name, field) => {
  const read = (hostname: string) => {
    const own = new OwnResultsFilter(hostname);
    return Buffer.concat([own.push(Buffer.from(`${field}Subject: x\r\n\r\n`)), own.finish()]).toString();
  };
  expect(read(name)).toBe('Subject: x\r\n\r\n');
  expect(read('mx.example')).toBe(`${field}Subject: x\r\n\r\n`);
});
