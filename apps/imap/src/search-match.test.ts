import { SequenceSet } from '@postel/imap-wire';
import { MessageTable, type SharedMailbox } from '@postel/storage';
import { expect, test } from 'vitest';
import type { MailboxView } from './mailbox-view.ts';
import type { SearchKey } from './search-key.ts';
import { planSearch } from './search-match.ts';

test('hardening 33: the keywords of a mailbox are asked for once, however many keys name one', () => {
  const table = new MessageTable();
  for (let uid = 1; uid <= 3; uid++) table.set({ uid, modSeq: 1, flags: 0, keywords: [uid, uid + 10, uid + 20] });
  let asked = 0;
  const mailbox = {
    table,
    keyword: (id: number) => `K${id}`,
    keywordsInUse() {
      asked++;
      return table.keywordsInUse();
    },
  };
  const view = { mailbox: mailbox as unknown as SharedMailbox } as MailboxView;
  const found = (keys: readonly SearchKey[]) => {
    const plan = planSearch(view, keys, () => []);
    if (plan.type !== 'arrays') throw new Error('keywords are in the arrays');
    return [1, 2, 3, 4].filter((uid) => plan.matches(uid, table.position(uid)));
  };
  const key = (name: string): SearchKey => ({ type: 'keyword', name });

  expect(found([{ type: 'not', key: key('k12') }, ...Array.from({ length: 900 }, () => key('k23'))])).toEqual([3]);
  expect(asked).toBe(1);
  for (const [name, uids] of Object.entries({ k1: [1], K12: [2], k23: [3], k4: [], none: [] }))
    expect(found([key(name)])).toEqual(uids);
});

test('a set that stands in a search many times over, by a filter, is made ranges of once', () => {
  const view = { mailbox: { table: new MessageTable() } as unknown as SharedMailbox } as MailboxView;
  const set = new SequenceSet([{ first: 2, last: 3 }]);
  let asked = 0;
  const plan = planSearch(view, Array<SearchKey>(900).fill({ type: 'set', set, kind: 'uid' }), () => {
    asked++;
    return set.explicit;
  });
  expect(asked).toBe(1);
  expect(plan.type === 'arrays' && [1, 2, 3, 4].filter((uid) => plan.matches(uid, -1))).toEqual([2, 3]);
});
