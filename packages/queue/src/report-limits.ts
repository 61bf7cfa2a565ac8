import { type AccountId, type Sql, type Transaction, textArray } from '@postel/storage';
import { domainOf } from './domain-of.ts';
import { REPORT_COUNTS_MS, REPORTS_A_DOMAIN, REPORTS_AN_ACCOUNT, REPORTS_AN_ADDRESS } from './limits.ts';

/** For whom a report is. */
interface Addressee {
  readonly about: {
    readonly reversePath: string;
    /** Of whom the message is that it tells of; null: it came from elsewhere. */
    readonly account: AccountId | null;
  };
}

/** Why a report is not sent: too many went this hour to its address, or to the domain of that. */
export type ReportLimit = 'address' | 'domain';

/** Of some reports, those that may go, and those that may not. */
export interface SortedReports<Report> {
  readonly admitted: readonly Report[];
  readonly withheld: readonly { readonly report: Report; readonly limit: ReportLimit }[];
}

/**
 * Counts reports to addresses and to their domains, by the hour of the clock and in the transaction that queues them, so that all
 * processes count together and what fails is not counted. Who submitted the message here themselves may have many more, and counts for
 * no domain: nobody could have forged them.
 */
export async function sortReports<Report extends Addressee>(
  tx: Transaction,
  reports: readonly Report[],
): Promise<SortedReports<Report>> {
  if (reports.length === 0) return { admitted: [], withheld: [] };
  // In one order, as whoever else counts several: none waits for another that waits for it.
  const targets = [...new Set(reports.flatMap(({ about }) => targetsOf(about).map(({ target }) => target)))].sort();
  const rows = await tx<{ target: string; reports: number }[]>`
    insert into queue_report_counts as c (target, hour, reports)
    select target, date_trunc('hour', now()), 0 from unnest(${textArray(targets)}::text[]) with ordinality as named (target, place)
     order by place
    on conflict (target, hour) do update set reports = c.reports returning target, reports`;
  const counts = new Map(rows.map(({ target, reports }) => [target, reports]));
  const admitted: Report[] = [];
  const withheld: { report: Report; limit: ReportLimit }[] = [];
  for (const report of reports) {
    const its = targetsOf(report.about);
    const full = its.find(({ target, most }) => (counts.get(target) ?? 0) >= most);
    if (full !== undefined) {
      withheld.push({ report, limit: full.limit });
      continue;
    }
    admitted.push(report);
    for (const { target } of its) counts.set(target, (counts.get(target) ?? 0) + 1);
  }
  if (admitted.length > 0) {
    await tx`
      update queue_report_counts as c set reports = named.reports
        from unnest(${textArray([...counts.keys()])}::text[], ${`{${[...counts.values()].join(',')}}`}::integer[]) as named (target, reports)
       where c.target = named.target and c.hour = date_trunc('hour', now())`;
  }
  return { admitted, withheld };
}

/** Removes the counts of hours that are long over. */
export async function pruneReportCounts(sql: Sql): Promise<void> {
  await sql`delete from queue_report_counts where hour < now() - make_interval(secs => ${REPORT_COUNTS_MS / 1_000})`;
}

function targetsOf({ reversePath, account }: Addressee['about']): readonly {
  readonly target: string;
  readonly most: number;
  readonly limit: ReportLimit;
}[] {
  const domain = domainOf(reversePath);
  const address = `${reversePath.slice(0, reversePath.lastIndexOf('@') + 1)}${domain}`.toLowerCase();
  if (account !== null) return [{ target: address, most: REPORTS_AN_ACCOUNT, limit: 'address' }];
  return [
    { target: address, most: REPORTS_AN_ADDRESS, limit: 'address' },
    { target: `@${domain}`, most: REPORTS_A_DOMAIN, limit: 'domain' },
  ];
}
