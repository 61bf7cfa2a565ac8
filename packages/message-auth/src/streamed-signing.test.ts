/** Signing takes a message as it comes: wherever it is cut, what is signed is what the whole message has. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { ScriptedResolver } from '@postel/dns';
import { expect, onTestFinished, test } from 'vitest';
import { formatDkimRecord } from './dkim-record.ts';
import { DkimSigning } from './dkim-signing.ts';
import { BLOCK_OCTETS } from './limits.ts';
import { MessageSigner } from './message-signer.ts';
import { authenticate } from './testing/authenticate.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519'); // whose signatures have no chance in them
const KEYS = [{ domain: 'example.com', selector: 'ed', privateKey }];
const RECORD = formatDkimRecord(publicKey.export({ type: 'spki', format: 'der' }));
const AT = new Date('2026-11-24T10:00:00Z');

/** RFC 6376 §3.4.4, of all of a body at once. */
function relaxedHash(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  const text = lines.join('\r\n').replace(/(\r\n)+$/, '');
  return createHash('sha256')
    .update(text === '' ? '' : `${text}\r\n`, 'latin1')
    .digest('base64');
}

const BODIES = [
  '',
  '\r\n\r\n',
  'a',
  'Dear  Jon,\t \r\n \t\r\n.. dots \t.\r\n\r\n\r\n',
  'a\rb\n c\r\r\n\r\n\td  e\r',
  '\xc3\xa9 \xa0\r\n\r\nend\r\n \r\n',
];
const HEADERS = [
  'From: mary@example.com\r\nSubject: A  folded\t\r\n subject \r\nX: y\r\n\r\n',
  'From: m@example.com\n\n',
];

test('hardening 63: cut at every octet, the signature is that of the whole, and its body hash that of RFC 6376', () => {
  for (const header of HEADERS) {
    for (const body of BODIES) {
      const message = Buffer.from(header + body, 'latin1');
      const whole = new DkimSigning();
      whole.push(message);
      const field = whole.finish(KEYS, AT);
      expect(/bh=([^;]+);/.exec(field)?.[1], JSON.stringify(body)).toBe(relaxedHash(body));
      for (let cut = 0; cut <= message.length; cut++) {
        const signing = new DkimSigning();
        signing.push(message.subarray(0, cut));
        signing.push(message.subarray(cut));
        expect(signing.finish(KEYS, AT), `${JSON.stringify(header + body)} cut at ${cut}`).toBe(field);
      }
    }
  }
});

test('a thread signs large messages that come at the same time, in memory that it has again and again', async () => {
  const signer = new MessageSigner({ workers: 1 });
  onTestFinished(() => signer.close());
  const resolver = new ScriptedResolver({ 'ed._domainkey.example.com': { TXT: [RECORD] } });
  const sizes = [BLOCK_OCTETS / 4, BLOCK_OCTETS, BLOCK_OCTETS + 1, 5 * BLOCK_OCTETS + 17, 1_500_000];
  const messages = sizes.map((octets, i) =>
    Buffer.from(`From: mary@example.com\r\n\r\n${`${i} line\r\n`.repeat(octets / 8)}`),
  );
  // Each in pieces of another length, in one buffer that is written over: what it had kept would be another now.
  async function* pieces(message: Buffer, octets: number): AsyncGenerator<Buffer> {
    const piece = Buffer.alloc(octets);
    for (let at = 0; at < message.length; at += octets) {
      yield piece.subarray(0, message.copy(piece, 0, at, Math.min(at + octets, message.length)));
      piece.fill('!');
    }
  }
  const fields = await Promise.all(
    messages.map((message, i) => signer.sign(pieces(message, 40_000 * (i + 1)), KEYS, AT)),
  );
  for (const [i, message] of messages.entries()) {
    const signed = Buffer.concat([Buffer.from(fields[i] ?? ''), message]);
    expect((await authenticate(resolver, signed)).dkim).toMatchObject([{ result: 'pass' }]);
  }
});
