import { parseSequenceSet } from '@postel/imap-wire';
import {
  ALL_RIGHTS,
  accountId,
  type MailboxWatcher,
  MessageTable,
  mailboxId,
  modSeq,
  rangesOf,
  type SharedMailbox,
  type Store,
  type UidRanges,
} from '@postel/storage';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SAVED_RANGES } from './limits.ts';
import { MailboxView } from './mailbox-view.ts';

/** A shared mailbox that no database stands behind: as much of one as a view uses. */
class Arrays {
  readonly table = new MessageTable();
  seq = 1;
  uidNext = 1;
  watcher: MailboxWatcher | null = null;
  #changed = new Map<number, number>();

  get highestModSeq(): number {
    return this.seq;
  }

  async openView(): Promise<MailboxView> {
    const store = {
      openMailbox: async (_account: unknown, _id: unknown, watcher: MailboxWatcher) => {
        this.watcher = watcher;
        return this as unknown as SharedMailbox;
      },
      closeMailbox() {},
    };
    return MailboxView.open(
      store as unknown as Store,
      { account: accountId(1), id: mailboxId(1), accountModSeq: modSeq(1), rights: ALL_RIGHTS },
      'INBOX',
      false,
    );
  }

  arrive(count: number, skipped = 0): number[] {
    this.seq++;
    this.uidNext += skipped;
    const uids = Array.from({ length: count }, () => this.uidNext++);
    for (const uid of uids) this.#set(uid, 0);
    return uids;
  }

  change(uid: number, flags: number): void {
    this.seq++;
    this.#set(uid, flags);
  }

  remove(uids: readonly number[]): void {
    const removed = this.table.remove(rangesOf(uids.toSorted((a, b) => a - b)));
    if (removed.length > 0) this.watcher?.removed(removed, this.seq);
    this.seq++;
  }

  changedSince(seq: number): Uint32Array {
    const uids = [...this.#changed].filter(([uid, at]) => at > seq && this.table.position(uid) >= 0);
    return Uint32Array.from(uids.map(([uid]) => uid)).sort();
  }

  keywordsInUse(): readonly number[] {
    return this.table.keywordsInUse();
  }

  #set(uid: number, flags: number): void {
    this.table.set({ uid, modSeq: this.seq, flags, keywords: [] });
    this.#changed.set(uid, this.seq);
  }
}

const numbersIn = (ranges: UidRanges): number[] =>
  ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i));

const SAVED = parseSequenceSet(Buffer.from('$'));

type Step =
  | { readonly type: 'arrive'; readonly count: number; readonly skipped: number }
  | { readonly type: 'remove'; readonly picks: readonly number[] }
  | { readonly type: 'change'; readonly pick: number }
  | { readonly type: 'save'; readonly picks: readonly number[] }
  | { readonly type: 'tell'; readonly expunges: boolean }
  | { readonly type: 'ask'; readonly set: readonly (readonly [number, number])[]; readonly star: number | null };

const step = (): fc.Arbitrary<Step> =>
  fc.oneof(
    fc.record({ type: fc.constant('arrive' as const), count: fc.nat(4), skipped: fc.nat(3) }),
    fc.record({ type: fc.constant('remove' as const), picks: fc.array(fc.nat(1_000), { maxLength: 4 }) }),
    fc.record({ type: fc.constant('change' as const), pick: fc.nat(1_000) }),
    fc.record({ type: fc.constant('save' as const), picks: fc.array(fc.nat(1_000), { maxLength: 9 }) }),
    fc.record({ type: fc.constant('tell' as const), expunges: fc.boolean() }),
    fc.record({
      type: fc.constant('ask' as const),
      set: fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 })), {
        minLength: 1,
        maxLength: 4,
      }),
      star: fc.option(fc.integer({ min: 1, max: 30 })),
    }),
  );

