import type { AccountId, Sql } from '@postel/storage';
import type { LoginFilter } from './directory.ts';
import { NOT_AT_ONCE } from './failure-store.ts';
import { findAccount } from './find-account.ts';
import type { LoginService } from './login.ts';
import type { RecordedOutcome } from './login-history.ts';
import type { LoginName } from './login-name.ts';
import { readDirectory } from './transaction.ts';

/** A row of `login_attempts` before it is written. Times are epoch ms. */
export interface AttemptRow {
  /** In hex. */
  readonly key: string;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
  readonly accountId: AccountId | null;
  /** What a login names, parsed, where it is not known whose it is. */
  readonly accountName: string | null;
  readonly localPart: string | null;
  readonly writtenPart: string | null;
  readonly domain: string | null;
  readonly loginName: string | null;
  readonly clientAddress: string | null;
  readonly network: string | null;
  readonly service: LoginService;
  readonly mechanism: string | null;
  readonly tlsVersion: string | null;
  readonly credentialKind: string | null;
  readonly credentialName: string | null;
  readonly keyFingerprint: string | null;
  readonly program: string | null;
  readonly outcome: RecordedOutcome;
}

/** Attempts to log in that were alike, in one hour. */
export interface LoginEntry {
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly count: number;
  /** Null if the login named nobody, or there were too many to tell. */
  readonly accountName: string | null;
  readonly loginName: string | null;
  /** An address; or a network, where a flood came from all over it; null if it came from everywhere. */
  readonly from: string | null;
  readonly service: LoginService;
  readonly mechanism: string | null;
  readonly tlsVersion: string | null;
  readonly credentialKind: 'password' | 'app-password' | 'tls-public-key' | 'token' | 'anonymous' | null;
  readonly credentialName: string | null;
  readonly keyFingerprint: string | null;
  readonly program: string | null;
  readonly outcome: RecordedOutcome;
}

/** @throws what the database throws */
export async function writeAttempts(sql: Sql, rows: readonly AttemptRow[]): Promise<void> {
  // In one order everywhere, so that two processes never wait for each other.
  const sorted = rows.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  await sql.begin(
    (tx) => tx`
      insert into login_attempts as kept
             (attempt_key, first_at, last_at, count, account_id, login_name, client_address, network, service, mechanism,
              tls_version, credential_kind, credential_name, key_fingerprint, program, outcome)
      select decode(key, 'hex'), to_timestamp("firstAt" / 1000), to_timestamp("lastAt" / 1000), count,
             coalesce(given."accountId", accounts.account_id, addresses.account_id), "loginName", "clientAddress", network,
             service, mechanism, "tlsVersion", "credentialKind", "credentialName", "keyFingerprint", program, outcome
        from jsonb_to_recordset(${JSON.stringify(sorted)}::text::jsonb)
          as given (key text, "firstAt" float8, "lastAt" float8, count integer, "accountId" bigint, "accountName" text,
                    "localPart" text, "writtenPart" text, domain text, "loginName" text, "clientAddress" inet, network cidr, service text,
                    mechanism text, "tlsVersion" text, "credentialKind" text, "credentialName" text,
                    "keyFingerprint" text, program text, outcome text)
        left join accounts on accounts.name = given."accountName"
        left join domains on domains.name = given.domain
        left join addresses on addresses.domain_id = domains.domain_id
              and addresses.local_part = case when is_case_sensitive then given."writtenPart" else given."localPart" end
          on conflict (attempt_key) do update
         set count = kept.count + excluded.count, first_at = least(kept.first_at, excluded.first_at),
             last_at = greatest(kept.last_at, excluded.last_at)`,
    NOT_AT_ONCE,
  );
}

