import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import { readClientKey } from './client-key.ts';
import { makeCertificate } from './make-certificate.ts';
import { makeKeyPair } from './make-key-pair.ts';
import { formatPem } from './pem.ts';
import { Workshop } from './workshop-for-tests.ts';

const TEXT = { name: 'Mary’s laptop', notBefore: new Date('2026-01-01'), notAfter: new Date('2046-01-01') };

const KINDS = [
  ['ed25519', () => generateKeyPairSync('ed25519')],
  ['ecdsa-p256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['ecdsa-p384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ['rsa-2048', () => generateKeyPairSync('rsa', { modulusLength: 2_048 })],
] as const;

test.for(KINDS)(
  'a certificate of an %s key is signed by it, and says what it shall',
  ([keyType, generate], { skip }) => {
    requirePrograms(skip, 'openssl', 'certtool');
    const { privateKey, publicKey } = generate();
    const octets = makeCertificate(privateKey, TEXT);
    expect(readClientKey(octets)).toMatchObject({ type: 'key', key: { keyType } });
    const certificate = new X509Certificate(octets);
    expect(certificate.verify(publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(privateKey)).toBe(true);
    expect(certificate).toMatchObject({ subject: 'CN=Mary’s laptop', issuer: 'CN=Mary’s laptop', ca: false });
    expect(certificate.validFromDate).toEqual(TEXT.notBefore);
    expect(certificate.validToDate).toEqual(TEXT.notAfter);

    using others = new Workshop();
    writeFileSync(others.path('mary.pem'), formatPem('CERTIFICATE', octets));
    const verified =
      'openssl verify -x509_strict -check_ss_sig -partial_chain -purpose sslclient -trusted mary.pem mary.pem';
    expect(others.run(verified)).toContain('mary.pem: OK');
    const purposes = others.run('openssl x509 -in mary.pem -noout -purpose');
    expect(purposes).toContain('SSL client : Yes');
    expect(purposes).toContain('SSL server : No');
    expect(others.run('certtool --certificate-info --infile mary.pem')).toContain('TLS WWW Client.');
  },
);

test('just an Ed25519 private key is enough for a certificate, and the same one each time', () => {
  // RFC 8410 §10.3.
  const pem = formatPem(
    'PRIVATE KEY',
    Buffer.from(
      '302e020100300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842',
      'hex',
    ),
  );
  const octets = makeCertificate(createPrivateKey(pem), TEXT);
  expect(makeCertificate(createPrivateKey(pem), TEXT)).toEqual(octets);
  expect(octets.includes(Buffer.from('19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1', 'hex'))).toBe(
    true,
  );
});

test('two certificates of one name have two serial numbers, without a sign and of one length', async () => {
  const serials = new Set<string>();
  for (let i = 0; i < 50; i++) {
    const { privateKey } = await makeKeyPair('ed25519');
    serials.add(new X509Certificate(makeCertificate(privateKey, TEXT)).serialNumber);
  }
  expect(serials.size).toBe(50);
  for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
});

test('what nobody would accept is not made', async () => {
  const { privateKey } = await makeKeyPair('p256');
  expect(() => makeCertificate(privateKey, { ...TEXT, name: '' })).toThrow(RangeError);
  expect(() => makeCertificate(privateKey, { ...TEXT, name: 'x'.repeat(65) })).toThrow(RangeError);
  expect(makeCertificate(privateKey, { ...TEXT, name: 'x'.repeat(64) })).toBeInstanceOf(Buffer);
  const other = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  expect(() => makeCertificate(other.privateKey, TEXT)).toThrow('secp256k1');
});
