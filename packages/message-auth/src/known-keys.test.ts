import { generateKeyPairSync } from 'node:crypto';
import type { MailauthResolver } from 'mailauth/lib/dkim/dkim-verifier.js';
import { expect, test } from 'vitest';
import { KnownKeys } from './known-keys.ts';
import { KNOWN_KEY_CHARACTERS, KNOWN_KEYS } from './limits.ts';

const NAME = 's._domainkey.example.com';
const OPTIONS = { strict: true, hashAlgo: 'sha256' };

function record(): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return `v=DKIM1; k=ed25519; p=${Buffer.from(x, 'base64url').toString('base64')}`;
}

/** Asked for by one message. */
const get = (keys: KnownKeys, text: string) => keys.forMessage(async () => [[text]]).get('DKIM', NAME, 1_024, OPTIONS);

test('a key is read once, and each message asks the DNS for it once', async () => {
  const keys = new KnownKeys();
  const text = record();
  const asked: string[] = [];
  const resolver: MailauthResolver = async (name, type) => {
    asked.push(`${type} ${name}`);
    return [[text]];
  };
  const one = keys.forMessage(resolver);
  const first = await one.get('DKIM', NAME, 1_024, OPTIONS);
  expect(await one.get('AS', NAME, 1_024, OPTIONS)).toBe(first);
  expect(await keys.forMessage(resolver).get('DKIM', NAME, 1_024, OPTIONS)).toBe(first);
  expect(asked).toEqual([`TXT ${NAME}`, `TXT ${NAME}`]);
});

test('a key that the DNS does not have any more is known no more', async () => {
  const keys = new KnownKeys();
  const before = await get(keys, record());
  expect(await get(keys, record())).not.toBe(before);
  await expect(get(keys, 'v=DKIM1; p=')).rejects.toThrow('Missing key value');
  const gone = keys.forMessage(() => Promise.reject(new Error('ENOTFOUND')));
  await expect(gone.get('DKIM', NAME, 1_024, OPTIONS)).rejects.toThrow('ENOTFOUND');
});

test('what a record allows is asked anew for each hash', async () => {
  const keys = new KnownKeys();
  const text = `${record()}; h=sha256`;
  await get(keys, text);
  const { get: ask } = keys.forMessage(async () => [[text]]);
  await expect(ask('DKIM', NAME, 1_024, { ...OPTIONS, hashAlgo: 'sha1' })).rejects.toThrow('does not allow sha1');
});

test('hardening 34: the key that was not used for the longest is forgotten', async () => {
  const keys = new KnownKeys();
  const text = record();
  const first = await get(keys, text);
  const another = await get(keys, `${text}; n=0`);
  for (let i = 1; i < KNOWN_KEYS - 1; i++) await get(keys, `${text}; n=${i}`);
  expect(await get(keys, text)).toBe(first);
  await get(keys, `${text}; n=one-too-many`);
  expect(await get(keys, text)).toBe(first);
  expect(await get(keys, `${text}; n=0`)).not.toBe(another);
});

test('hardening 34: a record that is mostly something else is not remembered', async () => {
  const keys = new KnownKeys();
  const padded = `${record()}; n=${'x'.repeat(KNOWN_KEY_CHARACTERS)}`;
  expect(await get(keys, padded)).not.toBe(await get(keys, padded));
});
