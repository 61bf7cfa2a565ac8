import { numberArray, type Sql, textArray } from '@postel/storage';
import {
  REPORT_LIFETIME_MS,
  REPORT_PAUSE_MS,
  REPORT_RETRY_MS,
  REPORT_SPREAD_MS,
  REPORTED_ROWS,
  RESULTS_A_DAY,
  RESULTS_KEPT,
} from './limits.ts';

/** What went the same way: sessions with other servers, or messages that came in. */
export interface CountedResult {
  /** In UTC: `2026-11-23`. */
  readonly day: string;
  readonly domain: string;
  /** Which way, in JSON. */
  readonly detail: string;
  readonly count: number;
}

/** All that is to be told to one domain of one day. */
export interface DayOfResults {
  readonly day: string;
  readonly domain: string;
  /** The most frequent first. */
  readonly results: readonly { readonly detail: string; readonly count: number }[];
}

/** What is told: what came of TLS with other domains, or what DMARC found in mail that says it is from them. */
export type ResultSubject = 'tls' | 'dmarc';

const TABLES = {
  tls: { table: 'tls_results', counted: 'sessions' },
  dmarc: { table: 'dmarc_results', counted: 'messages' },
} as const satisfies Record<ResultSubject, unknown>;

/**
 * Results that concern other domains, counted by all hosts together until they are told. Somebody who invents ever new ones
 * fills neither the day of a domain nor the table: what is new beyond that is not counted.
 */
export class ResultTable {
  readonly #sql: Sql;
  readonly #names: (typeof TABLES)[ResultSubject];

  constructor(sql: Sql, subject: ResultSubject) {
    this.#sql = sql;
    this.#names = TABLES[subject];
  }

  /** Adds to what was counted. No two of them are the same. */
  async add(results: readonly CountedResult[]): Promise<void> {
    if (results.length === 0) return;
    const { sql, table, counted } = this.#statement();
    await sql`
      with counted as materialized (
        select day, domain, sha256(convert_to(detail, 'UTF8')) as detail_hash, detail, count
          from unnest(${textArray(results.map(({ day }) => day))}::date[], ${textArray(results.map(({ domain }) => domain))}::text[],
                      ${textArray(results.map(({ detail }) => detail))}::text[],
                      ${numberArray(results.map(({ count }) => count))}::bigint[]) as given (day, domain, detail, count)
      ), full_days as materialized (
        select day, domain from (select distinct day, domain from counted) as each
         where (select count(*) from (select from ${table} as t where t.day = each.day and t.domain = each.domain
                                       limit ${RESULTS_A_DAY}) as known) >= ${RESULTS_A_DAY}
      ), everything as materialized (
        select count(*) >= ${RESULTS_KEPT} as is_full from (select from ${table} limit ${RESULTS_KEPT}) as known
      )
      insert into ${table} as t (day, domain, detail_hash, detail, ${counted})
      select day, domain, detail_hash, detail, count from counted as c
       where exists (select from ${table} as known
                      where known.day = c.day and known.domain = c.domain and known.detail_hash = c.detail_hash)
          or (not (select is_full from everything) and (c.day, c.domain) not in (select day, domain from full_days))
       order by 1, 2, 3
          on conflict (day, domain, detail_hash) do update set ${counted} = t.${counted} + excluded.${counted}`;
  }

  /** A day that is over, of a domain that nobody else reports to now; null if there is none that is due. */
  async take(): Promise<DayOfResults | null> {
    const { sql, table, counted } = this.#statement();
    const retrySeconds = REPORT_RETRY_MS / 1_000;
    for (;;) {
      const [due] = await sql.read<{ day: string; domain: string }[]>`
        select day::text as day, domain from ${table}
         where (day + 1)::timestamp at time zone 'UTC'
               + make_interval(secs => ${REPORT_PAUSE_MS / 1_000} + abs(hashtext(domain)::bigint) % ${REPORT_SPREAD_MS / 1_000}::bigint) <= now()
           and (taken_at is null or taken_at < now() - make_interval(secs => ${retrySeconds}))
         order by day, domain limit 1`;
      if (due === undefined) return null;
      const { day, domain } = due;
      const results = await sql<{ detail: string; count: number }[]>`
        update ${table} set taken_at = now()
         where day = ${day}::date and domain = ${domain}
           and (taken_at is null or taken_at < now() - make_interval(secs => ${retrySeconds}))
        returning detail, ${counted} as count`;
      // Or somebody else was quicker.
      if (results.length > 0) return { day, domain, results: mostFrequent(results) };
    }
  }

  /** What would be told if the day were over. */
  async look(domain: string, day: string): Promise<DayOfResults> {
    const { sql, table, counted } = this.#statement();
    const results = await sql.read<{ detail: string; count: number }[]>`
      select detail, ${counted} as count from ${table} where day = ${day}::date and domain = ${domain}`;
    return { day, domain, results: mostFrequent(results) };
  }

  /** Domains with days that were not told yet, the newest day first. @param most so many at most */
  async list(
    most: number,
  ): Promise<readonly { readonly day: string; readonly domain: string; readonly count: number }[]> {
    const { sql, table, counted } = this.#statement();
    return await sql.read<{ day: string; domain: string; count: number }[]>`
      select day::text as day, domain, sum(${counted})::bigint as count from ${table}
       group by 1, 2 order by 1 desc, 2 limit ${most}`;
  }

  /** It was told, or nobody wants to hear it. */
  async remove({ day, domain }: Pick<DayOfResults, 'day' | 'domain'>): Promise<void> {
    const { sql, table } = this.#statement();
    await sql`delete from ${table} where day = ${day}::date and domain = ${domain}`;
  }

  /** Removes what could not be told in time. */
  async prune(): Promise<void> {
    const { sql, table } = this.#statement();
    await sql`
      delete from ${table}
       where (day + 1)::timestamp at time zone 'UTC' < now() - make_interval(secs => ${REPORT_LIFETIME_MS / 1_000})`;
  }

  #statement() {
    const sql = this.#sql;
    return { sql, table: sql(this.#names.table), counted: sql(this.#names.counted) };
  }
}

function mostFrequent<Result extends { readonly count: number }>(results: readonly Result[]): readonly Result[] {
  return results.toSorted((a, b) => b.count - a.count).slice(0, REPORTED_ROWS);
}
