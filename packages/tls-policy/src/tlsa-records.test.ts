import type { Tlsa } from '@postel/dns';
import { makeTestCertificate } from '@postel/testkit';
import { expect, test } from 'vitest';
import { formatTlsa, usableRecords } from './tlsa-records.ts';

const SHA256 = Buffer.alloc(32, 1);
const SHA512 = Buffer.alloc(64, 2);

function tlsa(usage: number, selector: number, matchingType: number, data: Buffer): Tlsa {
  return { usage, selector, matchingType, data };
}

test.for<[string, Tlsa]>([
  ['of PKIX-TA', tlsa(0, 0, 1, SHA256)],
  ['of PKIX-EE', tlsa(1, 1, 1, SHA256)],
  ['of a usage that is not known', tlsa(4, 1, 1, SHA256)],
  ['of a selector that is not known', tlsa(3, 2, 1, SHA256)],
  ['of a matching type that is not known', tlsa(3, 1, 3, SHA256)],
  ['with half a digest', tlsa(3, 1, 1, SHA256.subarray(16))],
  ['with a digest of another length', tlsa(3, 1, 1, SHA512)],
  ['with nothing', tlsa(3, 1, 1, Buffer.alloc(0))],
  ['with a certificate that is none', tlsa(3, 0, 0, Buffer.from('3000', 'hex'))],
  ['with a key that is none', tlsa(2, 1, 0, SHA256)],
])('a record %s is of no use', ([, record]) => {
  expect(usableRecords([record])).toEqual([]);
});

test('a key in full is one, and where a certificate is wanted it is none', async () => {
  const { certificate } = await makeTestCertificate({});
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  const right = [tlsa(3, 0, 0, certificate.raw), tlsa(3, 1, 0, key), tlsa(2, 0, 0, certificate.raw)];
  expect(usableRecords([...right, tlsa(3, 1, 0, certificate.raw), tlsa(3, 0, 0, key)])).toEqual(right);
});

test('of two digests of one thing the stronger counts (RFC 7671 §9)', () => {
  const weaker = tlsa(3, 1, 1, SHA256);
  const stronger = tlsa(3, 1, 2, SHA512);
  const another = tlsa(2, 1, 1, SHA256);
  expect(usableRecords([weaker, stronger, another])).toEqual([stronger, another]);
  // One that cannot be used takes nothing away.
  expect(usableRecords([weaker, tlsa(3, 1, 2, SHA256)])).toEqual([weaker]);
});

test('a record is written as RFC 6698 §2.2 does', () => {
  expect(formatTlsa(tlsa(3, 1, 1, Buffer.from('00ff', 'hex')))).toBe('3 1 1 00ff');
});
