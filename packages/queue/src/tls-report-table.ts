import type { IncomingTlsReport, ReportedTlsFailure } from '@postel/mail-reports';
import { numberArray, type Sql, textArray } from '@postel/storage';
import { MOST_SUMMED, ROWS_AT_ONCE, SOURCES_SHOWN } from './limits.ts';
import { headColumns, listReports, pruneReports, type ReportHead } from './report-heads.ts';
import type { ReportOrigin, ReportQuery } from './report-origin.ts';
import { isNewReport, keepRowLimits } from './report-row-limits.ts';

/** A report on TLS as a list shows it: what it says of one domain. */
export interface ListedTlsReport extends ReportHead {
  /** Sessions. */
  readonly successful: number;
  readonly failed: number;
}

interface KeptTlsFailure extends ReportedTlsFailure {
  /** By which policy TLS was asked for. */
  readonly policyType: string;
}

export interface ShownTlsReport extends ListedTlsReport {
  readonly contact: string;
  readonly failures: readonly KeptTlsFailure[];
}

/** Failures of one kind, in all reports. */
export interface TlsFailureSum {
  readonly type: string;
  readonly policyType: string;
  readonly receivingHost: string;
  readonly sessions: number;
  /** By how many organizations. */
  readonly reporters: number;
}

/** Reports on TLS that others sent on domains here. Only what is verified or was imported counts in sums. */
export class TlsReportTable {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Takes in what it says of one domain. @returns false if it is there already */
  async add(report: IncomingTlsReport, domain: string, { trust, reporter }: ReportOrigin): Promise<boolean> {
    const { organization, reportId, contact, begin, end } = report;
    const policies = report.policies.filter((policy) => policy.domain === domain);
    const failures = policies.flatMap((policy) =>
      policy.failures.map((failure): KeptTlsFailure => ({ ...failure, policyType: policy.type })),
    );
    const successful = policies.reduce((sum, policy) => sum + policy.successfulSessions, 0);
    const failed = policies.reduce((sum, policy) => sum + policy.failedSessions, 0);
    return await this.#sql.begin(async (tx) => {
      if (!(await isNewReport(tx, 'tls_reports', { domain, organization, reportId }, { trust, reporter })))
        return false;
      const [added] = await tx<{ id: number }[]>`
        insert into tls_reports (domain, organization, report_id, reporter, trust, contact, begins_at, ends_at, row_count,
                                 successful, failed)
        values (${domain}, ${organization}, ${reportId}, ${reporter}, ${trust}, ${contact}, ${begin}, ${end},
                ${failures.length}, ${successful}, ${failed})
            on conflict do nothing
        returning tls_report_id as id`;
      if (added === undefined) return false;
      for (let at = 0; at < failures.length; at += ROWS_AT_ONCE) {
        const some = failures.slice(at, at + ROWS_AT_ONCE);
        const column = (read: (failure: KeptTlsFailure) => string) => textArray(some.map(read));
        await tx`
          insert into tls_report_failures (tls_report_id, row_number, policy_type, type, sessions, sending_address,
                                           receiving_host, receiving_address, reason, more)
          select ${added.id}, ${at} + place, policy_type, type, sessions, sending_address, receiving_host, receiving_address,
                 reason, more
            from unnest(${column((each) => each.policyType)}::text[], ${column((each) => each.type)}::text[],
                        ${numberArray(some.map((each) => each.sessions))}::bigint[],
                        ${column((each) => each.sendingAddress)}::text[], ${column((each) => each.receivingHost)}::text[],
                        ${column((each) => each.receivingAddress)}::text[], ${column((each) => each.reason)}::text[],
                        ${column((each) => each.more)}::text[]) with ordinality
              as failure (policy_type, type, sessions, sending_address, receiving_host, receiving_address, reason, more, place)`;
      }
      await keepRowLimits(tx, 'tls_reports', domain);
      return true;
    });
  }

  /** The newest first. @param most so many at most */
  async list(query: ReportQuery, most: number): Promise<readonly ListedTlsReport[]> {
    return await listReports(this.#sql, 'tls_reports', this.#columns(), query, most);
  }

  /** @returns null if there is none of that number */
  async show(id: number): Promise<ShownTlsReport | null> {
    const [report] = await this.#sql.read<Omit<ShownTlsReport, 'failures'>[]>`
      select ${this.#columns()}, contact from tls_reports where tls_report_id = ${id}`;
    if (report === undefined) return null;
    const failures = await this.#sql.read<KeptTlsFailure[]>`
      select policy_type as "policyType", type, sessions, sending_address as "sendingAddress",
             receiving_host as "receivingHost", receiving_address as "receivingAddress", reason, more
        from tls_report_failures where tls_report_id = ${id} order by sessions desc, row_number`;
    return { ...report, failures };
  }

  /** Sessions in all. */
  async sums(domain: string, since: Date): Promise<Pick<ListedTlsReport, 'successful' | 'failed'>> {
    const [row] = await this.#sql.read<Pick<ListedTlsReport, 'successful' | 'failed'>[]>`
      select least(coalesce(sum(successful), 0), ${MOST_SUMMED}::bigint)::bigint as successful,
             least(coalesce(sum(failed), 0), ${MOST_SUMMED}::bigint)::bigint as failed
        from tls_reports where domain = ${domain} and begins_at >= ${since} and trust <> 'unverified'`;
    return row ?? { successful: 0, failed: 0 };
  }

  /** What failed, the most frequent first. */
  async failures(domain: string, since: Date): Promise<readonly TlsFailureSum[]> {
    return await this.#sql.read<TlsFailureSum[]>`
      select type, policy_type as "policyType", receiving_host as "receivingHost",
             least(sum(sessions), ${MOST_SUMMED}::bigint)::bigint as sessions,
             count(distinct organization)::int as reporters
        from tls_reports as t join tls_report_failures as f using (tls_report_id)
       where domain = ${domain} and begins_at >= ${since} and trust <> 'unverified'
       group by 1, 2, 3 order by 4 desc, 1, 3 limit ${SOURCES_SHOWN}`;
  }

  /** Removes some of those that end before a moment. @returns how many */
  async prune(before: Date): Promise<number> {
    return await pruneReports(this.#sql, 'tls_reports', before);
  }

  #columns() {
    return this.#sql`${headColumns(this.#sql, 'tls_reports')}, successful, failed`;
  }
}
