import { forgetOldLogins } from '@postel/directory';
import { DAY_MS, HOUR_MS } from '../intervals.ts';
import type { Job } from '../job.ts';

/** Of failed attempts, whoever they came from: 200,000 rows have some 60 MB with their indexes. */
const MOST_FAILURES = 200_000;

/** Forgets who tried to log in, after so many days, and failures that do not count any more. */
export const forgetLogins: Job = {
  name: 'forget-logins',
  everyMs: HOUR_MS,
  async run({ database, loginHistoryDays, signal }) {
    const before = new Date(Date.now() - loginHistoryDays * DAY_MS);
    return { ...(await forgetOldLogins(database.sql, { before, mostFailures: MOST_FAILURES, signal })) };
  },
};
