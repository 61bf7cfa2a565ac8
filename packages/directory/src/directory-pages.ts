import type { Sql } from '@postel/storage';
import { formatAddress } from './address.ts';
import type { AddressSummary } from './addresses.ts';
import { type Administrator, domainsOf, isTheirs } from './administered.ts';
import type { AliasSummary } from './aliases.ts';
import type { LoginEntry } from './attempt-rows.ts';
import type { AccountInDetail, AccountSummary } from './directory.ts';
import { type DirectoryChange, parseState } from './directory-changes.ts';
import { type DomainSummary, selectDomains } from './domains.ts';
import { findAccount, noSuchAccount } from './find-account.ts';
import { readDirectory } from './transaction.ts';

/** A part of a long list: what comes after something, and so many. */
interface PageOf<Key> {
  /** Null: from the beginning. */
  readonly after: Key | null;
  readonly limit: number;
}

/** Of what is by name; `search` is looked for in names and addresses, in any case. Null: all. */
interface NamedPageOf<Key> extends PageOf<Key> {
  readonly administrator: Administrator;
  readonly search: string | null;
}

/** Domain and local part, as both are stored. */
export type AddressKey = readonly [domain: string, localPart: string];
/** As Postgres writes moments, and the row's key in hexadecimal. */
export type LoginKey = readonly [lastAt: string, firstAt: string, attempt: string];

interface KeyedLogin extends LoginEntry {
  readonly key: LoginKey;
}

interface KeyedChange extends DirectoryChange {
  readonly changeId: number;
}

interface LoginPage extends PageOf<LoginKey> {
  /** Null: of everybody, and of nobody. */
  readonly accountName: string | null;
  readonly since: Date;
  /** In the login name, the account's name, or where it came from; null: all. */
  readonly search: string | null;
}

interface ChangePage extends PageOf<number> {
  /** In what it is about, or who made it; null: all. */
  readonly search: string | null;
}

/** Long lists, part by part: each in the order of a key, so that a part costs the same wherever it is. */
export interface DirectoryPages {
  /** By name. */
  accounts(page: NamedPageOf<string>): Promise<readonly AccountSummary[]>;
  /** By domain and local part. */
  addresses(page: NamedPageOf<AddressKey>): Promise<readonly AddressSummary[]>;
  aliases(page: NamedPageOf<AddressKey>): Promise<readonly AliasSummary[]>;
  /** The newest first. @throws 'no-such-account' */
  logins(page: LoginPage): Promise<readonly KeyedLogin[]>;
  /** The newest first. */
  changes(page: ChangePage): Promise<readonly KeyedChange[]>;
  /** All that somebody administers, by name. */
  domains(administrator: Administrator): Promise<readonly DomainSummary[]>;
}

export function directoryPages(sql: Sql): DirectoryPages {
  return {
    accounts: (page) => readDirectory(() => selectAccounts(sql, page)),
    addresses: (page) => readDirectory(() => selectAddresses(sql, page)),
    aliases: (page) => readDirectory(() => selectAliases(sql, page)),
    logins: (page) => readDirectory(() => selectLogins(sql, page)),
    changes: (page) => readDirectory(() => selectChanges(sql, page)),
    domains: (administrator) => readDirectory(() => selectDomains(sql.read, administrator)),
  };
}

type AccountRow = Omit<AccountInDetail, 'addresses' | 'administers'> & {
  readonly addresses: string;
  readonly administers: string;
};

async function selectAccounts(
  { read }: Sql,
  { administrator, search, after, limit, name = null }: NamedPageOf<string> & { readonly name?: string | null },
): Promise<readonly AccountInDetail[]> {
  const text = folded(search);
  const rows = await read<AccountRow[]>`
    select account.name, used_octets as "usedOctets", used_messages as "usedMessages", created_at as "createdAt",
           is_disabled as "isDisabled", role,
           exists (select from totp_secrets as t where t.account_id = account.account_id and t.is_confirmed) as "hasSecondFactor",
           (select coalesce(json_agg(json_build_object('localPart', o.local_part, 'domain', d.name) order by d.name, o.local_part), '[]')::text
              from addresses as o join domains as d using (domain_id) where o.account_id = account.account_id) as addresses,
           (select coalesce(json_agg(d.name order by d.name), '[]')::text
              from administered_domains as g join domains as d using (domain_id)
             where g.account_id = account.account_id) as administers
      from accounts as account
     where account.name = coalesce(${name}::text, account.name)
       and (${after}::text is null or account.name > ${after}::text)
       and (${text}::text is null or strpos(account.name, ${text}::text) > 0
            or exists (select from addresses as o join domains as d using (domain_id)
                        where o.account_id = account.account_id and strpos(lower(o.local_part) || '@' || d.name, ${text}::text) > 0))
       and ${isTheirs(read, administrator)}
     order by account.name limit ${limit}`;
  return rows.map(({ addresses, administers, ...row }) => ({
    ...row,
    addresses: JSON.parse(addresses).map(formatAddress),
    administers: JSON.parse(administers),
  }));
}

