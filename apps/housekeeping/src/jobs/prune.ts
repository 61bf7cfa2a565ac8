import { listAccountIds } from '@postel/storage';
import { DAY_MS } from '../intervals.ts';
import type { Job } from '../job.ts';

const ACCOUNTS_AT_ONCE = 1_000;
/** A process that lags more than this loads its mailboxes anew: a second for 1,000,000 messages. */
const CHANGES_AGE_MS = DAY_MS;

/** Then it is not the accounts: the job is tried again later. */
const MOST_FAILURES = 10;

/** Removes what is kept of changes, removed messages, mailboxes and threads, and nobody needs for long: docs/storage.md, Pruning. */
export const prune: Job = {
  name: 'prune',
  everyMs: DAY_MS,
  async run({ database, store, tombstoneDays, log, signal }) {
    const tombstonesBefore = new Date(Date.now() - tombstoneDays * DAY_MS);
    const options = { tombstonesBefore, changesAgeMs: CHANGES_AGE_MS, signal };
    let failures = 0;
    const sum = { tombstones: 0, changes: 0, keywords: 0, annotations: 0, mailboxes: 0, threads: 0, segments: 0 };
    for (let last = 0; ; ) {
      const accounts = await listAccountIds(database.sql, last, ACCOUNTS_AT_ONCE);
      for (const account of accounts) {
        last = account;
        try {
          const { tombstones, changes, keywords, annotations, mailboxes } = await store.prune(account, options);
          sum.tombstones += tombstones;
          sum.changes += changes;
          sum.keywords += keywords;
          sum.annotations += annotations;
          sum.mailboxes += mailboxes;
          sum.threads += await store.pruneThreads(account);
          sum.segments += await store.search.pruneTextIndex(account, signal);
        } catch (error) {
          // An account that others hold for long must not keep the rest from its turn.
          signal.throwIfAborted();
          failures++;
          if (failures >= MOST_FAILURES) throw error;
          log.warn({ err: error, account }, 'an account was not pruned');
        }
      }
      if (accounts.length < ACCOUNTS_AT_ONCE) return sum;
    }
  },
};
