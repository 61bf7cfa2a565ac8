import { SECOND_MS } from '../intervals.ts';
import type { Job } from '../job.ts';

/** Delivers copies of accepted messages that their accounts could not take at the time. */
export const deliverWaiting: Job = {
  name: 'deliver-waiting',
  everyMs: 30 * SECOND_MS,
  async run({ store }) {
    return { ...(await store.deliverWaiting()) };
  },
};