test('a view is an array of UIDs from which messages go only when that is told', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(10), fc.array(step(), { maxLength: 40 }), async (atFirst, steps) => {
      const arrays = new Arrays();
      arrays.arrive(atFirst);
      const view = await arrays.openView();
      /** What the client holds, by sequence number from 0. */
      let told = [...arrays.table.uids()];
      const changes = new Set<number>();
      /** The modseq of each removal, and the one up to which the client was told of flags. */
      const removedAt = new Map<number, number>();
      let toldSeq = arrays.seq;
      /** What `$` stands for. */
      let saved: readonly number[] = [];

      const isRight = () => {
        expect([...view.uids()]).toEqual(told);
        expect(view.count).toBe(told.length);
        expect(view.highestUid).toBe(told.at(-1) ?? 0);
        told.forEach((uid, index) => {
          expect(view.sequenceNumber(uid)).toBe(index + 1);
          expect(view.sequenceNumber(uid, arrays.table.position(uid))).toBe(index + 1);
        });
        for (const kind of ['uid', 'sequence'] as const) {
          expect([...(view.resolve(SAVED, kind) ?? [])]).toEqual(saved.filter((uid) => told.includes(uid)));
        }
        const held = told.filter((uid) => arrays.table.position(uid) < 0);
        expect(view.hasRemovals).toBe(held.length > 0);
        expect(view.modSeq).toBe(Math.min(toldSeq, ...held.map((uid) => (removedAt.get(uid) ?? 0) - 1)));
      };

      for (const one of steps) {
        switch (one.type) {
          case 'arrive':
            arrays.arrive(one.count, one.skipped);
            break;
          case 'remove': {
            const { table } = arrays;
            if (table.length === 0) break;
            const uids = [...new Set(one.picks.map((pick) => table.uid(pick % table.length)))];
            arrays.remove(uids);
            for (const uid of uids) removedAt.set(uid, arrays.seq);
            break;
          }
          case 'change': {
            const { table } = arrays;
            if (table.length === 0) break;
            const uid = table.uid(one.pick % table.length);
            arrays.change(uid, one.pick & 31);
            if (told.includes(uid)) changes.add(uid);
            break;
          }
          case 'save': {
            const picked = told.length === 0 ? [] : one.picks.map((pick) => told[pick % told.length] ?? 0);
            saved = [...new Set(picked)].sort((a, b) => a - b);
            expect(view.save(Uint32Array.from(saved))).toBe(true);
            break;
          }
          case 'tell': {
            if (one.expunges) for (const number of view.takeRemovals()) told = told.toSpliced(number - 1, 1);
            const changed = [...changes].filter((uid) => arrays.table.position(uid) >= 0).sort((a, b) => a - b);
            expect([...view.takeFlagChanges()]).toEqual(changed);
            changes.clear();
            toldSeq = arrays.seq;
            const arrived = [...arrays.table.uids()].filter((uid) => uid > view.toldUid);
            expect(view.takeArrivals()).toBe(arrived.length > 0);
            told.push(...arrived);
            expect(view.toldUid).toBe(arrays.uidNext - 1);
            break;
          }
          case 'ask': {
            const ranges = one.set.map((range) => range.join(':'));
            const text = [...ranges, ...(one.star === null ? [] : [`${one.star}:*`])].join();
            const set = parseSequenceSet(Buffer.from(text));
            const includes = (number: number, last: number) =>
              one.set.some(([a, b]) => number >= Math.min(a, b) && number <= Math.max(a, b)) ||
              (one.star !== null && number >= Math.min(one.star, last));
            const byUid = told.filter((uid) => includes(uid, told.at(-1) ?? 0));
            expect([...(view.resolve(set, 'uid') ?? [])]).toEqual(byUid);
            const inRanges = (of: 'uid' | 'sequence') =>
              told.filter((uid) => view.ranges(set, of).some(({ first, last }) => uid >= first && uid <= last));
            expect(inRanges('uid')).toEqual(byUid);
            const byNumber = told.filter((_, index) => includes(index + 1, told.length));
            expect(inRanges('sequence')).toEqual(byNumber);
            const ranged = view.ranges(set, 'uid');
            const absent = view.absentFrom(ranged);
            const within = numbersIn(ranged);
            expect(numbersIn(absent)).toEqual(within.filter((uid) => !told.includes(uid)));
            expect(absent).toEqual(rangesOf(numbersIn(absent)));
            for (const since of [0, one.set.length, arrays.seq - 1, arrays.seq]) {
              const here = within.filter((uid) => told.includes(uid) && arrays.table.position(uid) >= 0);
              const changed = here.filter((uid) => view.modSeqOf(uid) > since);
              expect([...view.changedSince(since, ranged)]).toEqual(changed);
            }
            if (one.set.flat().some((number) => number > told.length)) {
              expect(view.resolve(set, 'sequence')).toBeNull();
            } else {
              expect([...(view.resolve(set, 'sequence') ?? [])]).toEqual(byNumber);
              if (byNumber.length > 0) {
                const numbers = parseSequenceSet(Buffer.from(byNumber.map((uid) => told.indexOf(uid) + 1).join()));
                const matched = (uids: readonly number[]) =>
                  view.matchedUid(numbers, parseSequenceSet(Buffer.from(uids.join())));
                expect(matched(byNumber)).toBe(byNumber.at(-1));
                expect(matched(byNumber.with(-1, 1_000))).toBe(byNumber.at(-2) ?? 0);
              }
              const andSaved = parseSequenceSet(Buffer.from(`${text},$`));
              const either = told.filter((uid) => byNumber.includes(uid) || saved.includes(uid));
              expect([...(view.resolve(andSaved, 'sequence') ?? [])]).toEqual(either);
            }
            break;
          }
          default:
            one satisfies never;
        }
        isRight();
      }
    }),
    { numRuns: 300 },
  );
});

test('messages that came and went untold are never told', async () => {
  const arrays = new Arrays();
  arrays.arrive(2);
  const view = await arrays.openView();
  const fleeting = arrays.arrive(3);
  arrays.remove(fleeting);
  expect(view.takeArrivals()).toBe(false);
  expect([...view.takeRemovals()]).toEqual([]);
  expect(view.toldUid).toBe(5);
  expect([...view.uids()]).toEqual([1, 2]);
});

test('what lies in more places than a connection keeps is not saved, nor is what was saved before', async () => {
  const arrays = new Arrays();
  arrays.arrive(2 * SAVED_RANGES + 1);
  const view = await arrays.openView();
  const odd = view.uids().filter((uid) => uid % 2 === 1);
  expect(view.save(odd.subarray(1))).toBe(true);
  expect(view.resolve(SAVED, 'uid')).toEqual(odd.subarray(1));
  expect(view.save(odd)).toBe(false);
  expect(view.resolve(SAVED, 'uid')).toHaveLength(0);
  expect(view.save(view.uids())).toBe(true);
  expect(view.resolve(SAVED, 'uid')).toEqual(view.uids());
});

test('recent messages are those of the ranges claimed', async () => {
  const arrays = new Arrays();
  arrays.arrive(20);
  const view = await arrays.openView();
  view.addRecent(2, 5);
  view.addRecent(5, 7);
  view.addRecent(10, 12);
  view.addRecent(15, 15);
  view.addRecent(19, 20);
  const recent = [3, 4, 5, 6, 7, 11, 12, 20];
  expect([...view.uids()].filter((uid) => view.isRecent(uid))).toEqual(recent);
  expect(view.recentCount).toBe(recent.length);
  arrays.remove([4, 20]);
  expect(view.recentCount).toBe(recent.length - 2);
});
