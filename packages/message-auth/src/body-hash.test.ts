import { createHash, generateKeyPairSync } from 'node:crypto';
import { ScriptedResolver } from '@postel/dns';
import { dkimBody } from 'mailauth/lib/dkim/body/index.js';
import { expect, onTestFinished, test, vi } from 'vitest';
import { BodyHash } from './body-hash.ts';
import { DkimSigning } from './dkim-signing.ts';
import { authenticate } from './testing/authenticate.ts';

const PARTS = ['a', 'b', ' ', '\t', '  ', '\r', '\r\n', '\r\n', '\xe9'];
const KINDS = [
  ['relaxed', 'sha256'],
  ['relaxed', 'sha1'],
  ['simple', 'sha256'],
  ['simple', 'sha1'],
] as const;

/** A repeatable one of numbers below `bound`. */
function randomNumbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

test.each(KINDS)(
  'hardening 63: %s, %s: bodies hash as by mailauth, with l= and without, cut anywhere',
  (kind, algorithm) => {
    const random = randomNumbers(6376);
    for (let round = 0; round < 1_500; round++) {
      const text = Array.from({ length: random(10) }, () => PARTS[random(PARTS.length)]).join('');
      const body = Buffer.from(text, 'latin1');
      const most = random(2) === 0 ? '' : random(body.length + 4);
      const theirs = dkimBody(kind, algorithm, most);
      theirs.update(body);
      const expected = [theirs.digest('base64'), theirs.byteLength, theirs.canonicalizedLength, theirs.bodyHashedBytes];
      for (let cut = 0; cut <= body.length; cut++) {
        const ours = new BodyHash({ canonicalization: kind, algorithm, ...(most !== '' && { most }) });
        ours.push(body.subarray(0, cut));
        ours.push(body.subarray(cut));
        const found = [ours.digest(), ours.octets, ours.canonicalOctets, ours.hashedOctets];
        expect(found, `${JSON.stringify(text)} cut at ${cut}, l=${most}`).toEqual(expected);
      }
    }
  },
);

test.each([
  ['relaxed', '', ''],
  ['simple', '', '\r\n'],
  ['relaxed', ' \t\r\n\r\n', ''],
  ['relaxed', ' C \r\nD \t E\r\n\r\n\r\n', ' C\r\nD E\r\n'],
  ['simple', ' C \r\nD \t E\r\n\r\n\r\n', ' C \r\nD \t E\r\n'],
  ['relaxed', 'a\rb \r\r\nc\nd', 'a\rb \r\r\nc\nd\r\n'],
  ['simple', 'a\r\n\r', 'a\r\n\r\r\n'],
  ['relaxed', `x${'\r\n'.repeat(20_000)}y`, `x${'\r\n'.repeat(20_000)}y\r\n`],
] as const)('RFC 6376 §3.4, octet by octet: %s, %j', (canonicalization, body, canonical) => {
  const hash = new BodyHash({ canonicalization });
  for (const octet of Buffer.from(body)) hash.push(Buffer.from([octet]));
  expect(hash.digest()).toBe(createHash('sha256').update(canonical).digest('base64'));
});

test.each(['relaxed', 'simple'] as const)(
  'hardening 34: %s: each octet of a long line is read once, and none is kept',
  (canonicalization) => {
    let reads = 0;
    const hash = new BodyHash({ canonicalization });
    const pieces = 200;
    const piece = Buffer.alloc(1_000);
    const counted = new Proxy(piece, {
      get(target, name) {
        if (typeof name === 'string' && /^\d+$/.test(name)) reads++;
        return Reflect.get(target, name, target);
      },
    });
    for (let i = 0; i < pieces; i++) {
      piece.fill('x');
      hash.push(counted);
      piece.fill('y'); // what it had kept would be another now
    }
    expect(reads).toBe(pieces * piece.length);
    const expected = createHash('sha256').update(`${'x'.repeat(pieces * piece.length)}\r\n`);
    expect(hash.digest()).toBe(expected.digest('base64'));
  },
);

test('hardening 34: a signed message of one long line passes, and its octets are not joined again and again', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const record = `v=DKIM1; k=ed25519; p=${publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')}`;
  const resolver = new ScriptedResolver({ 'ed._domainkey.example.com': { TXT: [record] } });
  const message = Buffer.from(`From: mary@example.com\r\n\r\n${'x'.repeat(2_000_000)}`);
  const signing = new DkimSigning();
  signing.push(message);
  const field = signing.finish([{ domain: 'example.com', selector: 'ed', privateKey }], new Date());
  const joined = vi.spyOn(Buffer, 'concat');
  onTestFinished(() => joined.mockRestore());
  const { dkim } = await authenticate(resolver, Buffer.concat([Buffer.from(field), message]), {
    pieceOctets: 64 * 1024,
  });
  expect(dkim).toMatchObject([{ result: 'pass' }]);
  const octets = joined.mock.results.reduce((sum, { value }) => sum + (value as Buffer).length, 0);
  expect(octets).toBeLessThan(2 * message.length);
});
