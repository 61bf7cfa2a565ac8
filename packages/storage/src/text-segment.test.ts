import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ROW_OF_IDS, readIds, rowOf, SegmentBuilder, SlotCounter } from './text-segment.ts';
import { SLOTS, slotsOf } from './text-slots.ts';

interface Row {
  readonly id: number;
  readonly header: string | null;
  readonly body: string | null;
}

function segmentOf(texts: readonly Row[]): readonly Buffer[] {
  const builder = new SegmentBuilder();
  for (const { id, header, body } of texts) builder.add(id, header, body);
  return builder.rows();
}

/** Ids of the texts that have all slots of one. */
function idsWith(rows: readonly Buffer[], text: string): readonly number[] {
  const slots = slotsOf(text);
  const counter = new SlotCounter();
  for (const slot of slots) counter.add(rows[rowOf(slot)] ?? Buffer.alloc(0), slot);
  return readIds(rows[ROW_OF_IDS] ?? Buffer.alloc(0)).filter((_, number) => counter.counts[number] === slots.length);
}

test('texts are found by their slots, header and body each by itself', () => {
  const rows = segmentOf([
    { id: 5, header: 'subject: one', body: 'hello' },
    { id: 7, header: 'subject: hello', body: '' },
    { id: 2 ** 52, header: 'hello', body: 'hello' },
  ]);
  expect(rows).toHaveLength(ROW_OF_IDS + 1);
  expect(readIds(rows[ROW_OF_IDS] ?? Buffer.alloc(0))).toEqual([5, 5, 7, 2 ** 52, 2 ** 52]);
  expect(idsWith(rows, 'hello')).toEqual([5, 7, 2 ** 52, 2 ** 52]);
  expect(idsWith(rows, 'subject: ')).toEqual([5, 7]);
  expect(idsWith(rows, 'goodbye')).toEqual([]);
});

test('a text that is not known has every slot', () => {
  const rows = segmentOf([
    { id: 1, header: 'subject: one', body: 'hello' },
    { id: 2, header: null, body: null },
  ]);
  expect(idsWith(rows, 'whatever')).toEqual([2, 2]);
});

test('few texts with a slot, many and all', () => {
  const texts = (isThere: (id: number) => boolean): Row[] =>
    Array.from({ length: 2_000 }, (_, id) => ({ id: id + 1, header: isThere(id) ? 'needle' : 'hay', body: 'x' }));
  for (const isThere of [
    () => false,
    () => true,
    (id: number) => id === 1_999,
    (id: number) => id % 4 !== 0,
    (id: number) => id % 7 === 0,
  ]) {
    const all = texts(isThere);
    expect(idsWith(segmentOf(all), 'needle')).toEqual(
      all.filter(({ header }) => header === 'needle').map(({ id }) => id),
    );
  }
});

test('any texts', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', '日', '本'), maxLength: 30 });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 40 }), text, (texts, part) => {
      const rows = segmentOf(texts.map(([header, body], at) => ({ id: at * 1_000 + 1, header, body })));
      const found = new Set(idsWith(rows, part));
      const missed = texts.flatMap((both, at) =>
        both.some((one) => one.includes(part) && one !== '') && !found.has(at * 1_000 + 1) ? [at] : [],
      );
      expect(missed).toEqual([]);
    }),
  );
});

test('hardening 34: a segment is full before it takes too much memory, and has room for one more until then', () => {
  const unknown = new SegmentBuilder();
  for (let id = 1; !unknown.isFull; id++) unknown.add(id, null, null);
  expect(unknown.count).toBe(2 ** 21 / SLOTS);
  const short = new SegmentBuilder();
  for (let id = 1; !short.isFull; id++) short.add(id, 'a', 'b');
  expect(short.count).toBe(4_096);
  expect(idsWith(unknown.rows(), 'abc')).toHaveLength(unknown.count);
});

test('a segment made of several has what each of them had', () => {
  const someText = fc.string({ unit: fc.constantFrom('a', 'b', 'ж', '日', ' '), maxLength: 30 });
  const someTexts = fc.array(fc.tuple(fc.oneof(fc.constant(null), someText), someText), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(fc.array(someTexts, { minLength: 1, maxLength: 4 }), (parts) => {
      let id = 0;
      const rows = parts.map((texts) => texts.map(([header, body]) => ({ id: ++id * 100, header, body })));
      const whole = new SegmentBuilder();
      for (const part of rows) whole.addSegment(segmentOf(part));
      expect(whole.rows()).toEqual(segmentOf(rows.flat()));
    }),
    { numRuns: 30 },
  );
});

test('a segment has no room for more than it can number', () => {
  const builder = new SegmentBuilder();
  for (let id = 1; id <= 4_000; id++) builder.add(id, 'a', '');
  expect(builder.hasRoomFor(96, 0)).toBe(true);
  expect(builder.hasRoomFor(97, 0)).toBe(false);
  expect(builder.hasRoomFor(1, 10_000_000)).toBe(false);
});
