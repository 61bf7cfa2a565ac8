import { createHash, createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { preparePassword } from './saslprep.ts';
import { deriveScramKeys, equalKeys, type ScramHash } from './scram-keys.ts';

/** The examples of the RFCs, password `pencil`. */
const EXAMPLES = [
  {
    section: 'RFC 5802 §5',
    hash: 'sha1',
    salt: 'QSXCR+Q6sek8bf92',
    clientFirstBare: 'n=user,r=fyko+d2lbbFgONRv9qkxdawL',
    serverFirst: 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
    clientFinalWithoutProof: 'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j',
    proof: 'v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    serverSignature: 'rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  {
    section: 'RFC 7677 §3',
    hash: 'sha256',
    salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
    clientFirstBare: 'n=user,r=rOprNGfwEbeRWgbNEkqO',
    serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    clientFinalWithoutProof: 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    proof: 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    serverSignature: '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
] as const satisfies { readonly hash: ScramHash; readonly [field: string]: string }[];

test.each(EXAMPLES)(
  'the keys of `pencil` verify the proof of $section and sign as its server does',
  async (example) => {
    const keys = await keysOf('pencil', example.hash, example.salt);
    const { clientFirstBare, serverFirst, clientFinalWithoutProof } = example;
    const authMessage = `${clientFirstBare},${serverFirst},${clientFinalWithoutProof}`;
    const sign = (key: Buffer) => createHmac(example.hash, key).update(authMessage).digest();

    const clientKey = xor(sign(keys.storedKey), Buffer.from(example.proof, 'base64'));
    expect(createHash(example.hash).update(clientKey).digest()).toEqual(keys.storedKey);
    expect(sign(keys.serverKey).toString('base64')).toBe(example.serverSignature);
  },
);

test('passwords that SASLprep makes the same have the same keys', async () => {
  const keys = await keysOf('\u2168 \u00bd', 'sha256', 'AAAA');
  expect(await keysOf('IX 1\u20442', 'sha256', 'AAAA')).toEqual(keys);
  expect(await keysOf('IX 1/2', 'sha256', 'AAAA')).not.toEqual(keys);
});

test('keys of different length are not equal', () => {
  expect(equalKeys(Buffer.alloc(32), Buffer.alloc(32))).toBe(true);
  expect(equalKeys(Buffer.alloc(32), Buffer.alloc(32, 1))).toBe(false);
  expect(equalKeys(Buffer.alloc(32), Buffer.alloc(20))).toBe(false);
});

async function keysOf(password: string, hash: ScramHash, salt: string) {
  const prepared = await preparePassword(password, 'stored');
  if (prepared === null) throw new Error(`not a password: ${password}`);
  return await deriveScramKeys(prepared, { hash, salt: Buffer.from(salt, 'base64'), iterations: 4_096 });
}

function xor(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((octet, i) => octet ^ (right[i] ?? 0)));
}
