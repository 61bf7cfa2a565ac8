import type { AccountId } from '@postel/storage';
import { makeCertificate, makeKeyPair, readClientKey, type TlsPublicKey } from '@postel/tls-pubkey';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MAX_NAME_CHARACTERS } from './credential-name.ts';
import { startDirectory } from './directory-for-tests.ts';
import { MAX_KEYS_PER_ACCOUNT } from './tls-public-keys.ts';

let server: Awaited<ReturnType<typeof startDirectory>>;
beforeAll(async () => {
  server = await startDirectory();
  for (const name of ['mary', 'paul', 'full']) {
    await server.directory.addAccount({ name, address: `${name}@example.com`, password: 'tanstaaftanstaaf' });
  }
  await server.directory.addAddress('mary', 'Mary.Jones@example.com');
});
afterAll(() => server[Symbol.asyncDispose]());

const DATES = { notBefore: new Date('2026-01-01'), notAfter: new Date('2036-01-01') };

async function newKey(): Promise<TlsPublicKey> {
  const { privateKey } = await makeKeyPair('ed25519');
  const reading = readClientKey(makeCertificate(privateKey, { name: 'a key', ...DATES }));
  if (reading.type === 'refused') throw new Error(reading.reason);
  return reading.key;
}

async function addKey(login: string, { name = 'laptop', isImapPreauth = true } = {}): Promise<TlsPublicKey> {
  const key = await newKey();
  await server.directory.tlsPublicKeys.add({ login, key, name, isImapPreauth });
  return key;
}

async function directoryVersion(): Promise<number> {
  const [row] = await server.sql<{ version: string }[]>`select directory_version::text as version from installation`;
  return Number(row?.version);
}

test('a key identifies its account, with the address that was said in canonical form', async () => {
  const { directory } = server;
  const { fingerprint, subjectPublicKeyInfo } = await addKey('MARY.jones@Example.com.', { isImapPreauth: false });
  const [mary] = await server.sql<{ id: AccountId }[]>`select account_id as id from accounts where name = 'mary'`;
  expect(await directory.findClientKey(fingerprint)).toEqual({
    fingerprint,
    accountId: mary?.id,
    accountName: 'mary',
    name: 'laptop',
    loginAddress: 'mary.jones@example.com',
    isImapPreauth: false,
  });
  expect(await directory.tlsPublicKeys.get(fingerprint)).toEqual({
    fingerprint,
    subjectPublicKeyInfo,
    accountName: 'mary',
    name: 'laptop',
    keyType: 'ed25519',
    loginAddress: 'mary.jones@example.com',
    isImapPreauth: false,
    createdAt: expect.any(Date),
    lastUsedAt: null,
    lastUsedFrom: null,
  });
});

test("by an account's name, a key names no address", async () => {
  const { fingerprint } = await addKey('paul');
  expect(await server.directory.findClientKey(fingerprint)).toMatchObject({ accountName: 'paul', loginAddress: null });
});

test('hardening 21: a key that one account has, no other gets, nor hears whose it is', async () => {
  const { tlsPublicKeys } = server.directory;
  const key = await addKey('mary@example.com');
  const before = await directoryVersion();
  for (const login of ['paul@example.com', 'mary@example.com']) {
    const again = tlsPublicKeys.add({ login, key, name: 'mine', isImapPreauth: true });
    await expect(again).rejects.toMatchObject({ kind: 'key-exists', message: 'This key is registered already' });
  }
  expect(await tlsPublicKeys.get(key.fingerprint)).toMatchObject({ accountName: 'mary', name: 'laptop' });
  expect(await directoryVersion()).toBe(before);
});

test('hardening 21: a removed key is nobody’s at once, and every process can learn of it', async () => {
  const { directory } = server;
  const { fingerprint } = await addKey('mary@example.com', { name: 'old phone' });
  const before = await directoryVersion();
  expect(await directory.tlsPublicKeys.remove(fingerprint)).toMatchObject({ accountName: 'mary', name: 'old phone' });
  expect(await directoryVersion()).toBe(before + 1);
  expect(await directory.findClientKey(fingerprint)).toBeNull();
  expect(await directory.tlsPublicKeys.get(fingerprint)).toBeNull();
  await expect(directory.tlsPublicKeys.remove(fingerprint)).rejects.toMatchObject({ kind: 'no-such-key' });
  await addKey('mary@example.com');
  expect(await directoryVersion()).toBe(before + 2);
});

