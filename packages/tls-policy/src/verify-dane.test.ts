import { type CertificateWishes, type MadeCertificate, makeTestCertificate } from '@postel/testkit';
import { beforeAll, expect, test } from 'vitest';
import { shakeHands } from './testing/shake-hands.ts';
import { tlsaOf } from './testing/tlsa-of.ts';
import type { FailureType } from './tls-failure.ts';
import { usableRecords } from './tlsa-records.ts';
import { verifyDane } from './verify-dane.ts';

const HOST = 'mx.example.org';
const DOMAIN = 'example.org';
const NOW = new Date();

let root: MadeCertificate;
let middle: MadeCertificate;
let server: MadeCertificate;
let stranger: MadeCertificate;

beforeAll(async () => {
  root = await makeTestCertificate({ commonName: 'root', isAuthority: true });
  middle = await makeTestCertificate({ commonName: 'middle', isAuthority: true, issuer: root });
  server = await makeTestCertificate({ names: [HOST], issuer: middle });
  stranger = await makeTestCertificate({ commonName: 'root', isAuthority: true });
});

const combinations = ['0', '1'].flatMap((selector) => ['0', '1', '2'].map((type) => `${selector} ${type}`));

test.for(combinations)('DANE-EE: 3 %s is of the certificate, and of no other', async (parameters) => {
  const peer = await shakeHands([server, middle]);
  const verify = (of: MadeCertificate) => verifyDane(usableRecords([tlsaOf(`3 ${parameters}`, of)]), [], peer, NOW);
  expect(verify(server)).toBeNull();
  expect(verify(middle)?.type).toBe('validation-failure');
  expect(verify(stranger)?.type).toBe('validation-failure');
});

test('DANE-EE: neither name, nor dates, nor who signed it matter', async () => {
  const odd = await makeTestCertificate({
    names: ['elsewhere.example'],
    fromDays: -20,
    toDays: -10,
    isForClients: true,
  });
  expect(verifyDane([tlsaOf('3 1 1', odd)], [], await shakeHands([odd]), NOW)).toBeNull();
});

test.for(combinations)(
  'DANE-TA: 2 %s is of an authority in the chain, for the right name alone',
  async (parameters) => {
    const peer = await shakeHands([server, middle, root]);
    const verify = (of: MadeCertificate, name: string) =>
      verifyDane(usableRecords([tlsaOf(`2 ${parameters}`, of)]), [name], peer, NOW);
    expect(verify(middle, HOST)).toBeNull();
    expect(verify(root, HOST)).toBeNull();
    expect(verify(root, 'mx.example.net')?.type).toBe('certificate-host-mismatch');
    expect(verify(stranger, HOST)?.type).toBe('validation-failure');
    // The server's own certificate is no authority.
    expect(verify(server, HOST)?.type).toBe('validation-failure');
  },
);

test('DANE-TA: an authority that stands in the DNS in full need not be in the chain', async () => {
  const peer = await shakeHands([server, middle]);
  const verify = (parameters: string, of: MadeCertificate) =>
    verifyDane([tlsaOf(parameters, of)], [HOST], peer, NOW)?.type ?? null;
  expect(verify('2 0 0', root)).toBeNull();
  expect(verify('2 1 0', root)).toBeNull();
  expect(verify('2 0 1', root)).toBe('validation-failure');
  expect(verify('2 1 1', root)).toBe('validation-failure');
  expect(verify('2 0 0', stranger)).toBe('validation-failure');
  expect(verify('2 1 0', stranger)).toBe('validation-failure');
});

test('one record that is right is enough', async () => {
  const peer = await shakeHands([server, middle]);
  const records = [tlsaOf('3 1 1', stranger), tlsaOf('2 1 1', stranger), tlsaOf('3 0 1', server)];
  expect(verifyDane(records, [HOST], peer, NOW)).toBeNull();
});

test.for<[string, readonly string[], string | undefined, FailureType | null]>([
  ['the name', [HOST], undefined, null],
  ['the domain', [DOMAIN], undefined, null],
  ['any name at its place', ['*.example.org'], undefined, null],
  ['any name two labels above', ['*.org'], undefined, 'certificate-host-mismatch'],
  ['a part of a label', ['m*.example.org'], undefined, 'certificate-host-mismatch'],
  ['names, and ours as its subject', ['mx.example.net'], HOST, 'certificate-host-mismatch'],
  ['ours as its subject alone', [], HOST, null],
  ['nothing', [], undefined, 'certificate-host-mismatch'],
])('DANE-TA: a certificate for %s (RFC 7672 §3.2.3)', async ([, names, commonName, expected]) => {
  const made = await makeTestCertificate({ names, issuer: root, ...(commonName === undefined ? {} : { commonName }) });
  const peer = await shakeHands([made, root]);
  expect(verifyDane([tlsaOf('2 0 1', root)], [HOST, DOMAIN], peer, NOW)?.type ?? null).toBe(expected);
});

test.for<[string, CertificateWishes, CertificateWishes, FailureType | null]>([
  ['in order', {}, {}, null],
  ['expired', { toDays: -1, fromDays: -3 }, {}, 'certificate-expired'],
  ['of tomorrow', { fromDays: 1 }, {}, 'certificate-not-trusted'],
  ['for a client', { isForClients: true }, {}, 'certificate-not-trusted'],
  ['under an expired authority', {}, { toDays: -1, fromDays: -3 }, 'certificate-expired'],
  ['under who is no authority', {}, { isAuthority: false }, 'certificate-not-trusted'],
  ['under an authority with limits', {}, { hasNameConstraints: true }, 'certificate-not-trusted'],
  ['under an authority with a path of 0', {}, { pathLength: 0 }, null],
])('DANE-TA: a certificate that is %s', async ([, serverWishes, middleWishes, expected]) => {
  const between = await makeTestCertificate({ commonName: 'm', isAuthority: true, issuer: root, ...middleWishes });
  const made = await makeTestCertificate({ names: [HOST], issuer: between, ...serverWishes });
  const peer = await shakeHands([made, between, root]);
  expect(verifyDane([tlsaOf('2 1 1', root)], [HOST], peer, NOW)?.type ?? null).toBe(expected);
});

test('DANE-TA: an authority signs no more authorities than it may', async () => {
  const narrow = await makeTestCertificate({ commonName: 'narrow', isAuthority: true, pathLength: 0 });
  const below = await makeTestCertificate({ commonName: 'below', isAuthority: true, issuer: narrow });
  const made = await makeTestCertificate({ names: [HOST], issuer: below });
  const peer = await shakeHands([made, below, narrow]);
  expect(verifyDane([tlsaOf('2 1 1', narrow)], [HOST], peer, NOW)?.type).toBe('certificate-not-trusted');
});

test('DANE-TA: who has the name of the authority, but not its key, is not taken for it', async () => {
  const forged = await makeTestCertificate({ names: [HOST], issuer: stranger });
  const peer = await shakeHands([forged, stranger, root]);
  for (const parameters of ['2 0 0', '2 1 0', '2 0 1', '2 1 1', '2 1 2']) {
    expect(verifyDane([tlsaOf(parameters, root)], [HOST], peer, NOW)?.type).toBe('validation-failure');
  }
});

test('DANE-TA: a signature that can be forged is none', async () => {
  const weak = await makeTestCertificate({ names: [HOST], issuer: root, hash: 'SHA-1' });
  const chain = [weak.certificate, root.certificate] as const;
  expect(verifyDane([tlsaOf('2 1 1', root)], [HOST], { chain }, NOW)?.type).toBe('certificate-not-trusted');
});
