import { forgetOldChanges } from '@postel/directory';
import { DAY_MS } from '../intervals.ts';
import type { Job } from '../job.ts';

/** Forgets who changed the directory, after so many days. */
export const forgetChanges: Job = {
  name: 'forget-changes',
  everyMs: DAY_MS,
  async run({ database, signal }) {
    return { changes: await forgetOldChanges(database.sql, signal) };
  },
};