async function selectAddresses(
  { read }: Sql,
  { administrator, search, after, limit }: NamedPageOf<AddressKey>,
): Promise<readonly AddressSummary[]> {
  const [domain, localPart] = after ?? [null, null];
  const text = folded(search);
  const isVisible =
    administrator === null
      ? read`true`
      : read`a.domain_id in ${domainsOf(read, administrator)}
             and (a.account_id = ${administrator}::bigint or ${isTheirs(read, administrator)})`;
  return await read<AddressSummary[]>`
    select a.local_part || '@' || d.name as address, account.name as account, b.name as mailbox
      from addresses as a join domains as d using (domain_id) join accounts as account using (account_id)
      left join mailboxes as b on b.account_id = a.account_id and b.mailbox_id = a.mailbox_id and b.expunged_seq is null
     where (${domain}::text is null or (d.name, a.local_part) > (${domain}::text, ${localPart}::text))
       and (${text}::text is null or strpos(account.name, ${text}::text) > 0
            or strpos(lower(a.local_part) || '@' || d.name, ${text}::text) > 0)
       and ${isVisible}
     order by d.name, a.local_part limit ${limit}`;
}

async function selectAliases(
  { read }: Sql,
  { administrator, search, after, limit }: NamedPageOf<AddressKey>,
): Promise<readonly AliasSummary[]> {
  const [domain, localPart] = after ?? [null, null];
  const text = folded(search);
  const isVisible = administrator === null ? read`true` : read`a.domain_id in ${domainsOf(read, administrator)}`;
  return await read<AliasSummary[]>`
    select a.local_part || '@' || d.name as address, posters, is_list as "isList", shows_members as "showsMembers",
           may_send_as as "maySendAs",
           (select count(*)::integer from alias_entries as e where e.alias_id = a.alias_id and is_member) as members,
           (select count(*)::integer from alias_entries as e
             where e.alias_id = a.alias_id and is_member and not exists (select from domains where name = e.domain)) as elsewhere
      from aliases as a join domains as d using (domain_id)
     where (${domain}::text is null or (d.name, a.local_part) > (${domain}::text, ${localPart}::text))
       and (${text}::text is null or strpos(lower(a.local_part) || '@' || d.name, ${text}::text) > 0)
       and ${isVisible}
     order by d.name, a.local_part limit ${limit}`;
}

async function selectLogins(
  { read }: Sql,
  { accountName, since, search, after, limit }: LoginPage,
): Promise<readonly KeyedLogin[]> {
  const account = accountName === null ? null : await findAccount(read, accountName);
  const ofAccount = account === null ? read`true` : read`account_id = ${account}`;
  const [lastAt, firstAt, attempt] = after ?? [null, null, null];
  const text = folded(search);
  const rows = await read<(LoginEntry & { lastKey: string; firstKey: string; attempt: string })[]>`
    select first_at as "firstAt", last_at as "lastAt", count, accounts.name as "accountName", login_name as "loginName",
           abbrev(client_address) as "from",
           service, mechanism, tls_version as "tlsVersion", credential_kind as "credentialKind",
           credential_name as "credentialName", key_fingerprint as "keyFingerprint", program, outcome,
           last_at::text as "lastKey", first_at::text as "firstKey", encode(attempt_key, 'hex') as attempt
      from login_attempts left join accounts using (account_id)
     where ${ofAccount} and last_at >= ${since}
       and (${lastAt}::text is null or last_at <= ${lastAt}::text::timestamptz)
       and (${lastAt}::text is null or (last_at, first_at, attempt_key)
            < (${lastAt}::text::timestamptz, ${firstAt}::text::timestamptz, decode(${attempt}::text, 'hex')))
       and (${text}::text is null or strpos(lower(coalesce(login_name, '')), ${text}::text) > 0
            or strpos(coalesce(accounts.name, ''), ${text}::text) > 0
            or strpos(coalesce(abbrev(client_address), ''), ${text}::text) > 0)
     order by last_at desc, first_at desc, attempt_key desc limit ${limit}`;
  return rows.map(({ lastKey, firstKey, attempt: id, ...entry }) => ({ ...entry, key: [lastKey, firstKey, id] }));
}

async function selectChanges({ read }: Sql, { search, after, limit }: ChangePage): Promise<readonly KeyedChange[]> {
  const text = folded(search);
  const rows = await read<(Omit<KeyedChange, 'before' | 'after'> & { before: string | null; after: string | null })[]>`
    select change_id as "changeId", changed_at as at, door, actor, token, origin, kind, name, before::text, after::text
      from directory_changes
     where (${after}::bigint is null or change_id < ${after}::bigint)
       and (${text}::text is null or strpos(lower(name), ${text}::text) > 0 or strpos(lower(actor), ${text}::text) > 0)
     order by change_id desc limit ${limit}`;
  return rows.map((row) => ({ ...row, before: parseState(row.before), after: parseState(row.after) }));
}

const folded = (search: string | null): string | null => (search === null ? null : search.trim().toLowerCase() || null);

/** One account. @throws {DirectoryError} 'no-such-account' */
export async function readAccountSummary(sql: Sql, name: string): Promise<AccountInDetail> {
  const [found] = await readDirectory(() =>
    selectAccounts(sql, { administrator: null, search: null, after: null, limit: 1, name }),
  );
  if (found === undefined) throw noSuchAccount(name);
  return found;
}