/** @throws {DirectoryError} 'no-such-account' */
export async function listLogins(
  sql: Sql,
  { accountName, onlyFailed, since, limit }: LoginFilter,
): Promise<readonly LoginEntry[]> {
  const account = accountName === null ? null : await findAccount(sql.read, accountName);
  const isTheirs = account === null ? sql.read`true` : sql.read`account_id = ${account}`;
  return await readDirectory(
    () => sql.read<LoginEntry[]>`
      select first_at as "firstAt", last_at as "lastAt", count, accounts.name as "accountName", login_name as "loginName",
             abbrev(client_address) as "from",
             service, mechanism, tls_version as "tlsVersion", credential_kind as "credentialKind",
             credential_name as "credentialName", key_fingerprint as "keyFingerprint", program, outcome
        from login_attempts left join accounts using (account_id)
       where ${isTheirs} and last_at >= ${since} and (outcome <> 'success' or not ${onlyFailed}::boolean)
       order by last_at desc, first_at desc limit ${limit}`,
  );
}

/** How many logins there were in each hour, by its beginning in epoch ms. */
export interface LoginCounts {
  readonly succeeded: ReadonlyMap<number, number>;
  readonly failed: ReadonlyMap<number, number>;
}

export async function countLogins(sql: Sql, since: Date): Promise<LoginCounts> {
  const rows = await readDirectory(
    () => sql.read<{ hour: Date; isSuccess: boolean; count: number }[]>`
      select date_trunc('hour', last_at) as hour, outcome = 'success' as "isSuccess", sum(count)::integer as count
        from login_attempts where last_at >= ${since} and outcome not in ('cancelled', 'unavailable') group by 1, 2`,
  );
  const those = (wanted: boolean) =>
    new Map(rows.filter(({ isSuccess }) => isSuccess === wanted).map(({ hour, count }) => [hour.getTime(), count]));
  return { succeeded: those(true), failed: those(false) };
}

/**
 * The account that a login names, if it has logged in from the network. One query, whoever it names.
 *
 * @param network a /32 or /64
 */
export async function findFamiliarAccount(
  sql: Sql,
  login: LoginName | null,
  network: string,
): Promise<AccountId | null> {
  const name = login?.type === 'name' ? login.name : null;
  const { localPart, writtenPart, domain } =
    login?.type === 'address' ? login.address : { localPart: null, writtenPart: null, domain: null };
  const [row] = await readDirectory(
    () => sql.read<{ accountId: AccountId }[]>`
      select account_id as "accountId"
        from (select account_id from accounts where name = ${name}
              union all
              select account_id from addresses
               where domain_id = (select domain_id from domains where name = ${domain})
                 and local_part = (select case when is_case_sensitive then ${writtenPart} else ${localPart} end
                                     from domains where name = ${domain})) as named
       where exists (select from login_attempts
                      where login_attempts.account_id = named.account_id and network = ${network}::text::cidr)`,
  );
  return row?.accountId ?? null;
}

const SLICE = 10_000;

/**
 * Removes what is older, and of failures the oldest beyond so many; and counts of failures that are 0 again. In slices.
 *
 * @returns how many rows went
 */
export async function forgetOldLogins(
  sql: Sql,
  {
    before,
    mostFailures,
    signal,
  }: { readonly before: Date; readonly mostFailures: number; readonly signal: AbortSignal },
): Promise<{ readonly attempts: number; readonly counts: number }> {
  const [oldest] = await sql.read<{ lastAt: Date }[]>`
    select last_at as "lastAt" from login_attempts where outcome <> 'success'
     order by last_at desc offset ${mostFailures} limit 1`;
  let attempts = 0;
  for (const isSuccess of [true, false]) {
    const end = !isSuccess && oldest !== undefined && oldest.lastAt > before ? oldest.lastAt : before;
    for (let removed = SLICE; removed === SLICE; attempts += removed) {
      signal.throwIfAborted();
      const { count } = await sql`
        delete from login_attempts
         where attempt_key = any (array(select attempt_key from login_attempts
                                         where last_at <= ${end} and (outcome = 'success') = ${isSuccess}
                                         order by last_at limit ${SLICE}))`;
      removed = count;
    }
  }
  // What was cleared stays until the processes that know it otherwise have forgotten it: nobody is shut out for longer than a day.
  const { count: counts } = await sql`
    delete from login_failures where empty_at < now() and coalesce(cleared_at, '-infinity') < now() - interval '25 hours'`;
  return { attempts, counts };
}
