import { numberArray, type Sql, textArray } from '@postel/storage';
import {
  TLS_REPORT_LIFETIME_MS,
  TLS_REPORT_PAUSE_MS,
  TLS_REPORT_RETRY_MS,
  TLS_REPORT_ROWS,
  TLS_REPORT_SPREAD_MS,
} from './limits.ts';

/** Sessions that ended the same way. */
export interface CountedResult {
  /** In UTC: `2026-11-23`. */
  readonly day: string;
  readonly domain: string;
  /** Which way, in JSON. */
  readonly detail: string;
  readonly sessions: number;
}

/** All that came of TLS with one domain on one day. */
export interface DayOfResults {
  readonly day: string;
  readonly domain: string;
  /** The most frequent first. */
  readonly results: readonly { readonly detail: string; readonly sessions: number }[];
}

/** What came of TLS with other domains, counted by all hosts together until it is told. */
export class TlsResultTable {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Adds to what was counted. No two of them are the same. */
  async add(results: readonly CountedResult[]): Promise<void> {
    if (results.length === 0) return;
    await this.#sql`
      insert into tls_results as t (day, domain, detail_hash, detail, sessions)
      select day, domain, sha256(convert_to(detail, 'UTF8')), detail, sessions
        from unnest(${textArray(results.map(({ day }) => day))}::date[], ${textArray(results.map(({ domain }) => domain))}::text[],
                    ${textArray(results.map(({ detail }) => detail))}::text[],
                    ${numberArray(results.map(({ sessions }) => sessions))}::bigint[]) as counted (day, domain, detail, sessions)
       order by 1, 2, 3
          on conflict (day, domain, detail_hash) do update set sessions = t.sessions + excluded.sessions`;
  }

  /** A day that is over, of a domain that nobody else reports to now; null if there is none that is due. */
  async take(): Promise<DayOfResults | null> {
    const retrySeconds = TLS_REPORT_RETRY_MS / 1_000;
    for (;;) {
      const [due] = await this.#sql.read<{ day: string; domain: string }[]>`
        select day::text as day, domain from tls_results
         where (day + 1)::timestamp at time zone 'UTC'
               + make_interval(secs => ${TLS_REPORT_PAUSE_MS / 1_000} + abs(hashtext(domain)::bigint) % ${TLS_REPORT_SPREAD_MS / 1_000}::bigint) <= now()
           and (taken_at is null or taken_at < now() - make_interval(secs => ${retrySeconds}))
         order by day, domain limit 1`;
      if (due === undefined) return null;
      const { day, domain } = due;
      const results = await this.#sql<{ detail: string; sessions: number }[]>`
        update tls_results set taken_at = now()
         where day = ${day}::date and domain = ${domain}
           and (taken_at is null or taken_at < now() - make_interval(secs => ${retrySeconds}))
        returning detail, sessions`;
      // Or somebody else was quicker.
      if (results.length === 0) continue;
      const sorted = results.toSorted((a, b) => b.sessions - a.sessions);
      return { day, domain, results: sorted.slice(0, TLS_REPORT_ROWS) };
    }
  }

  /** It was told, or nobody wants to hear it. */
  async remove({ day, domain }: Pick<DayOfResults, 'day' | 'domain'>): Promise<void> {
    await this.#sql`delete from tls_results where day = ${day}::date and domain = ${domain}`;
  }

  /** Removes what could not be told in time. */
  async prune(): Promise<void> {
    await this.#sql`
      delete from tls_results
       where (day + 1)::timestamp at time zone 'UTC' < now() - make_interval(secs => ${TLS_REPORT_LIFETIME_MS / 1_000})`;
  }
}
