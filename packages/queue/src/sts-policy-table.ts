import type { Sql } from '@postel/storage';
import { STS_FAILURE_MS, STS_REFRESH_MS, STS_RETRY_MS, STS_USED_MS } from './limits.ts';

/** What is known of the MTA-STS policy of a domain. */
export interface KeptStsPolicy {
  /** Null if none was had, or its time is over. */
  readonly policy: { readonly id: string; readonly text: string } | null;
  /** The last attempt, if it failed. */
  readonly failure: { readonly id: string; readonly ageMs: number } | null;
}

/** The MTA-STS policies of other domains, for all hosts. It does not know what they say. */
export class StsPolicyTable {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @returns null if nothing is known of the domain */
  async read(domain: string): Promise<KeptStsPolicy | null> {
    const [row] = await this.#sql.read<PolicyRow[]>`
      select policy_id as id, policy as text, coalesce(expires_at > now(), false) as "isValid", failed_id as "failedId",
             (extract(epoch from now() - failed_at) * 1000)::float8 as "failedMs", used_at < now() - interval '1 day' as "isLongUnused"
        from sts_policies where domain = ${domain}`;
    if (row === undefined) return null;
    const { id, text, isValid, failedId, failedMs, isLongUnused } = row;
    if (isLongUnused) await this.#sql`update sts_policies set used_at = now() where domain = ${domain}`;
    return {
      policy: isValid && id !== null && text !== null ? { id, text } : null,
      failure: failedId === null || failedMs === null ? null : { id: failedId, ageMs: failedMs },
    };
  }

  /** Keeps a policy in place of the one before. */
  async keep(domain: string, id: string, text: string, maxAgeSeconds: number): Promise<void> {
    await this.#sql`
      insert into sts_policies (domain, policy_id, policy, fetched_at, expires_at, refresh_at)
      values (${domain}, ${id}, ${text}, now(), now() + make_interval(secs => ${maxAgeSeconds}::integer),
              now() + make_interval(secs => ${STS_REFRESH_MS / 1_000}))
          on conflict (domain) do update
         set policy_id = excluded.policy_id, policy = excluded.policy, fetched_at = excluded.fetched_at,
             expires_at = excluded.expires_at, refresh_at = excluded.refresh_at, failed_id = null, failed_at = null, failure = null`;
  }

  /** Keeps that a policy could not be had. The one before stays. */
  async keepFailure(domain: string, id: string, reason: string): Promise<void> {
    await this.#sql`
      insert into sts_policies (domain, failed_id, failed_at, failure) values (${domain}, ${id}, now(), ${reason})
          on conflict (domain) do update set failed_id = excluded.failed_id, failed_at = now(), failure = excluded.failure`;
  }

  /** Policies in use that were not fetched for a day. Nobody else gets them for an hour, in which they may be had or not. */
  async takeStale(limit: number): Promise<readonly { readonly domain: string; readonly id: string }[]> {
    return await this.#sql<{ domain: string; id: string }[]>`
      update sts_policies set refresh_at = now() + make_interval(secs => ${STS_RETRY_MS / 1_000})
       where domain in (
         select domain from sts_policies
          where refresh_at <= now() and expires_at > now() and used_at > now() - make_interval(secs => ${STS_USED_MS / 1_000})
          order by refresh_at limit ${limit} for update skip locked)
      returning domain, policy_id as id`;
  }

  /** Removes what says nothing any more. */
  async prune(): Promise<void> {
    await this.#sql`
      delete from sts_policies
       where coalesce(expires_at <= now(), true)
         and coalesce(failed_at < now() - make_interval(secs => ${STS_FAILURE_MS / 1_000}), true)`;
  }
}

interface PolicyRow {
  readonly id: string | null;
  readonly text: string | null;
  readonly isValid: boolean;
  readonly failedId: string | null;
  readonly failedMs: number | null;
  readonly isLongUnused: boolean;
}
