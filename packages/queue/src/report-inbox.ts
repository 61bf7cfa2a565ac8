import type { Sql } from '@postel/storage';
import { RECEIVED_REPORT_OCTETS, RECEIVED_REPORTS } from './limits.ts';

/** A message that says it is a report. */
export interface ReceivedReport {
  readonly octets: Buffer;
  /** The domain of From. */
  readonly reporter: string;
  /** That domain answers for the message. */
  readonly isVerified: boolean;
}

/** Messages that say they are reports, from their delivery until one of all hosts reads them. */
export class ReportInbox {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @returns false if it is too large, or too many wait already */
  async keep({ octets, reporter, isVerified }: ReceivedReport): Promise<boolean> {
    if (octets.length > RECEIVED_REPORT_OCTETS) return false;
    const kept = await this.#sql`
      insert into received_reports (reporter, is_verified, octets)
      select ${reporter}, ${isVerified}, ${octets}::bytea
       where (select count(*) from received_reports) < ${RECEIVED_REPORTS}`;
    return kept.count > 0;
  }

  /** The oldest one; null if there is none. */
  async next(): Promise<(ReceivedReport & { readonly id: number; readonly receivedAt: Date }) | null> {
    const [report = null] = await this.#sql.read<(ReceivedReport & { id: number; receivedAt: Date })[]>`
      select received_report_id as id, received_at as "receivedAt", reporter, is_verified as "isVerified", octets
        from received_reports order by received_report_id limit 1`;
    return report;
  }

  async remove(id: number): Promise<void> {
    await this.#sql`delete from received_reports where received_report_id = ${id}`;
  }
}
