import { createHash, createPublicKey, randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { requirePrograms } from '@postel/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type KeyReading, readClientKey, readSubjectPublicKeyInfo } from './client-key.ts';
import { bitString, integer, nullValue, objectIdentifier, sequence } from './der.ts';
import { readKeyFile } from './key-file.ts';
import { MAX_CERTIFICATE_OCTETS, MAX_KEY_FILE_OCTETS } from './limits.ts';
import { makeCertificate } from './make-certificate.ts';
import { makeKeyPair } from './make-key-pair.ts';
import { formatPem } from './pem.ts';
import { Workshop } from './workshop-for-tests.ts';

const NOW = { name: 'mary', notBefore: new Date('2026-01-01'), notAfter: new Date('2036-01-01') };

test.for([
  ['-algorithm ed25519', 'ed25519'],
  ['-algorithm EC -pkeyopt ec_paramgen_curve:P-256', 'ecdsa-p256'],
  ['-algorithm EC -pkeyopt ec_paramgen_curve:P-384', 'ecdsa-p384'],
  ['-algorithm RSA -pkeyopt rsa_keygen_bits:2048', 'rsa-2048'],
  ['-algorithm RSA -pkeyopt rsa_keygen_bits:3072', 'rsa-3072'],
])("openssl's %s is %s, by certificate and by public key alone", ([options, keyType], { skip }) => {
  requirePrograms(skip, 'openssl');
  using openssl = new Workshop();
  openssl.run(`openssl genpkey -out key.pem ${options}`);
  openssl.run('openssl req -x509 -key key.pem -subj /CN=mary -outform DER -out mary.der');
  openssl.run('openssl req -x509 -key key.pem -subj /CN=another -out another.pem');
  openssl.run('openssl pkey -in key.pem -pubout -out public.pem');
  openssl.run('openssl pkey -in key.pem -pubout -outform DER -out public.der');

  const reading = readClientKey(readFileSync(openssl.path('mary.der')));
  const subjectPublicKeyInfo = readFileSync(openssl.path('public.der'));
  const fingerprint = createHash('sha256').update(subjectPublicKeyInfo).digest('base64url');
  expect(reading).toEqual({ type: 'key', key: { fingerprint, subjectPublicKeyInfo, keyType } });

  expect(readClientKey(new X509Certificate(readFileSync(openssl.path('another.pem'))))).toEqual(reading);
  for (const file of ['mary.der', 'another.pem', 'public.pem']) {
    expect(readKeyFile(readFileSync(openssl.path(file)))).toEqual(reading);
  }
});

test.for([
  ['-algorithm RSA -pkeyopt rsa_keygen_bits:1024', 'RSA keys need 2048 bits or more, and this one has 1024'],
  ['-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048', 'keys of type rsa-pss are not accepted; Ed25519, '],
  ['-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1', 'the curve secp256k1 is not accepted; Ed25519, '],
  ['-algorithm EC -pkeyopt ec_paramgen_curve:P-521', 'the curve secp521r1 is not accepted; Ed25519, '],
  ['-algorithm EC -pkeyopt ec_paramgen_curve:sm2', 'keys of type unknown are not accepted; Ed25519, '],
  ['-algorithm ed448', 'keys of type ed448 are not accepted; Ed25519, '],
  ['-genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024', 'keys of type dsa are not accepted; Ed25519, '],
] as const)("hardening 21: openssl's %s is refused", ([options, reason], { skip }) => {
  requirePrograms(skip, 'openssl');
  using openssl = new Workshop();
  openssl.run(`openssl genpkey -out key.pem ${options}`);
  if (options.startsWith('-genparam')) openssl.run('openssl genpkey -paramfile key.pem -out key.pem');
  openssl.run('openssl req -x509 -key key.pem -subj /CN=mary -out mary.pem');
  openssl.run('openssl pkey -in key.pem -pubout -out public.pem');
  for (const file of ['mary.pem', 'public.pem']) {
    const reading = readKeyFile(readFileSync(openssl.path(file)));
    expect(reading.type === 'refused' && reading.reason).toContain(reason);
  }
});

test.for([
  ['with its point compressed', '-conv_form compressed'],
  ['with its curve written out in full', '-param_enc explicit'],
])('hardening 21: a key has one identity, also %s', ([, option], { skip }) => {
  requirePrograms(skip, 'openssl');
  using openssl = new Workshop();
  openssl.run('openssl ecparam -name prime256v1 -genkey -noout -out key.pem');
  openssl.run('openssl req -x509 -key key.pem -subj /CN=mary -out usual.pem');
  openssl.run(`openssl ec -in key.pem ${option} -out unusual-key.pem`);
  openssl.run('openssl req -x509 -key unusual-key.pem -subj /CN=mary -out unusual.pem');
  const [usual, unusual] = ['usual.pem', 'unusual.pem'].map((file) => {
    const pem = readFileSync(openssl.path(file));
    return { octets: new X509Certificate(pem).raw.length, reading: readKeyFile(pem) };
  });
  expect(usual?.reading.type).toBe('key');
  expect(unusual?.reading).toEqual(usual?.reading);
  expect(Math.abs((unusual?.octets ?? 0) - (usual?.octets ?? 0))).toBeGreaterThan(16);
});

test.each([
  [2_047, 'refused'],
  [2_048, 'key'],
  [8_192, 'key'],
  [8_193, 'refused'],
  [16_384, 'refused'],
])('an RSA key of %i bits: %s', (bits, type) => {
  expect(readSubjectPublicKeyInfo(rsaKey(bits)).type).toBe(type);
});

test('hardening 21: dates, names and signatures mean nothing', async () => {
  const { privateKey } = await makeKeyPair('p256');
  const expired = makeCertificate(privateKey, { ...NOW, notAfter: new Date('2026-01-02') });
  const notYet = makeCertificate(privateKey, { ...NOW, name: 'root', notBefore: new Date('2035-01-01') });
  const badlySigned = Buffer.from(notYet);
  badlySigned.writeUInt8(badlySigned.readUInt8(badlySigned.length - 1) ^ 1, badlySigned.length - 1);
  const reading = readClientKey(expired);
  expect(reading.type).toBe('key');
  expect(readClientKey(notYet)).toEqual(reading);
  expect(readClientKey(badlySigned)).toEqual(reading);
});

test('hostile certificates: cut, changed and made up, all are answered', async () => {
  const kinds = await Promise.all([makeKeyPair('p256'), makeKeyPair('ed25519')]);
  const certificates = kinds.map(({ privateKey }) => makeCertificate(privateKey, NOW));
  const whole = fc.constantFrom(...certificates);
  const damage = fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { minLength: 1, maxLength: 8 });
  const cut = fc.tuple(whole, fc.nat(600)).map(([octets, length]) => octets.subarray(0, length));
  const changed = fc.tuple(whole, damage).map(([octets, changes]) => {
    const copy = Buffer.from(octets);
    for (const [at, octet] of changes) copy[at % copy.length] = octet;
    return copy;
  });
  const invented = fc.uint8Array({ maxLength: 200 }).map((octets) => Buffer.from(octets));
  fc.assert(
    fc.property(fc.oneof(cut, changed, invented), (octets) => {
      for (const read of [readClientKey, readSubjectPublicKeyInfo, readKeyFile]) check(read(octets));
      check(readKeyFile(Buffer.from(formatPem('CERTIFICATE', octets))));
      check(readKeyFile(Buffer.from(formatPem('PUBLIC KEY', octets))));
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['a certificate', readClientKey, MAX_CERTIFICATE_OCTETS],
  ['a public key', readSubjectPublicKeyInfo, MAX_CERTIFICATE_OCTETS],
  ['a file', readKeyFile, MAX_KEY_FILE_OCTETS],
])('%s above the limit is not looked at', (_, read, limit) => {
  const reading = read(Buffer.alloc(limit + 1));
  expect(reading.type === 'refused' && reading.reason).toContain(`larger than ${limit} octets`);
});

test('a file without a key says what it has', async () => {
  const reasonOf = (text: string) => {
    const reading = readKeyFile(Buffer.from(text));
    return reading.type === 'refused' && reading.reason;
  };
  const { privateKey, publicKey } = await makeKeyPair('ed25519');
  const secret = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  expect(reasonOf('')).toBe('nothing was given');
  expect(reasonOf('hello')).toBe('the certificate, or the key in it, cannot be read');
  expect(reasonOf(formatPem('X509 CRL', Buffer.of(1)))).toBe('there is neither a certificate nor a public key in it');
  expect(reasonOf(secret)).toContain('only a private key');
  const both = readKeyFile(Buffer.from(secret + publicKey.export({ format: 'pem', type: 'spki' })));
  expect(both).toMatchObject({ type: 'key', key: { keyType: 'ed25519' } });
});

/** The reading is one or the other, and what is a key is one to others too. */
function check(reading: KeyReading): void {
  if (reading.type === 'refused') {
    expect(reading.reason).not.toBe('');
    return;
  }
  const { subjectPublicKeyInfo, fingerprint } = reading.key;
  createPublicKey({ key: subjectPublicKeyInfo, format: 'der', type: 'spki' });
  expect(fingerprint).toHaveLength(43);
}

/** RFC 8017 appendix A.1.1, in SubjectPublicKeyInfo. Nobody knows its private key. */
function rsaKey(bits: number): Buffer {
  const modulus = randomBytes(Math.ceil(bits / 8));
  const highBit = 1 << ((bits - 1) % 8);
  modulus[0] = ((modulus[0] ?? 0) & (highBit - 1)) | highBit;
  modulus[modulus.length - 1] = (modulus.at(-1) ?? 0) | 1;
  const algorithm = sequence(objectIdentifier('1.2.840.113549.1.1.1'), nullValue());
  return sequence(algorithm, bitString(sequence(integer(modulus), integer(65_537))));
}
