import { forgetTransactions } from '@postel/storage';
import { DAY_MS, HOUR_MS } from '../intervals.ts';
import type { Job } from '../job.ts';

/** Of all that is recorded of mail, whatever the number of days: a month of some 60,000 recipients a day (docs/tracing.md). */
const MOST_ROWS = 2_000_000;

/** Forgets what became of mail, after so many days. */
export const forgetMail: Job = {
  name: 'forget-mail',
  everyMs: HOUR_MS,
  async run({ database, mailHistoryDays, signal }) {
    const before = new Date(Date.now() - mailHistoryDays * DAY_MS);
    return { rows: await forgetTransactions(database.sql, { before, most: MOST_ROWS, signal }) };
  },
};
