import type { ReadReport } from '@postel/mail-reports';
import type { Sql } from '@postel/storage';
import { DmarcReportTable } from './dmarc-report-table.ts';
import type { ReportOrigin } from './report-origin.ts';
import { TlsReportTable } from './tls-report-table.ts';

/** What became of a report: `foreign` is about no domain of this server, `future` of days that are to come. */
export type TakenReport = 'new' | 'known' | 'foreign' | 'future';

/** A day that ends, in the zone of whoever reports, and clocks that differ. */
const AHEAD_MS = 2 * 86_400_000;

/** Keeps what a report says of our domains. @param domains canonical names */
export async function takeReport(
  sql: Sql,
  read: ReadReport,
  origin: ReportOrigin,
  domains: ReadonlySet<string>,
): Promise<TakenReport> {
  // It would be kept until those days are over, and push out what there is as the oldest.
  if (read.report.end.getTime() > Date.now() + AHEAD_MS) return 'future';
  if (read.type === 'dmarc') {
    if (!domains.has(read.report.policy.domain)) return 'foreign';
    return (await new DmarcReportTable(sql).add(read.report, origin)) ? 'new' : 'known';
  }
  const ours = new Set(read.report.policies.map(({ domain }) => domain).filter((domain) => domains.has(domain)));
  if (ours.size === 0) return 'foreign';
  const table = new TlsReportTable(sql);
  let isNew = false;
  for (const domain of ours) if (await table.add(read.report, domain, origin)) isNew = true;
  return isNew ? 'new' : 'known';
}
