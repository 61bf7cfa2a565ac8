import type { DmarcReport, DmarcRow, PublishedPolicy, SourceFigures } from '@postel/mail-reports';
import { numberArray, type Sql, textArray } from '@postel/storage';
import { ROWS_AT_ONCE, SOURCES_SHOWN } from './limits.ts';
import { headColumns, listReports, pruneReports, type ReportHead } from './report-heads.ts';
import type { ReportOrigin, ReportQuery } from './report-origin.ts';
import { isNewReport, keepRowLimits } from './report-row-limits.ts';

/** A report on DMARC as a list shows it. */
export interface ListedDmarcReport extends ReportHead {
  readonly messages: number;
  /** Of these, what neither SPF nor DKIM vouch for. */
  readonly failed: number;
}

/** One with all that it says. */
export interface ShownDmarcReport extends ListedDmarcReport {
  readonly email: string;
  readonly policy: PublishedPolicy;
  readonly rows: readonly DmarcRow[];
}

/** A day of a domain, in UTC, by when reports begin. */
export interface DmarcDay {
  readonly day: string;
  readonly passed: number;
  readonly failed: number;
}

/** What reports say of one server that sends as a domain. */
export interface DmarcSource extends SourceFigures {
  /** By how many organizations. */
  readonly reporters: number;
}

/** Reports on DMARC that others sent on domains here. Only what is verified or was imported counts in sums. */
export class DmarcReportTable {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @returns false if it is there already */
  async add(report: DmarcReport, { trust, reporter }: ReportOrigin): Promise<boolean> {
    const { organization, reportId, email, begin, end, policy, rows } = report;
    const { domain } = policy;
    const messages = rows.reduce((sum, row) => sum + row.messages, 0);
    const failed = rows.filter(isFailed).reduce((sum, row) => sum + row.messages, 0);
    return await this.#sql.begin(async (tx) => {
      if (!(await isNewReport(tx, 'dmarc_reports', { domain, organization, reportId }, { trust, reporter })))
        return false;
      const [added] = await tx<{ id: number }[]>`
        insert into dmarc_reports (domain, organization, report_id, reporter, trust, email, begins_at, ends_at, policy,
                                   row_count, messages, failed)
        values (${domain}, ${organization}, ${reportId}, ${reporter}, ${trust}, ${email}, ${begin}, ${end},
                ${JSON.stringify(policy)}::text::jsonb, ${rows.length}, ${messages}, ${failed})
            on conflict do nothing
        returning dmarc_report_id as id`;
      if (added === undefined) return false;
      for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
        const some = rows.slice(at, at + ROWS_AT_ONCE);
        const column = (read: (row: DmarcRow) => string) => textArray(some.map(read));
        await tx`
          insert into dmarc_report_rows (dmarc_report_id, row_number, source_address, messages, disposition, dkim, spf,
                                         header_from, envelope_from, results)
          select ${added.id}, ${at} + place, source::inet, messages, disposition, dkim, spf, header_from, envelope_from, results::jsonb
            from unnest(${column((row) => row.sourceAddress)}::text[], ${numberArray(some.map((row) => row.messages))}::bigint[],
                        ${column((row) => row.disposition)}::text[], ${column((row) => row.dkim)}::text[],
                        ${column((row) => row.spf)}::text[], ${column((row) => row.headerFrom)}::text[],
                        ${column((row) => row.envelopeFrom)}::text[], ${column(resultsOf)}::text[]) with ordinality
              as row (source, messages, disposition, dkim, spf, header_from, envelope_from, results, place)`;
      }
      await keepRowLimits(tx, 'dmarc_reports', domain);
      return true;
    });
  }

  /** The newest first. @param most so many at most */
  async list(query: ReportQuery, most: number): Promise<readonly ListedDmarcReport[]> {
    return await listReports(this.#sql, 'dmarc_reports', this.#columns(), query, most);
  }

  /** @returns null if there is none of that number */
  async show(id: number): Promise<ShownDmarcReport | null> {
    const [report] = await this.#sql.read<Omit<ShownDmarcReport, 'rows'>[]>`
      select ${this.#columns()}, email, policy from dmarc_reports where dmarc_report_id = ${id}`;
    if (report === undefined) return null;
    const rows = await this.#sql.read<(Omit<DmarcRow, keyof RowResults> & { readonly results: RowResults })[]>`
      select host(source_address) as "sourceAddress", messages, disposition, dkim, spf, header_from as "headerFrom",
             envelope_from as "envelopeFrom", results
        from dmarc_report_rows where dmarc_report_id = ${id} order by messages desc, row_number`;
    return { ...report, rows: rows.map(({ results, ...row }) => ({ ...row, ...results })) };
  }

  /** What came day by day, the oldest first; days without reports are not there. */
  async days(domain: string, since: Date): Promise<readonly DmarcDay[]> {
    return await this.#sql.read<DmarcDay[]>`
      select to_char(begins_at at time zone 'UTC', 'YYYY-MM-DD') as day, sum(messages - failed)::bigint as passed,
             sum(failed)::bigint as failed
        from dmarc_reports where domain = ${domain} and begins_at >= ${since} and trust <> 'unverified'
       group by 1 order by 1`;
  }

  /** Who sent, those of whom most failed first. */
  async sources(domain: string, since: Date): Promise<readonly DmarcSource[]> {
    return await this.#sql.read<DmarcSource[]>`
      select host(source_address) as address, sum(r.messages)::bigint as messages,
             coalesce(sum(r.messages) filter (where dkim <> 'pass' and spf <> 'pass'), 0)::bigint as failed,
             coalesce(sum(r.messages) filter (where disposition = 'quarantine'), 0)::bigint as quarantined,
             coalesce(sum(r.messages) filter (where disposition = 'reject'), 0)::bigint as rejected,
             coalesce(sum(r.messages) filter (where dkim = 'pass'), 0)::bigint as "byDkim",
             coalesce(sum(r.messages) filter (where spf = 'pass'), 0)::bigint as "bySpf",
             bool_or(dkim <> 'pass' and results @> '{"dkimResults": [{"result": "pass"}]}') as "isSignedByOthers",
             bool_or(spf <> 'pass' and results @> '{"spfResults": [{"result": "pass"}]}') as "isSentByOthers",
             count(distinct organization)::int as reporters
        from dmarc_reports as t join dmarc_report_rows as r using (dmarc_report_id)
       where domain = ${domain} and begins_at >= ${since} and trust <> 'unverified'
       group by source_address order by 3 desc, 2 desc, source_address limit ${SOURCES_SHOWN}`;
  }

  /** How many are there that nobody answers for. */
  async countUnverified(domain: string, since: Date): Promise<number> {
    const [row] = await this.#sql.read<{ count: number }[]>`
      select count(*)::int as count from dmarc_reports
       where domain = ${domain} and begins_at >= ${since} and trust = 'unverified'`;
    return row?.count ?? 0;
  }

  /** Removes some of those that end before a moment. @returns how many */
  async prune(before: Date): Promise<number> {
    return await pruneReports(this.#sql, 'dmarc_reports', before);
  }

  #columns() {
    return this.#sql`${headColumns(this.#sql, 'dmarc_reports')}, messages, failed`;
  }
}

type RowResults = Pick<DmarcRow, 'reasons' | 'dkimResults' | 'spfResults'>;

function resultsOf({ reasons, dkimResults, spfResults }: DmarcRow): string {
  return JSON.stringify({ reasons, dkimResults, spfResults } satisfies RowResults);
}

function isFailed({ dkim, spf }: DmarcRow): boolean {
  return dkim !== 'pass' && spf !== 'pass';
}
