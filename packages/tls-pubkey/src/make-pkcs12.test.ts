import { mkdirSync, writeFileSync } from 'node:fs';
import { requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import { makeCertificate } from './make-certificate.ts';
import { type MadeKeyType, makeKeyPair } from './make-key-pair.ts';
import { makePkcs12, type Pkcs12Format } from './make-pkcs12.ts';
import { formatPem } from './pem.ts';
import { Workshop } from './workshop-for-tests.ts';

const PASSWORD = 'kk2ff-9pqrs-tuvwx-yz345';
const TEXT = { name: 'mary', notBefore: new Date('2026-01-01'), notAfter: new Date('2046-01-01') };

async function make(type: MadeKeyType, format: Pkcs12Format, friendlyName = 'Mary’s laptop') {
  const { privateKey } = await makeKeyPair(type);
  // NSS has one name for all certificates of one subject.
  const certificate = makeCertificate(privateKey, { ...TEXT, name: friendlyName });
  const file = makePkcs12({ privateKey, certificate, password: PASSWORD, friendlyName }, format);
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return { file, keyPem: pem, certificatePem: formatPem('CERTIFICATE', certificate) };
}

const FORMS = [
  ['p256', 'modern'],
  ['ed25519', 'modern'],
  ['p256', 'legacy'],
  ['ed25519', 'legacy'],
] as const;

test.for(FORMS)('openssl imports %s, %s', async ([type, format], { skip }) => {
  requirePrograms(skip, 'openssl');
  const { file, keyPem, certificatePem } = await make(type, format);
  using openssl = new Workshop();
  writeFileSync(openssl.path('mary.p12'), file);
  const imported = openssl.run(`openssl pkcs12 -in mary.p12 -nodes -passin pass:${PASSWORD}`);
  expect(imported).toContain(keyPem);
  expect(imported).toContain(certificatePem);
  expect(imported.match(/friendlyName: Mary.*laptop/g)).toHaveLength(2);
  expect(new Set(imported.match(/localKeyID: .*/g)).size).toBe(1);
  expect(() => openssl.run('openssl pkcs12 -in mary.p12 -nodes -passin pass:wrong')).toThrow(/invalid password/);
});

test('the algorithms are those that are said', async ({ skip }) => {
  requirePrograms(skip, 'openssl');
  using openssl = new Workshop();
  for (const format of ['modern', 'legacy'] as const) {
    writeFileSync(openssl.path(`${format}.p12`), (await make('p256', format)).file);
  }
  const info = (name: string) => openssl.complaints(`openssl pkcs12 -info -noout -in ${name} -passin pass:${PASSWORD}`);
  const modern = info('modern.p12');
  expect(modern).toContain('MAC: sha256, Iteration 2048');
  expect(modern.match(/PBES2, PBKDF2, AES-256-CBC, Iteration 2048, PRF hmacWithSHA256/g)).toHaveLength(2);
  const legacy = info('legacy.p12');
  expect(legacy).toContain('MAC: sha1, Iteration 2048');
  expect(legacy.match(/pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048/g)).toHaveLength(2);
});

test.for(FORMS)('GnuTLS imports %s, %s', async ([type, format], { skip }) => {
  requirePrograms(skip, 'certtool');
  const { file, certificatePem } = await make(type, format);
  using gnutls = new Workshop();
  writeFileSync(gnutls.path('mary.p12'), file);
  const imported = gnutls.run(`certtool --p12-info --inder --infile mary.p12 --password ${PASSWORD}`);
  expect(imported).toContain(certificatePem);
  const [encrypted = ''] = imported.match(/-----BEGIN ENCRYPTED PRIVATE KEY-----[^-]+-----END [^\n]+/) ?? [];
  writeFileSync(gnutls.path('key.pem'), encrypted);
  const decrypted = gnutls.run(`certtool --pubkey-info --load-privkey key.pem --password ${PASSWORD}`);
  expect(decrypted).toContain(type === 'p256' ? 'Curve:	SECP256R1' : 'Curve:	Ed25519');
});

test.for(['modern', 'legacy'] as const)('NSS imports p256, %s', async (format, { skip }) => {
  requirePrograms(skip, 'certutil', 'pk12util');
  using nss = new Workshop();
  mkdirSync(nss.path('db'));
  nss.run('certutil -N -d sql:db --empty-password');
  for (const name of ['laptop', 'phone']) {
    writeFileSync(nss.path('mary.p12'), (await make('p256', format, name)).file);
    expect(nss.run(`pk12util -i mary.p12 -d sql:db -W ${PASSWORD}`)).toContain('PKCS12 IMPORT SUCCESSFUL');
  }
  const keys = nss.run('certutil -K -d sql:db');
  expect(keys).toMatch(/ec +[0-9a-f]{40} +laptop/);
  expect(keys).toMatch(/ec +[0-9a-f]{40} +phone/);
  expect(() => nss.run('pk12util -i mary.p12 -d sql:db -W wrong')).toThrow();
});

test('what programs read in different ways is refused', async () => {
  const { privateKey } = await makeKeyPair('p256');
  const content = { privateKey, certificate: makeCertificate(privateKey, TEXT), password: PASSWORD, friendlyName: 'x' };
  for (const password of ['', 'pässword', 'a\tb', 'x'.repeat(129)]) {
    expect(() => makePkcs12({ ...content, password })).toThrow(RangeError);
  }
  for (const friendlyName of ['', 'x'.repeat(101)]) {
    expect(() => makePkcs12({ ...content, friendlyName })).toThrow(RangeError);
  }
});

test('neither salts nor initialization vectors are used twice', async () => {
  const { privateKey } = await makeKeyPair('p256');
  const content = { privateKey, certificate: makeCertificate(privateKey, TEXT), password: PASSWORD, friendlyName: 'x' };
  for (const format of ['modern', 'legacy'] as const) {
    expect(makePkcs12(content, format)).not.toEqual(makePkcs12(content, format));
  }
});
