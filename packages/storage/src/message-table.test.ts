import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MessageTable } from './message-table.ts';
import type { PackedMessage } from './packed-messages.ts';
import { rangesOf } from './uid-ranges.ts';

const message = (uid: number, modSeq = 1, keywords: readonly number[] = [], flags = 0): PackedMessage => ({
  uid,
  modSeq,
  flags,
  keywords,
});

function tableOf(...messages: readonly PackedMessage[]): MessageTable {
  const table = new MessageTable();
  for (const each of messages) table.set(each);
  return table;
}

const contentsOf = (table: MessageTable): PackedMessage[] =>
  Array.from({ length: table.length }, (_, at) => ({
    uid: table.uid(at),
    modSeq: table.modSeq(at),
    flags: table.flags(at),
    keywords: table.keywordsOf(table.keywordSet(at)),
  }));

test('an empty table has no position, no UID and no keyword', () => {
  const table = new MessageTable();
  expect([table.length, table.lastUid(), table.lowerBound(1), table.position(1)]).toEqual([0, 0, 0, -1]);
  expect(table.uids()).toEqual(new Uint32Array(0));
  expect(table.remove([{ first: 1, last: 2 ** 32 - 1 }])).toEqual(new Uint32Array(0));
  expect(table.keywordsInUse()).toEqual([]);
});

test('messages that went give their memory back, and those that stay are what they were', () => {
  const table = tableOf(...Array.from({ length: 10_000 }, (_, n) => message(n + 1, n + 1, n % 2 === 0 ? [3] : [])));
  table.remove([
    { first: 1, last: 4_000 },
    { first: 4_003, last: 9_999 },
  ]);
  expect(table.uids().buffer.byteLength).toBeLessThan(100);
  table.set(message(10_001, 10_001));
  expect(contentsOf(table)).toEqual([
    message(4_001, 4_001, [3]),
    message(4_002, 4_002),
    message(10_000, 10_000),
    message(10_001, 10_001),
  ]);
});

test('the first message without a flag', () => {
  const table = tableOf(message(1, 1, [], 5), message(2, 1, [], 1), message(3, 1, [], 4));
  expect([1, 4, 8].map((flag) => table.firstWithout(flag))).toEqual([2, 1, 0]);
  expect(tableOf(message(7, 1, [], 1)).firstWithout(1)).toBe(1);
  table.remove([{ first: 3, last: 3 }]);
  expect(table.firstWithout(1)).toBe(2);
});

test('the highest UID and modseq there can be are kept exactly', () => {
  const highest = message(2 ** 32 - 1, Number.MAX_SAFE_INTEGER, [1000], 31);
  const table = tableOf(message(1), highest);
  expect(contentsOf(table)[1]).toEqual(highest);
  expect(table.remove([{ first: 2, last: 2 ** 32 - 1 }])).toEqual(Uint32Array.of(2 ** 32 - 1));
});

test('an older state of a message does not replace a newer one', () => {
  const table = tableOf(message(1, 5, [], 4), message(1, 3, [], 0));
  expect(contentsOf(table)).toEqual([message(1, 5, [], 4)]);
});

test('a UID below the last that is not here does not come back', () => {
  const table = tableOf(message(1), message(2), message(3));
  table.remove([{ first: 2, last: 2 }]);
  table.set(message(2, 9));
  expect([...table.uids()]).toEqual([1, 3]);
});

test('messages with the same keywords share a set, whose number never stands for other keywords', () => {
  const table = tableOf(message(1, 1, [3, 7]), message(2, 1, [3, 7]), message(3, 1, [7]));
  const [shared, other] = [table.keywordSet(0), table.keywordSet(2)];
  expect(table.keywordSet(1)).toBe(shared);
  expect(other).not.toBe(shared);
  table.remove([{ first: 1, last: 2 }]);
  expect(table.keywordsOf(shared)).toEqual([]);
  table.set(message(4, 1, [1]));
  table.set(message(5, 1, [3, 7]));
  expect([shared, other]).not.toContain(table.keywordSet(1));
  expect([shared, other]).not.toContain(table.keywordSet(2));
});

test('hardening 33: keyword sets that no message has any more take no memory', () => {
  const table = tableOf(message(1));
  for (let i = 0; i < 10_000; i++) table.set(message(1, i + 2, [i, i + 1]));
  expect(table.keywordsInUse()).toEqual([9_999, 10_000]);
  for (let set = 1; set < 10_000; set++) expect(table.keywordsOf(set)).toEqual([]);
});

