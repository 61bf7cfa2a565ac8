import { sweepWaiting as sweep } from '@postel/storage';
import { HOUR_MS } from '../intervals.ts';
import type { Job } from '../job.ts';

/** Removes octets of mail that was to wait, or to be held, and whose sender was told otherwise by then. */
export const sweepWaiting: Job = {
  name: 'sweep-waiting',
  everyMs: HOUR_MS,
  async run({ database }) {
    return { ...(await sweep(database.sql, new Date())) };
  },
};
