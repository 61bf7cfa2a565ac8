import { HOUR_MS } from '../intervals.ts';
import type { Job } from '../job.ts';

/** Removes copies of messages that were not delivered from the mailboxes Rejects, when they were there long enough: docs/storage.md, Rejects. */
export const cleanRejects: Job = {
  name: 'clean-rejects',
  everyMs: HOUR_MS,
  async run({ store, signal }) {
    const failures: unknown[] = [];
    const cleaned = await store.arrivals.cleanRejects({ signal, onError: (error) => failures.push(error) });
    // Only now: an account that fails keeps no other one from its turn.
    if (failures.length > 0) throw failures[0];
    return { ...cleaned };
  },
};
