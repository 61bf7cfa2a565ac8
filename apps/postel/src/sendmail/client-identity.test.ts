import { type createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { formatPem, makeCertificate, makeKeyPair } from '@postel/tls-pubkey';
import { expect, test } from 'vitest';
import { parseClientIdentity } from './client-identity.ts';

const TEXT = { name: 'laptop', notBefore: new Date('2026-01-01'), notAfter: new Date('2027-01-01') };
const pemOf = (key: ReturnType<typeof createPublicKey>) => key.export({ type: 'pkcs8', format: 'pem' }).toString();

test.each(['ed25519', 'p256'] as const)('a private key of %s alone has a certificate made for it', async (type) => {
  const { privateKey } = await makeKeyPair(type);
  const identity = parseClientIdentity(pemOf(privateKey), 'key.pem');
  const certificate = new X509Certificate(identity.certificate);
  expect(certificate.checkPrivateKey(privateKey)).toBe(true);
  expect(identity.fingerprint).toMatch(/^[A-Za-z0-9_-]{43}$/);
});

test('a certificate beside the key is taken as it is', async () => {
  const { privateKey } = await makeKeyPair('ed25519');
  const certificate = formatPem('CERTIFICATE', makeCertificate(privateKey, TEXT));
  expect(parseClientIdentity(certificate + pemOf(privateKey), 'key.pem').certificate).toBe(certificate);
});

test('what cannot be used is refused, and says why', async () => {
  const { privateKey } = await makeKeyPair('ed25519');
  const { privateKey: other } = await makeKeyPair('ed25519');
  const certificate = formatPem('CERTIFICATE', makeCertificate(other, TEXT));
  const small = generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey;
  const locked = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString();
  for (const [text, message] of [
    ['', /no private key/],
    [certificate, /no private key/],
    [locked, /without a passphrase/],
    [certificate + pemOf(privateKey), /for another key/],
    [pemOf(small), /key\.pem/],
  ] as const) {
    expect(() => parseClientIdentity(text, 'key.pem')).toThrow(expect.objectContaining({ exitCode: 78 }));
    expect(() => parseClientIdentity(text, 'key.pem')).toThrow(message);
  }
});