test('hardening 26: the key of a disabled account identifies nobody', async () => {
  await using own = await startDirectory();
  const { directory, sql } = own;
  await directory.addAccount({ name: 'mary', address: 'mary@example.com', password: 'tanstaaftanstaaf' });
  const key = await newKey();
  await directory.tlsPublicKeys.add({ login: 'mary', key, name: 'x', isImapPreauth: true });
  expect(await directory.findClientKey(key.fingerprint)).not.toBeNull();
  await sql`update accounts set is_disabled = true`;
  expect(await directory.findClientKey(key.fingerprint)).toBeNull();
  expect(await directory.tlsPublicKeys.list(null)).toHaveLength(1);
  await directory.removeAccount('mary');
  expect(await directory.tlsPublicKeys.list(null)).toEqual([]);
});

test('keys are listed by account, the oldest first', async () => {
  await using own = await startDirectory();
  const { tlsPublicKeys } = own.directory;
  for (const name of ['zoe', 'ann']) {
    await own.directory.addAccount({ name, address: `${name}@example.com`, password: 'tanstaaftanstaaf' });
    for (const device of ['laptop', 'phone']) {
      await tlsPublicKeys.add({ login: name, key: await newKey(), name: `${name} ${device}`, isImapPreauth: true });
    }
  }
  await own.sql`update tls_public_keys set created_at = now() - interval '1 day' where name like '%phone'`;
  await own.sql`update tls_public_keys set last_used_at = '2026-11-22', last_used_from = '192.0.2.7' where name = 'zoe phone'`;
  const names = async (login: string | null) => (await tlsPublicKeys.list(login)).map(({ name }) => name);
  expect(await names(null)).toEqual(['ann phone', 'ann laptop', 'zoe phone', 'zoe laptop']);
  expect(await names('zoe')).toEqual(['zoe phone', 'zoe laptop']);
  expect(await names('Ann@Example.com')).toEqual(['ann phone', 'ann laptop']);
  expect(await tlsPublicKeys.list('zoe')).toMatchObject([{ lastUsedFrom: '192.0.2.7' }, { lastUsedFrom: null }]);
  await expect(names('nobody')).rejects.toMatchObject({ kind: 'no-such-account' });
});

test('an account has a limited number of keys', async () => {
  const { tlsPublicKeys } = server.directory;
  for (let i = 0; i < MAX_KEYS_PER_ACCOUNT; i++) await addKey('full', { name: `${i}` });
  const above = { login: 'full', key: await newKey(), name: 'one more', isImapPreauth: true };
  await expect(tlsPublicKeys.add(above)).rejects.toMatchObject({ kind: 'too-many-keys' });
  const [oldest] = await tlsPublicKeys.list('full');
  if (oldest !== undefined) await tlsPublicKeys.remove(oldest.fingerprint);
  await tlsPublicKeys.add(above);
  expect(await tlsPublicKeys.list('full')).toHaveLength(MAX_KEYS_PER_ACCOUNT);
});

test.each(['', ' ', 'a\nb', 'a\x1b[31m', 'a\u202eb', 'a\u2028b', 'a\0', '\ud800', 'x'.repeat(MAX_NAME_CHARACTERS + 1)])(
  'hardening 14: %j is no name of a key',
  async (name) => {
    await expect(addKey('mary', { name })).rejects.toMatchObject({ kind: 'invalid-name' });
  },
);

test.each([
  ['Mary’s “phone” 📱', 'Mary’s “phone” 📱'],
  [' u\u0308ber ', 'über'],
  ['📱'.repeat(MAX_NAME_CHARACTERS), '📱'.repeat(MAX_NAME_CHARACTERS)],
])('%j is the name of a key', async (given, name) => {
  const { fingerprint } = await addKey('mary', { name: given });
  expect(await server.directory.tlsPublicKeys.get(fingerprint)).toMatchObject({ name });
});

test.each([
  'nobody',
  'nobody@example.com',
  'mary+shop@example.com',
  'mary@example.org',
  '%',
  "mary'--",
  '@',
  '',
  'a\0@example.com',
])('hardening 24: a key is for an address or a name that exactly one account has, and not for %j', async (login) => {
  await expect(addKey(login)).rejects.toMatchObject({ kind: 'no-such-account' });
});

test.each(['', 'x', 'A'.repeat(43), 'A'.repeat(10_000), '../..', "'"])('%j identifies nobody', async (fingerprint) => {
  expect(await server.directory.findClientKey(fingerprint)).toBeNull();
});
