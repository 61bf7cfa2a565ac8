import { DmarcReportTable, TlsReportTable } from '@postel/queue';
import { DAY_MS } from '../intervals.ts';
import type { Job } from '../job.ts';

/** Forgets what others reported on our domains, after so many days. */
export const forgetReports: Job = {
  name: 'forget-reports',
  everyMs: DAY_MS,
  async run({ database, reportDays, signal }) {
    const before = new Date(Date.now() - reportDays * DAY_MS);
    let reports = 0;
    for (const table of [new DmarcReportTable(database.sql), new TlsReportTable(database.sql)]) {
      for (let removed = -1; removed !== 0 && !signal.aborted; reports += removed) removed = await table.prune(before);
    }
    return { reports };
  },
};
