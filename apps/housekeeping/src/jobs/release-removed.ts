import { releaseExpired } from '@postel/storage';
import { MINUTE_MS } from '../intervals.ts';
import type { Job } from '../job.ts';

/** Lets go of removed messages that are retained longer, or are more, than their account wants: docs/storage.md, Retention. */
export const releaseRemoved: Job = {
  name: 'release-removed',
  everyMs: 10 * MINUTE_MS,
  async run({ database, signal }) {
    const failures: unknown[] = [];
    const released = await releaseExpired(database.sql, { signal, onError: (error) => failures.push(error) });
    // Only now: an account that fails keeps no other one from its turn.
    if (failures.length > 0) throw failures[0];
    return { ...released };
  },
};
