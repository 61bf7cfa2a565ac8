import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMessage } from './message-parser.ts';
import type { PartRange } from './part.ts';
import { decodePartIndex, encodePartIndex, PartIndexError } from './part-index.ts';
import { build, trees } from './testing/generated-message.ts';

/** Only what the index keeps. */
function ranges({ kind, headerStart, bodyStart, end, children }: PartRange): PartRange {
  return { kind, headerStart, bodyStart, end, children: children.map(ranges) };
}

test('a plain message takes a few octets', () => {
  const structure = parseMessage(Buffer.from(`Subject: x\r\n\r\n${'text\r\n'.repeat(1_000)}`));
  expect(encodePartIndex(structure)).toEqual(Buffer.from([1, 0, 14, 0xf0, 0x2e]));
});

test('what was encoded is decoded', () => {
  fc.assert(
    fc.property(trees, (tree) => {
      const structure = parseMessage(build(tree, '\r\n').octets);
      expect(decodePartIndex(encodePartIndex(structure)).root).toEqual(ranges(structure.root));
    }),
  );
});

test('offsets past 2^32', () => {
  const root: PartRange = { kind: 'leaf', headerStart: 0, bodyStart: 1_000, end: 2 ** 40 + 12_345, children: [] };
  const structure = { ...parseMessage(Buffer.alloc(0)) };
  const encoded = encodePartIndex({ ...structure, root: { ...structure.root, ...root, children: [] } });
  expect(decodePartIndex(encoded).root).toEqual(root);
});

describe('garbage', () => {
  const valid = encodePartIndex(
    parseMessage(Buffer.from('Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n\ny\n--b--\n')),
  );

  test.each([
    ['nothing', []],
    ['another version', [2, 0, 0, 0]],
    ['an unknown kind', [1, 3, 0, 0]],
    ['an unfinished number', [1, 0x80]],
    ['an endless number', [1, ...new Array(20).fill(0xff), 0]],
    ['an endless zero', [1, ...new Array(1_000).fill(0x80), 0]],
    ['a multipart without parts', [1, 1, 0, 0, 0]],
    ['more parts than octets', [1, 1, 0, 0, 0xff, 0xff, 0x7f]],
    ['a part outside its parent', [1, 1, 0, 4, 1, 0, 0, 5]],
    ['a part that begins behind its parent', [1, 1, 0, 4, 1, 20, 0, 0]],
    ['octets too many', [1, 0, 0, 0, 0]],
  ])('%s', (_, octets) => {
    expect(() => decodePartIndex(Buffer.from(octets))).toThrow(PartIndexError);
  });

  test('cut short anywhere', () => {
    for (let length = 0; length < valid.length; length++) {
      expect(() => decodePartIndex(valid.subarray(0, length))).toThrow(PartIndexError);
    }
  });

  test('any octets decode or throw the one error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
        try {
          decodePartIndex(Uint8Array.of(1, ...octets));
        } catch (error) {
          expect(error).toBeInstanceOf(PartIndexError);
        }
      }),
    );
  });

  test('a million levels are no recursion', () => {
    const levels = Buffer.concat([Buffer.of(1), Buffer.alloc(3_000_000, Buffer.of(2, 0, 0)), Buffer.of(0, 0, 0)]);
    let depth = 0;
    for (let part: PartRange | undefined = decodePartIndex(levels).root; part; part = part.children[0]) depth++;
    expect(depth).toBe(1_000_001);
  });
});