test('room made at once changes nothing', () => {
  const table = tableOf(message(1), message(2));
  table.reserve(1_000);
  table.reserve(10);
  for (let uid = 3; uid <= 2_000; uid++) table.set(message(uid));
  expect([...table.uids()]).toEqual(Array.from({ length: 2_000 }, (_, i) => i + 1));
});

type Step =
  | { readonly type: 'append'; readonly gap: number; readonly keywords: readonly number[] }
  | { readonly type: 'change'; readonly uid: number; readonly flags: number; readonly keywords: readonly number[] }
  | { readonly type: 'remove'; readonly uids: readonly number[] };

const keywords = fc.subarray([1, 2, 3]);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant('append'), gap: fc.integer({ min: 1, max: 3 }), keywords }),
  fc.record({
    type: fc.constant('change'),
    uid: fc.integer({ min: 1, max: 100 }),
    flags: fc.integer({ min: 0, max: 31 }),
    keywords,
  }),
  fc.record({ type: fc.constant('remove'), uids: fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { maxLength: 30 }) }),
);

test('after any steps the table holds what a plain array holds', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const table = new MessageTable();
      let model: PackedMessage[] = [];
      let lastUid = 0;
      steps.forEach((step, i) => {
        const modSeq = i + 1;
        if (step.type === 'append') {
          lastUid += step.gap;
          const added = { uid: lastUid, modSeq, flags: 0, keywords: step.keywords };
          table.set(added);
          model.push(added);
        } else if (step.type === 'change') {
          const at = model.findIndex(({ uid }) => uid === step.uid);
          if (at < 0) return; // what is not here is never told as changed
          const changed = { uid: step.uid, modSeq, flags: step.flags, keywords: step.keywords };
          table.set(changed);
          model[at] = changed;
        } else {
          const gone = Uint32Array.from(step.uids).sort();
          const present = gone.filter((uid) => model.some((each) => each.uid === uid));
          expect(table.remove(rangesOf(gone))).toEqual(present);
          model = model.filter(({ uid }) => !present.includes(uid));
        }
        expect(contentsOf(table)).toEqual(model);
        const middle = Math.ceil(steps.length / 2);
        expect([...table.changedSince(middle)]).toEqual(model.filter((m) => m.modSeq > middle).map((m) => m.uid));
        expect(table.keywordsInUse()).toEqual([...new Set(model.flatMap((m) => m.keywords))].sort());
        for (const uid of [0, 1, 50, 101]) {
          expect(table.lowerBound(uid)).toBe(model.filter((m) => m.uid < uid).length);
          const at = model.findIndex((m) => m.uid === uid);
          for (const guess of [-1, 0, at, at + 1, model.length]) expect(table.position(uid, guess)).toBe(at);
          expect(table.position(uid)).toBe(at);
        }
      });
    }),
  );
});

test('going on from anywhere leads to the same place as looking in all of it', () => {
  const table = new MessageTable();
  for (let uid = 10; uid < 2_000; uid += 1 + (uid % 5)) table.set({ uid, modSeq: 1, flags: 0, keywords: [] });
  for (let uid = 0; uid < 2_010; uid += 3) {
    for (const near of [0, 1, 5, 100, table.lowerBound(uid), table.length, table.length + 7]) {
      expect(table.lowerBoundFrom(near, uid)).toBe(table.lowerBound(uid));
    }
  }
  expect(new MessageTable().lowerBoundFrom(0, 7)).toBe(0);
});

test('hardening 53: a million messages take a few octets each, and are found and taken out', () => {
  const count = 1_000_000;
  const before = process.memoryUsage().arrayBuffers;
  const table = new MessageTable();
  table.reserve(count);
  for (let uid = 1; uid <= count; uid++) table.set({ uid: 2 * uid, modSeq: uid, flags: uid % 32, keywords: [] });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(24 * count);
  expect(table.length).toBe(count);
  expect([table.position(2 * count), table.position(2 * count - 1), table.lowerBound(count)]).toEqual([
    count - 1,
    -1,
    count / 2 - 1,
  ]);
  const gone = table.remove([{ first: 1, last: 2 * count - 2 }]);
  expect([gone.length, table.length, table.uid(0)]).toEqual([count - 1, 1, 2 * count]);
});
