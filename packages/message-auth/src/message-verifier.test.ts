import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { ScriptedResolver } from '@postel/dns';
import { expect, onTestFinished, test } from 'vitest';
import { DkimSigning } from './dkim-signing.ts';
import { MessageVerifier, type MessageVerifierOptions } from './message-verifier.ts';
import { ENVELOPE } from './testing/authenticate.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const der = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const zone = { 's._domainkey.example.com': { TXT: [`v=DKIM1; p=${der}`] } } as const;

function start(options: Partial<MessageVerifierOptions> = {}) {
  const errors: unknown[] = [];
  const verifier = new MessageVerifier({
    resolver: new ScriptedResolver(zone),
    hostname: 'mx.here.example',
    onError: (error) => errors.push(error),
    ...options,
  });
  onTestFinished(() => verifier.close());
  return { verifier, errors };
}

function* pieces(octets: Buffer, size = 60_000): Generator<Buffer> {
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
}

function signed(text: string): Buffer {
  const octets = Buffer.from(text);
  const signing = new DkimSigning();
  signing.push(octets);
  const keys = [
    {
      domain: 'example.com',
      selector: 's',
      privateKey: createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    },
  ];
  return Buffer.concat([Buffer.from(signing.finish(keys, new Date())), octets]);
}

async function check(verifier: MessageVerifier, message: Buffer, size?: number) {
  const one = verifier.begin(ENVELOPE, 60_000);
  for (const piece of pieces(message, size)) await one.push(piece);
  return await one.finish();
}

test('messages are authenticated beside one another, in threads', async () => {
  const { verifier, errors } = start({ workers: 2 });
  const good = signed(`From: mary@example.com\r\nSubject: x\r\n\r\n${'A line of text.\r\n'.repeat(20_000)}`);
  const bad = Buffer.concat([good, Buffer.from('More.\r\n')]);
  const plain = Buffer.from('From: mary@example.com\r\n\r\nhello\r\n');
  const found = await Promise.all([good, bad, plain, good, bad].map((message) => check(verifier, message)));
  expect(found.map(({ dkim }) => dkim.map(({ result }) => result))).toEqual([
    ['pass'],
    ['fail'],
    [],
    ['pass'],
    ['fail'],
  ]);
  expect(errors).toEqual([]);
});

test('a header section that comes octet by octet, and ends without a body', async () => {
  const { verifier } = start();
  const { dmarc, dkim } = await check(verifier, signed('From: mary@example.com\r\nSubject: x\r\n'), 1);
  expect(dmarc).toMatchObject({ result: 'none', domain: 'example.com' });
  expect(dkim).toMatchObject([{ result: 'pass' }]);
});

test('an empty message', async () => {
  const { verifier } = start();
  expect(await verifier.begin(ENVELOPE, 60_000).finish()).toMatchObject({ dkim: [], dmarc: { result: 'permerror' } });
});

test.each([
  ['octets', `From: mary@example.com\r\nX: ${'x'.repeat(128 * 1024)}\r\n\r\n`],
  ['lines', `From: mary@example.com\r\nX: x\r\n${' x\r\n'.repeat(4_000)}\r\n`],
])('hardening 28, 29: a header section with too many %s is not looked at', async (_, message) => {
  const { verifier } = start();
  expect(await check(verifier, Buffer.from(message))).toMatchObject({
    spf: { result: 'temperror' },
    dmarc: { result: 'temperror', reason: 'the header section is too long' },
  });
});

test('a DNS that says nothing is waited for no longer than allowed', async () => {
  const { verifier } = start({
    resolver: new ScriptedResolver({ 'mx.example': 'silent', '_dmarc.example.com': 'silent' }),
  });
  const one = verifier.begin(ENVELOPE, 10);
  await one.push(Buffer.from('From: mary@example.com\r\n\r\n'));
  const found = await one.finish();
  expect(found).toMatchObject({ spf: { result: 'temperror' }, dmarc: { result: 'temperror' } });
});

test('a message that is given up leaves nothing behind, and others go on', async () => {
  const { verifier } = start({ workers: 1 });
  const message = signed(`From: mary@example.com\r\n\r\n${'A line of text.\r\n'.repeat(20_000)}`);
  const one = verifier.begin(ENVELOPE, 60_000);
  await one.push(message.subarray(0, 100_000));
  one.abort();
  expect(await check(verifier, message)).toMatchObject({ dkim: [{ result: 'pass' }] });
});

test('a large message waits for its thread: no more than a few pieces are on the way', async () => {
  const { verifier } = start({ workers: 1 });
  const piece = Buffer.from('A line of a message that is rather large.\r\n'.repeat(1_500));
  const one = verifier.begin(ENVELOPE, 60_000);
  await one.push(signed('From: mary@example.com\r\n\r\n'));
  let taken = 0;
  const pushing = Array.from({ length: 100 }, () => one.push(piece).then(() => taken++));
  for (let i = 0; i < 10; i++) await Promise.resolve();
  expect(taken).toBeGreaterThan(0);
  expect(taken * piece.length).toBeLessThanOrEqual(256 * 1024);
  await Promise.all(pushing);
  expect(await one.finish()).toMatchObject({ dkim: [{ result: 'fail', reason: 'body hash did not verify' }] });
});
