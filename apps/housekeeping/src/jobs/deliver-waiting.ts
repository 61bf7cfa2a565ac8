import { summarizeWaiting } from '@postel/storage';
import { SECOND_MS } from '../intervals.ts';
import type { Job } from '../job.ts';

/** Delivers copies of accepted messages that their accounts could not take at the time. */
export const deliverWaiting: Job = {
  name: 'deliver-waiting',
  everyMs: 30 * SECOND_MS,
  async run({ database, store, tellLeft, signal }) {
    const done = await store.arrivals.deliverWaiting(new Date(), signal);
    const waiting = await summarizeWaiting(database.sql);
    const sum = (of: 'copies' | 'octets') => waiting.reduce((total, account) => total + account[of], 0);
    tellLeft({ accounts: waiting.length, copies: sum('copies'), octets: sum('octets') });
    return { ...done };
  },
};
