import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { ScriptedResolver } from '@postel/dns';
import { expect, onTestFinished, test } from 'vitest';
import { formatDkimRecord, isDkimRecordOf } from './dkim-record.ts';
import { type DkimKey, dkimKey } from './dkim-signing.ts';
import { MessageSigner } from './message-signer.ts';
import { SignerThread } from './signer-thread.ts';
import { authenticate } from './testing/authenticate.ts';

const ed25519 = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'der' });
const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'der' });

const KEYS: readonly DkimKey[] = [
  dkimKey({ domain: 'example.com', selector: 'ed', privateKey: pkcs8(ed25519.privateKey) }),
  dkimKey({ domain: 'example.com', selector: 'rsa', privateKey: pkcs8(rsa.privateKey) }),
];
const resolver = new ScriptedResolver({
  'ed._domainkey.example.com': { TXT: [formatDkimRecord(spki(ed25519.publicKey))] },
  'rsa._domainkey.example.com': { TXT: [formatDkimRecord(spki(rsa.publicKey))] },
});
const HEADER = 'From: mary@example.com\r\nSubject: hello\r\n\r\n';

function startSigner(workers?: number): MessageSigner {
  const signer = new MessageSigner(workers === undefined ? {} : { workers });
  onTestFinished(() => signer.close());
  return signer;
}

async function* pieces(text: string, octets = 16 * 1024): AsyncGenerator<Buffer> {
  const all = Buffer.from(text);
  for (let at = 0; at < all.length; at += octets) yield all.subarray(at, at + octets);
}

test('a thread signs with both keys, and the records of these verify it', async () => {
  const message = `${HEADER}Dear Jon,\r\n`;
  const fields = await startSigner().sign(pieces(message, 7), KEYS);
  const { dkim } = await authenticate(resolver, `${fields}${message}`);
  expect(dkim).toMatchObject([
    { result: 'pass', selector: 'ed', algorithm: 'ed25519-sha256' },
    { result: 'pass', selector: 'rsa', algorithm: 'rsa-sha256' },
  ]);
});

test('a message of some size verifies', async () => {
  const message = `${HEADER}${`${'0123456789'.repeat(7)}\r\n`.repeat(30_000)}`;
  const fields = await startSigner().sign(pieces(message), KEYS);
  expect((await authenticate(resolver, `${fields}${message}`)).dkim).toMatchObject([
    { result: 'pass' },
    { result: 'pass' },
  ]);
});

test('hardening 1: of a message no more is held than the thread has room for, however large it is', async () => {
  const thread = new SignerThread(new URL('data:text/javascript,setInterval(() => {}, 1000)')); // takes nothing in
  const message = thread.begin();
  const pushed: string[] = [];
  await thread.push(message, Buffer.alloc(600), 1_000);
  pushed.push('first');
  const second = thread.push(message, Buffer.alloc(600), 1_000).then(() => pushed.push('second'));
  const ended = thread.end(message, KEYS, new Date());
  await new Promise((resolve) => setImmediate(resolve));
  expect(pushed).toEqual(['first']);
  await thread.close();
  await second;
  await expect(ended).rejects.toThrow('it was closed');
});

test('many messages at the same time, each with its own signature', async () => {
  const signer = startSigner(2);
  const messages = Array.from({ length: 20 }, (_, i) => `${HEADER}number ${i}\r\n`);
  const fields = await Promise.all(messages.map((message) => signer.sign(pieces(message, 5), KEYS.slice(0, 1))));
  for (const [i, message] of messages.entries()) {
    expect((await authenticate(resolver, `${fields[i]}${message}`)).dkim).toMatchObject([{ result: 'pass' }]);
  }
  expect(new Set(fields).size).toBe(20);
});

test('a header section that is too long is not signed, and a message without keys has no signature', async () => {
  const signer = startSigner();
  expect(await signer.sign(pieces(`X: ${'x'.repeat(130 * 1024)}\r\n${HEADER}`), KEYS)).toBeNull();
  expect(await signer.sign(pieces(HEADER), [])).toBe('');
});

test('a message that cannot be read to its end fails alone', async () => {
  const signer = startSigner(1);
  async function* broken(): AsyncGenerator<Buffer> {
    yield Buffer.from(HEADER);
    throw new Error('the database is away');
  }
  await expect(signer.sign(broken(), KEYS)).rejects.toThrow('the database is away');
  expect(await signer.sign(pieces(HEADER), KEYS)).toContain('s=rsa');
});

test.each([
  ['does not start', 'throw new Error("broken")', 'broken'],
  ['ends', 'process.exit(0)', 'the signing thread ended'],
])('where a thread %s, whoever waits hears of it', async (_, code, error) => {
  const thread = new SignerThread(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  onTestFinished(() => thread.close());
  const message = thread.begin();
  const ended = thread.end(message, KEYS, new Date());
  await expect(ended).rejects.toThrow(error);
  expect(thread.jobs).toBe(0);
});

test.each([
  ['v=DKIM1; k=ed25519; p=%', true],
  ['k=ed25519;p=%', true],
  ['v=DKIM1; h=sha1:sha256; s=email; t=s; k=ed25519; n=a note; p= %', true],
  ['v=DKIM1; p=%', false], // k=rsa
  ['v=DKIM1; k=ed25519; p=', false],
  ['v=DKIM1; k=ed25519; h=sha1; p=%', false],
  ['v=DKIM1; k=ed25519; s=tlsrpt; p=%', false],
  ['v=DKIM2; k=ed25519; p=%', false],
  ['', false],
])('the record %j is that of the key: %s', (record, isOne) => {
  const key = spki(ed25519.publicKey);
  const p = formatDkimRecord(key).split('p=')[1] ?? '';
  expect(isDkimRecordOf(record.replace('%', p), key)).toBe(isOne);
});
