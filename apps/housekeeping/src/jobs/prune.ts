import { listAccountIds } from '@postel/storage';
import { DAY_MS } from '../intervals.ts';
import type { Job } from '../job.ts';

const ACCOUNTS_AT_ONCE = 1_000;
/** A process that lags more than this loads its mailboxes anew: a second for 1,000,000 messages. */
const CHANGES_AGE_MS = DAY_MS;

/** Removes what is kept of changes, removed messages, mailboxes and threads, and nobody needs for long: docs/storage.md, Pruning. */
export const prune: Job = {
  name: 'prune',
  everyMs: DAY_MS,
  async run({ database, store, tombstoneDays, signal }) {
    const tombstonesBefore = new Date(Date.now() - tombstoneDays * DAY_MS);
    const sum = { tombstones: 0, changes: 0, keywords: 0, mailboxes: 0, threads: 0 };
    for (let last = 0; ; ) {
      const accounts = await listAccountIds(database.sql, last, ACCOUNTS_AT_ONCE);
      for (const account of accounts) {
        const pruned = await store.prune(account, { tombstonesBefore, changesAgeMs: CHANGES_AGE_MS, signal });
        sum.tombstones += pruned.tombstones;
        sum.changes += pruned.changes;
        sum.keywords += pruned.keywords;
        sum.mailboxes += pruned.mailboxes;
        sum.threads += await store.pruneThreads(account);
        last = account;
      }
      if (accounts.length < ACCOUNTS_AT_ONCE) return sum;
    }
  },
};
