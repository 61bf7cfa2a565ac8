import { type Sql, textArray } from '@postel/storage';
import { REPLY_CHARACTERS, TLS_HOST_MS } from './limits.ts';

/** A host that had TLS and does not any more. */
export interface MissingTls {
  readonly forMs: number;
  /** Nobody had noticed before. */
  readonly isNew: boolean;
}

/** What came of a host that has TLS. */
export interface SeenHost {
  /** It had another key before. */
  readonly hasNewKey: boolean;
  /** It had no TLS for a while. */
  readonly wasMissing: boolean;
}

/** A host as people look at it. */
export interface TlsHost {
  readonly host: string;
  /** SHA-256 of its SubjectPublicKeyInfo, in base64. */
  readonly key: string;
  readonly keySince: Date;
  readonly firstSeenAt: Date;
  readonly seenAt: Date;
  /** Since when it has no TLS any more; null if it has. */
  readonly missingSince: Date | null;
  readonly missingReason: string | null;
}

/** Which hosts have offered TLS, and with which key. */
export class TlsMemory {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @param host in lower case @param keyHash SHA-256 of its SubjectPublicKeyInfo @returns null if there is nothing new about it */
  async seen(host: string, keyHash: Buffer): Promise<SeenHost | null> {
    const [known] = await this.#sql.read<{ isSameKey: boolean; isMissing: boolean; isFresh: boolean }[]>`
      select key_hash = ${keyHash}::bytea as "isSameKey", missing_since is not null as "isMissing",
             seen_at > now() - interval '1 hour' as "isFresh"
        from tls_hosts where host = ${host}`;
    // Most of the time nothing is written.
    if (known?.isSameKey && known.isFresh && !known.isMissing) return null;
    await this.#sql`
      insert into tls_hosts as t (host, key_hash) values (${host}, ${keyHash}::bytea)
          on conflict (host) do update
         set key_since = case when t.key_hash = excluded.key_hash then t.key_since else now() end,
             key_hash = excluded.key_hash, seen_at = now(), missing_since = null, missing_reason = null`;
    if (known === undefined) return null;
    return known.isSameKey && !known.isMissing ? null : { hasNewKey: !known.isSameKey, wasMissing: known.isMissing };
  }

  /** @param host in lower case @returns null if it is not known to have had TLS */
  async missing(host: string, reason: string): Promise<MissingTls | null> {
    const [row] = await this.#sql<MissingTls[]>`
      update tls_hosts as t
         set missing_since = coalesce(t.missing_since, now()), missing_reason = ${reason.slice(0, REPLY_CHARACTERS)}
        from (select host, missing_since from tls_hosts where host = ${host} for update) as before
       where t.host = before.host
      returning greatest((extract(epoch from now() - t.missing_since) * 1000)::float8, 0) as "forMs", before.missing_since is null as "isNew"`;
    return row ?? null;
  }

  /** How many hosts have no TLS any more. */
  async countMissing(): Promise<number> {
    const [row] = await this.#sql.read<{ count: number }[]>`
      select count(*)::integer as count from tls_hosts where missing_since is not null`;
    return row?.count ?? 0;
  }

  /** Forgets hosts that nobody has sent mail to for long. */
  async prune(): Promise<void> {
    await this.#sql`
      delete from tls_hosts
       where greatest(seen_at, missing_since) < now() - make_interval(secs => ${TLS_HOST_MS / 1_000})`;
  }
}

/** Those without TLS first. @param withAll also those that have it */
export async function listTlsHosts(sql: Sql, withAll: boolean, limit: number): Promise<readonly TlsHost[]> {
  return await sql.read<TlsHost[]>`
    select host, encode(key_hash, 'base64') as key, key_since as "keySince", first_seen_at as "firstSeenAt", seen_at as "seenAt",
           missing_since as "missingSince", missing_reason as "missingReason"
      from tls_hosts where ${withAll} or missing_since is not null order by missing_since, host limit ${limit}`;
}

/** Forgets that hosts ever had TLS. @returns those that were known */
export async function forgetTlsHosts(sql: Sql, hosts: readonly string[]): Promise<readonly string[]> {
  const forgotten = await sql<{ host: string }[]>`
    delete from tls_hosts where host = any(${textArray(hosts)}::text[]) returning host`;
  return forgotten.map(({ host }) => host);
}
