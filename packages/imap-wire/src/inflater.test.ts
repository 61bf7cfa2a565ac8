import { randomBytes } from 'node:crypto';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InflateError } from './inflate-error.ts';
import { Inflater } from './inflater.ts';

const { Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_PARTIAL_FLUSH, Z_FINISH, Z_FIXED, Z_HUFFMAN_ONLY, Z_DEFAULT_STRATEGY } =
  constants;

/** Reads like IMAP: the same words again and again, and numbers. */
const commands = Buffer.from(
  Array.from({ length: 2_000 }, (_, i) => `a${i} UID FETCH ${(i * 7919) % 1000} (FLAGS BODY.PEEK[])\r\n`).join(''),
);

function pullAll(inflater: Inflater): Buffer {
  const pieces: Buffer[] = [];
  for (let piece = inflater.pull(); piece !== null; piece = inflater.pull()) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Pushes `data` in chunks of so many octets, by turns. */
function inflate(data: Buffer, chunkOctets: readonly number[] = [data.length]): Buffer {
  const inflater = new Inflater();
  const pieces: Buffer[] = [];
  for (let at = 0, turn = 0; at < data.length; turn++) {
    const octets = chunkOctets[turn % chunkOctets.length] ?? 1;
    inflater.push(data.subarray(at, at + octets));
    pieces.push(pullAll(inflater));
    at += octets;
  }
  return Buffer.concat(pieces);
}

const samples = [
  ['nothing', Buffer.alloc(0)],
  ['an octet', Buffer.from('a')],
  ['commands', commands],
  ['random octets', randomBytes(100_000)],
  ['base64', Buffer.from(randomBytes(100_000).toString('base64'))],
  ['zeros', Buffer.alloc(300_000)],
  [
    'all octets, with what is rare',
    Buffer.from(Array.from({ length: 70_000 }, (_, i) => Math.floor(Math.log2(i + 1) ** 2) & 255)),
  ],
  ['what repeats from 32 kB ago', Buffer.concat(Array(4).fill(randomBytes(32_768)))],
] as const;

test.each(samples)('zlib and the inflater agree: %s', (_name, octets) => {
  for (const level of [0, 1, 9])
    for (const strategy of [Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_FIXED])
      for (const finishFlush of [Z_SYNC_FLUSH, Z_PARTIAL_FLUSH, Z_FINISH])
        for (const windowBits of level === 1 ? [9, 15] : [15]) {
          const deflated = deflateRawSync(octets, { level, strategy, finishFlush, windowBits });
          expect(inflate(deflated, [4_096]).equals(octets)).toBe(true);
        }
});

test('chunks may be cut anywhere', () => {
  const octets = Buffer.concat([commands.subarray(0, 1_500), randomBytes(300), commands.subarray(0, 1_500)]);
  for (const level of [0, 1, 9])
    for (const strategy of [Z_DEFAULT_STRATEGY, Z_FIXED]) {
      const deflated = deflateRawSync(octets, { level, strategy });
      for (let at = 1; at < deflated.length; at++) expect(inflate(deflated, [at]).equals(octets)).toBe(true);
    }
});

test('what is compressed in parts refers to the parts before', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          from: fc.nat(commands.length),
          octets: fc.oneof(fc.nat(200), fc.nat(60_000)),
          finishFlush: fc.constantFrom(Z_SYNC_FLUSH, Z_FULL_FLUSH),
        }),
        { minLength: 1, maxLength: 8 },
      ),
      fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 5 }),
      (parts, chunkOctets) => {
        let sent = Buffer.alloc(0);
        const deflated: Buffer[] = [];
        for (const { from, octets, finishFlush } of parts) {
          const part = commands.subarray(from, from + octets);
          const dictionary = sent.subarray(-32_768);
          deflated.push(
            deflateRawSync(part, {
              finishFlush,
              ...(dictionary.length > 0 ? { dictionary } : {}),
            }),
          );
          sent = Buffer.concat([sent, part]);
        }
        expect(inflate(Buffer.concat(deflated), chunkOctets).equals(sent)).toBe(true);
      },
    ),
    { numRuns: 100 },
  );
});

/** What `info` makes of the result. */
interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

test('what zlib takes the inflater takes, and gives the same; what it refuses is no worse than an error', () => {
  const valid = deflateRawSync(commands.subarray(0, 2_000), { level: 9 });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }), (damage) => {
      const damaged = Buffer.from(valid);
      for (const [at, octet] of damage) damaged[at] = octet;
      const expected = zlibInflates(damaged);
      if (expected !== null) expect(inflate(damaged).equals(expected)).toBe(true);
      else expect(() => inflate(damaged)).not.toThrow(TypeError);
    }),
    { numRuns: 1_000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => {
      try {
        inflate(Buffer.from(octets));
      } catch (error) {
        expect(error).toBeInstanceOf(InflateError);
      }
    }),
    { numRuns: 1_000 },
  );
});

