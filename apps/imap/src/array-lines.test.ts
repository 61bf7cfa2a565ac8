import { expect, test } from 'vitest';
import { ARRAY_LINE_OCTETS, ArrayLines } from './array-lines.ts';
import type { FetchItem } from './fetch-items.ts';
import { flagListOctets } from './flags.ts';

const items = (...types: readonly ('uid' | 'flags' | 'modseq')[]): readonly FetchItem[] =>
  types.map((type) => ({ type }));

const MESSAGE = { sequenceNumber: 7, uid: 1_234, flags: Buffer.from('(\\Seen)'), modSeq: 90_071 };

test.each([
  [items('flags'), '* 7 FETCH (FLAGS (\\Seen))\r\n'],
  [items('uid', 'flags'), '* 7 FETCH (UID 1234 FLAGS (\\Seen))\r\n'],
  [items('flags', 'uid'), '* 7 FETCH (FLAGS (\\Seen) UID 1234)\r\n'],
  [items('modseq', 'uid'), '* 7 FETCH (MODSEQ (90071) UID 1234)\r\n'],
  [items('uid', 'flags', 'modseq'), '* 7 FETCH (UID 1234 FLAGS (\\Seen) MODSEQ (90071))\r\n'],
])('a line of %j', (asked, line) => {
  const chunk = Buffer.alloc(256);
  const end = ArrayLines.of(asked)?.write(chunk, 5, MESSAGE) ?? 0;
  expect(chunk.toString('latin1', 5, end)).toBe(line);
});

test('numbers of any size', () => {
  const lines = ArrayLines.of(items('uid', 'modseq'));
  for (const value of [1, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 53 - 1]) {
    const chunk = Buffer.alloc(256);
    const end = lines?.write(chunk, 0, { ...MESSAGE, sequenceNumber: value, uid: value, modSeq: value }) ?? 0;
    expect(chunk.toString('latin1', 0, end)).toBe(`* ${value} FETCH (UID ${value} MODSEQ (${value}))\r\n`);
  }
});

test('the longest line has room', () => {
  const flags = flagListOctets(null as never, 31, 0, true);
  const longest = { sequenceNumber: 2 ** 32 - 1, uid: 2 ** 32 - 1, flags, modSeq: 2 ** 53 - 1 };
  expect(ArrayLines.of(items('uid', 'flags', 'modseq'))?.write(Buffer.alloc(256), 0, longest)).toBeLessThanOrEqual(
    ARRAY_LINE_OCTETS,
  );
});

test('what the arrays do not hold', () => {
  expect(ArrayLines.of([{ type: 'uid' }, { type: 'size' }])).toBeNull();
});
