import { type FlagEdit, MessageTable, type SharedMailbox, SystemFlag } from '@postel/storage';
import { expect, test } from 'vitest';
import { ExpectedFlags } from './expected-flags.ts';

/** As much of a shared mailbox as is asked here: the keyword with the id 1 is `K1`. */
function mailboxWith(table: MessageTable): SharedMailbox {
  return { table, keyword: (id: number) => `K${id}` } as unknown as SharedMailbox;
}

const { seen, flagged } = SystemFlag;

test.each<[FlagEdit, number, number[]]>([
  [{ mode: 'add', system: flagged, keywords: ['k2'] }, seen | flagged, [1, 2]],
  [{ mode: 'add', system: 0, keywords: ['k1'] }, seen, [1]],
  [{ mode: 'remove', system: seen, keywords: ['k1', 'k3'] }, 0, []],
  [{ mode: 'replace', system: flagged, keywords: ['k3', 'K2'] }, flagged, [2, 3]],
])('%j of a message with \\Seen and K1', (edit, flags, keywords) => {
  const table = new MessageTable();
  for (const uid of [2, 4, 6, 8]) table.set({ uid, modSeq: 1, flags: seen, keywords: [1] });
  table.remove([{ first: 8, last: 8 }]);
  const expected = new ExpectedFlags(mailboxWith(table), Uint32Array.of(2, 3, 6, 8), edit);
  for (const uid of [2, 4, 6, 8]) table.set({ uid, modSeq: 2, flags, keywords });

  expect([2, 4, 6].map((uid) => expected.has(uid, table.position(uid)))).toEqual([true, false, true]);
  table.set({ uid: 2, modSeq: 3, flags: flags ^ SystemFlag.draft, keywords });
  table.set({ uid: 6, modSeq: 3, flags, keywords: [...keywords, 4] });
  expect([2, 6].map((uid) => expected.has(uid, table.position(uid)))).toEqual([false, false]);
});

test('hardening 53: a silent STORE of 1,000,000 messages remembers no more than a few octets of each', () => {
  const table = new MessageTable();
  const count = 1_000_000;
  table.reserve(count);
  for (let uid = 1; uid <= count; uid++) table.set({ uid, modSeq: 1, flags: uid % 4, keywords: uid % 3 ? [] : [1] });
  const uids = table.uids().slice();
  const held = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  const before = held();
  const expected = new ExpectedFlags(mailboxWith(table), uids, { mode: 'add', system: flagged, keywords: [] });
  expect(held() - before).toBeLessThan(30_000_000);
  expect(expected.has(3, 2)).toBe(false);
});
