import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fingerprintFromOctets, fingerprintOctets, formatFingerprint, parseFingerprint } from './fingerprint.ts';

const digests = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((octets) => Buffer.from(octets));

test('every way that people write a fingerprint is the same one', () => {
  fc.assert(
    fc.property(digests, (digest) => {
      const hex = digest.toString('hex');
      const withColons = hex.toUpperCase().match(/../g)?.join(':') ?? '';
      const base64 = digest.toString('base64');
      const fingerprint = fingerprintFromOctets(digest);
      expect(fingerprintOctets(fingerprint)).toEqual(digest);
      const bare = base64.slice(0, -1);
      for (const text of [fingerprint, `${fingerprint}=`, hex, withColons, base64, bare, `sha256:${hex}`]) {
        expect(parseFingerprint(text)).toBe(fingerprint);
      }
      expect(parseFingerprint(formatFingerprint(fingerprint))).toBe(fingerprint);
      expect(parseFingerprint(` SHA256:${bare}\n`)).toBe(fingerprint);
    }),
  );
});

const ZEROS = 'A'.repeat(43);

test.each([
  ['nothing', ''],
  ['a prefix alone', 'sha256:'],
  ['an octet too few', 'A'.repeat(42)],
  ['an octet too many', 'A'.repeat(44)],
  ['stray bits in the last digit', `${'A'.repeat(42)}B`],
  ['another character', `${'A'.repeat(42)}*`],
  ['a character among the digits', `${ZEROS.slice(0, 20)} ${ZEROS.slice(20)}`],
  ['hexadecimal of SHA-1', 'a'.repeat(40)],
  ['hexadecimal that is not', 'g'.repeat(64)],
  ['two prefixes', `sha256:sha256:${ZEROS}`],
  ['two paddings', `${ZEROS}==`],
  ['a long text', ZEROS.repeat(10_000)],
])('%s is no fingerprint', (_, text) => {
  expect(parseFingerprint(ZEROS)).not.toBeNull();
  expect(parseFingerprint(text)).toBeNull();
});

test('only 32 octets are a fingerprint', () => {
  expect(() => fingerprintFromOctets(Buffer.alloc(20))).toThrow(RangeError);
});
