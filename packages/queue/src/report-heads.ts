import type { Sql } from '@postel/storage';
import { PRUNED_AT_ONCE } from './limits.ts';
import type { ReportQuery, ReportTrust } from './report-origin.ts';

/** Where reports that others sent on domains here are kept: both have what their heads say in columns of the same names. */
export type ReportTable = 'dmarc_reports' | 'tls_reports';

/** What a list shows of a report on DMARC as of one on TLS. */
export interface ReportHead {
  readonly id: number;
  readonly domain: string;
  readonly organization: string;
  readonly reportId: string;
  readonly reporter: string;
  readonly trust: ReportTrust;
  readonly beginsAt: Date;
  readonly endsAt: Date;
  readonly receivedAt: Date;
}

/** The name of the number that the server gave it. */
export function numberColumn(table: ReportTable): string {
  return table === 'dmarc_reports' ? 'dmarc_report_id' : 'tls_report_id';
}

export function headColumns(sql: Sql, table: ReportTable) {
  return sql`
    ${sql(numberColumn(table))} as id, domain, organization, report_id as "reportId", reporter, trust,
    begins_at as "beginsAt", ends_at as "endsAt", received_at as "receivedAt"`;
}

/**
 * The newest first.
 *
 * @param columns `headColumns`, and what else its lists show
 * @param most so many at most
 */
export async function listReports<Listed extends ReportHead>(
  sql: Sql,
  table: ReportTable,
  columns: ReturnType<typeof headColumns>,
  { domain, since, until }: ReportQuery,
  most: number,
): Promise<readonly Listed[]> {
  return await sql.read<Listed[]>`
    select ${columns} from ${sql(table)}
     where (${domain}::text is null or domain = ${domain}) and (${since}::timestamptz is null or ends_at >= ${since})
       and (${until}::timestamptz is null or begins_at < ${until})
     order by ends_at desc, ${sql(numberColumn(table))} desc limit ${most}`;
}

/** Removes some of those that end before a moment. @returns how many */
export async function pruneReports(sql: Sql, table: ReportTable, before: Date): Promise<number> {
  const id = sql(numberColumn(table));
  const { count } = await sql`
    delete from ${sql(table)}
     where ${id} in (select ${id} from ${sql(table)} where ends_at < ${before} limit ${PRUNED_AT_ONCE})`;
  return count;
}