function zlibInflates(octets: Buffer): Buffer | null {
  try {
    const { buffer, engine } = inflateRawSync(octets, { info: true }) as unknown as Inflated;
    return engine.bytesWritten === octets.length ? buffer : null; // or it ends before the octets do
  } catch {
    return null;
  }
}

test.each([
  ['a type of block that there is not', '07'],
  ['a stored block whose length is damaged', '00 0500 0000 68656c6c6f'],
  ['a distance before the beginning', '4b 04 12 00'],
  ['no code for the end of the block', '05 00 00 00 00 00 00 00 00 00'],
  ['too many codes', 'fd ff ff ff ff ff ff ff'],
])('damage: %s', (_name, hex) => {
  expect(() => inflate(Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toThrow(InflateError);
});

test('hardening 37: a bomb goes off in pieces, and holds nothing but the last', () => {
  const bomb = deflateRawSync(Buffer.alloc(64 * 1024 * 1024), { level: 9 });
  expect(bomb.length).toBeLessThan(65_300); // 1,000:1
  const inflater = new Inflater();
  inflater.push(bomb);
  let octets = 0;
  for (let piece = inflater.pull(); piece !== null; piece = inflater.pull()) {
    expect(piece.length).toBeLessThan(33 * 1024);
    octets += piece.length;
  }
  expect(octets).toBe(64 * 1024 * 1024);
});

test('hardening 37: blocks of hardly more than codes cost time in proportion to their octets', () => {
  const skewed = Buffer.from(Array.from({ length: 120 }, (_, i) => 31 - Math.clz32(((i * 7919) % 1_000) | 1)));
  const block = deflateRawSync(skewed, { strategy: Z_HUFFMAN_ONLY, finishFlush: Z_SYNC_FLUSH });
  expect((block[0] ?? 0) >> 1).toBe(2); // codes of its own
  const blocks = Buffer.concat(Array(10_000).fill(block));
  const before = process.cpuUsage();
  expect(inflate(blocks, [65_536])).toHaveLength(10_000 * skewed.length);
  expect(process.cpuUsage(before).user / blocks.length).toBeLessThan(3); // microseconds an octet
});

test('it stops at each flush, and knows what stands behind the last compressed octet', () => {
  const inflater = new Inflater();
  const one = deflateRawSync(Buffer.from('a1 NOOP\r\n'), { finishFlush: Z_SYNC_FLUSH });
  const two = deflateRawSync(Buffer.from('a2 UNAUTHENTICATE\r\n'), { finishFlush: Z_SYNC_FLUSH });
  const last = deflateRawSync(Buffer.from('a3 UNAUTHENTICATE\r\n'));
  const clear = Buffer.from('a4 LOGIN mary secret\r\n');
  inflater.push(Buffer.concat([one, two, clear]));
  expect(inflater.pull()?.toString()).toBe('a1 NOOP\r\n');
  expect(inflater.isAtSyncPoint && inflater.hasInput).toBe(true);
  expect(inflater.pull()?.toString()).toBe('a2 UNAUTHENTICATE\r\n');
  expect(inflater.isAtSyncPoint).toBe(true);
  expect(inflater.takeRest().toString()).toBe(clear.toString());
  expect(inflater.hasInput).toBe(false);

  const other = new Inflater();
  for (const octet of last) other.push(Buffer.of(octet));
  expect(other.pull()?.toString()).toBe('a3 UNAUTHENTICATE\r\n');
  other.push(clear);
  expect(other.isAtSyncPoint).toBe(true);
  expect(other.takeRest().toString()).toBe(clear.toString());
  expect(other.pull()).toBeNull();
  other.push(clear);
  expect(() => other.pull()).toThrow(InflateError);
});

test('blocks of nothing but their codes are not all read at once', () => {
  /** Lowest bit first: RFC 1951 §3.1.1. One length of one bit, for the end of the block, and one distance of one. */
  const orders = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1].map((symbol) =>
    symbol === 18 ? '100' : symbol < 2 ? '010' : '000',
  );
  const zeros = (count: number) => `0${[...(count - 11).toString(2).padStart(7, '0')].reverse().join('')}`;
  const block = ['0', '01', '00000', '00000', '0111', ...orders, zeros(138), zeros(118), '11', '10', '0'].join('');
  const bits = block.repeat(8_000);
  const octets = Buffer.alloc(bits.length >> 3);
  for (let at = 0; at < octets.length; at++)
    octets[at] = Number.parseInt([...bits.slice(8 * at, 8 * at + 8)].reverse().join(''), 2);

  const inflater = new Inflater();
  inflater.push(octets);
  let pulls = 0;
  for (let piece = inflater.pull(); piece !== null; piece = inflater.pull()) {
    expect(piece).toHaveLength(0);
    pulls++;
  }
  expect(pulls).toBeGreaterThan(200);
});
