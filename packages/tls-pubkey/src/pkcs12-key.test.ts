import { expect, test } from 'vitest';
import { derivePkcs12Key, type Pkcs12Derivation } from './pkcs12-key.ts';

/** Known from the days of PKCS#12 1.0, and in the tests of most libraries. */
const KNOWN: readonly (readonly [Pkcs12Derivation['purpose'], string, string, number, string])[] = [
  ['key', 'smeg', '0A58CF64530D823F', 1, '8AAAE6297B6CB04642AB5B077851284EB7128F1A2A7FBCA3'],
  ['iv', 'smeg', '0A58CF64530D823F', 1, '79993DFE048D3B76'],
  ['mac', 'smeg', '3D83C0E4546AC140', 1, '8D967D88F6CAA9D714800AB3D48051D63F73A312'],
  ['key', 'queeg', '05DEC959ACFF72F7', 1_000, 'ED2034E36328830FF09DF1E1A07DD357185DAC0D4F9EB3D4'],
  ['iv', 'queeg', '05DEC959ACFF72F7', 1_000, '11DEDAD7758D4860'],
  ['mac', 'queeg', '263216FCC2FAB31C', 1_000, '5EC4C7A80DF652294C3925B6489A7AB857C83476'],
];

test.each(KNOWN)('RFC 7292 appendix B.2 with SHA-1: %s of %j', (purpose, password, salt, iterations, expected) => {
  const derivation = { purpose, hash: 'sha1', password, salt: Buffer.from(salt, 'hex'), iterations } as const;
  const key = derivePkcs12Key({ ...derivation, octets: expected.length / 2 });
  expect(key.toString('hex').toUpperCase()).toBe(expected);
});
