import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isHostOfPolicy, parseStsPolicy, stsPolicyLines } from './sts-policy.ts';

const MX = 'mx: mail.example.com';

test('the policy of RFC 8461 §3.2', () => {
  const text =
    'version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmx: backupmx.example.com\r\nmax_age: 604800\r\n';
  const policy = {
    mode: 'enforce',
    mx: ['mail.example.com', '*.example.net', 'backupmx.example.com'],
    maxAgeSeconds: 604_800,
  };
  expect(parseStsPolicy(text)).toEqual(policy);
});

test.for<[string, string, object]>([
  ['LF at the end of lines', `version: STSv1\nmode: testing\n${MX}\nmax_age: 1`, { mode: 'testing' }],
  [
    'no space, many spaces, and spaces at the end',
    `version:STSv1\nmode: \t testing \t\n${MX}\nmax_age: 1`,
    { mode: 'testing' },
  ],
  ['another order, and empty lines', `\n${MX}\n\nmax_age: 1\nmode: none\nversion: STSv1\n\n`, { mode: 'none' }],
  ['no mx where there is no policy', 'version: STSv1\nmode: none\nmax_age: 1', { mode: 'none', mx: [] }],
  ['fields that are not known', `version: STSv1\nmode: enforce\n${MX}\nmax_age: 1\nx.y: Grüße!`, { mode: 'enforce' }],
  [
    'fields twice, of which the first counts',
    `version: STSv1\nmode: enforce\nmode: none\n${MX}\nmax_age: 1\nmax_age: 2`,
    { mode: 'enforce', maxAgeSeconds: 1 },
  ],
  ['an mx in capitals', 'version: STSv1\nmode: enforce\nmx: *.EXAMPLE.com\nmax_age: 1', { mx: ['*.example.com'] }],
  [
    'a max_age that is too long',
    `version: STSv1\nmode: enforce\n${MX}\nmax_age: 9999999999`,
    { maxAgeSeconds: 31_557_600 },
  ],
])('a policy with %s', ([, text, expected]) => {
  expect(parseStsPolicy(text)).toMatchObject(expected);
});

test.for<[string, string]>([
  ['nothing', ''],
  ['no version', `mode: enforce\n${MX}\nmax_age: 1`],
  ['another version', `version: STSv2\nmode: enforce\n${MX}\nmax_age: 1`],
  ['a field in capitals', `Version: STSv1\nmode: enforce\n${MX}\nmax_age: 1`],
  ['no mode', `version: STSv1\n${MX}\nmax_age: 1`],
  ['a mode that is not known', `version: STSv1\nmode: Enforce\n${MX}\nmax_age: 1`],
  ['no mx', 'version: STSv1\nmode: enforce\nmax_age: 1'],
  ['no max_age', `version: STSv1\nmode: enforce\n${MX}`],
  ['a negative max_age', `version: STSv1\nmode: enforce\n${MX}\nmax_age: -1`],
  ['a max_age of 11 digits', `version: STSv1\nmode: enforce\n${MX}\nmax_age: 10000000000`],
  ['a wildcard within an mx', 'version: STSv1\nmode: enforce\nmx: mail.*.com\nmax_age: 1'],
  ['a wildcard for part of a label', 'version: STSv1\nmode: enforce\nmx: m*.example.com\nmax_age: 1'],
  ['a wildcard alone', 'version: STSv1\nmode: enforce\nmx: *\nmax_age: 1'],
  ['two wildcards', 'version: STSv1\nmode: enforce\nmx: *.*.example.com\nmax_age: 1'],
  ['an mx that is no name', 'version: STSv1\nmode: enforce\nmx: mail_1.example.com\nmax_age: 1'],
  ['an mx of other letters', 'version: STSv1\nmode: enforce\nmx: bücher.example\nmax_age: 1'],
  ['a list of mx', 'version: STSv1\nmode: enforce\nmx: a.example, b.example\nmax_age: 1'],
  ['HTML', '<html><body>version: STSv1</body></html>'],
  ['an octet that is NUL', `version: STSv1\nmode: enforce\n${MX}\nmax_age: 1\nx: a\0b`],
  ['CR alone at the end of lines', `version: STSv1\rmode: enforce\r${MX}\rmax_age: 1`],
  ['a value that is nothing', `version: STSv1\nmode: enforce\n${MX}\nmax_age: 1\nx:`],
])('a policy with %s is none', ([, text]) => {
  expect(parseStsPolicy(text)).toBeTypeOf('string');
});

test('hardening 62: a policy of 64 kB is read in no time, and a longer one not at all', () => {
  const begun = performance.now();
  const policy = `version: STSv1\nmode: enforce\n${MX}\nmax_age: 1\nx: ${' '.repeat(64_000)}y`;
  expect(parseStsPolicy(policy)).toMatchObject({ mode: 'enforce' });
  expect(parseStsPolicy(`${policy}\n${'x: y\n'.repeat(1_000)}`)).toBe('the policy is too long');
  expect(parseStsPolicy(`version: STSv1\nmode: enforce\nmax_age: 1\n${'mx: a.b\n'.repeat(1_001)}`)).toBe(
    'the policy has too many mx',
  );
  expect(performance.now() - begun).toBeLessThan(500);
});

test('what reports tell of a policy is what it says', () => {
  const name = fc.constantFrom('mx.example.com', '*.example.net', 'a-1.example');
  const policy = fc.record({
    mode: fc.constantFrom('enforce' as const, 'testing' as const),
    mx: fc.array(name, { minLength: 1, maxLength: 5 }),
    maxAgeSeconds: fc.integer({ min: 0, max: 31_557_600 }),
  });
  fc.assert(
    fc.property(policy, (each) => {
      expect(parseStsPolicy(stsPolicyLines(each).join('\r\n'))).toEqual(each);
    }),
  );
});

test.for<[string, boolean]>([
  ['mail.example.com', true],
  ['MAIL.Example.COM', true],
  ['a.example.net', true],
  ['example.net', false],
  ['a.b.example.net', false],
  ['xmail.example.com', false],
  ['a.mail.example.com', false],
  ['mail.example.com.evil.example', false],
  ['192.0.2.1', false],
  ['', false],
])('hardening 41: whether %s is a host of the policy: %s (RFC 8461 §4.1)', ([host, expected]) => {
  const policy = { mode: 'enforce', mx: ['mail.example.com', '*.example.net'], maxAgeSeconds: 1 } as const;
  expect(isHostOfPolicy(policy, host)).toBe(expected);
});
