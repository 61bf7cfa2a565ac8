import { type Sql, textArray } from '@postel/storage';
import { type Address, type CanonicalAddress, canonicalAddress, withoutDetail } from './address.ts';
import type { AliasTarget, RecipientAccount, RecipientResolution } from './directory.ts';
import { canonicalDomain } from './domain-name.ts';
import type { RecentAnswers } from './recent-answers.ts';
import { readDirectory } from './transaction.ts';

const UNKNOWN = { type: 'unknown-address' } as const;
const NOT_LOCAL = { type: 'not-local' } as const;

/** Every domain has them (RFC 5321 §4.5.1, RFC 2142 §4, §5), in any case. */
const POSTMASTER = 'postmaster';
const ABUSE = 'abuse';

/** As the database has it. */
interface WhoIsDisabled {
  readonly isAccountDisabled: boolean;
  readonly isDomainDisabled: boolean;
}
export type AccountRow = Omit<RecipientAccount, 'type' | 'isDisabled'> & WhoIsDisabled;
export type AliasRow = Omit<AliasTarget, 'type' | 'isDisabled'> & WhoIsDisabled;
type Row = { readonly version: number; readonly isLocal: boolean } & (
  | (AccountRow & { aliasId: null })
  | (AliasRow & { accountId: null })
  | { accountId: null; aliasId: null }
);

/** An account that has less left is asked for at each message: whether it has room is told at RCPT. */
const AMPLE_OCTETS = 256 * 1024 * 1024;
const AMPLE_MESSAGES = 1_000;

/** What was found a moment ago. */
export type RecentRecipients = RecentAnswers<RecipientResolution>;

/** Of `accounts as account`. */
export const recipientColumns = (sql: Sql) => sql`
  account.account_id as "accountId", account.name as "accountName", account.is_disabled as "isAccountDisabled",
  account.quota_octets as "quotaOctets", account.quota_octets - account.used_octets as "freeOctets",
  account.quota_messages - account.used_messages as "freeMessages"`;

/** Of `aliases as alias` in `domains as domain`. */
export const aliasColumns = (sql: Sql) => sql`
  alias.alias_id as "aliasId", alias.local_part || '@' || domain.name as address, alias.posters, alias.is_list as "isList",
  alias.shows_members as "showsMembers", alias.may_send_as as "maySendAs", domain.disabled_since is not null as "isDomainDisabled"`;

/** @param recent null: what the database says now */
export async function resolveRecipient(
  sql: Sql,
  address: Address,
  recent: RecentRecipients | null,
): Promise<RecipientResolution> {
  const domain = canonicalDomain(address.domain);
  if (domain === null) return NOT_LOCAL;
  const canonical = canonicalAddress(address);
  if (recent?.find(domain)?.type === 'not-local') return NOT_LOCAL;
  let version: number | null = null;
  const find = async () => {
    const found = await findRecipient(sql, domain, canonical);
    version = found.version;
    return found;
  };
  const key = `${domain}\n${canonical?.localPart}\n${canonical?.writtenPart}`;
  const found = recent === null ? (await find()).answer : await recent.ask(key, find);
  // Whoever they are, the domain is not one of ours, as long as the directory is what it was.
  if (found.type === 'not-local' && version !== null) recent?.add(domain, found, version);
  if (found.type !== 'unknown-address') return found;
  const localPart = canonical?.localPart;
  if (localPart === POSTMASTER) return await oldestAccount(sql, domain);
  return localPart === ABUSE ? await resolveRecipient(sql, { localPart: POSTMASTER, domain }, recent) : UNKNOWN;
}

/** Not to keep: who is nobody may be somebody at the next message. */
interface FoundRecipient {
  readonly answer: RecipientResolution;
  readonly version: number | null;
  readonly isToKeep: boolean;
}

async function findRecipient(sql: Sql, domain: string, address: CanonicalAddress | null): Promise<FoundRecipient> {
  const localPart = address?.localPart ?? null;
  const isForAll = localPart === POSTMASTER || localPart === ABUSE;
  const folded = candidates(localPart);
  const written = isForAll ? folded : candidates(address?.writtenPart ?? null);

  const [row] = await readDirectory(
    () => sql.read<Row[]>`
      select ${recipientColumns(sql)}, target.mailbox_id as mailbox,
             ${aliasColumns(sql)}, domain.domain_id is not null as "isLocal", installation.directory_version as version
        from installation
        left join domains as domain on domain.name = ${domain}
        cross join lateral (
          select case when domain.is_case_sensitive then ${textArray(written.parts)}::text[]
                      else ${textArray(folded.parts)}::text[] end as parts) as wanted
        left join lateral (
          select * from (
            select account_id, mailbox_id, null::bigint as alias_id, array_position(wanted.parts, local_part) as position
              from addresses as a where a.domain_id = domain.domain_id and a.local_part = any(wanted.parts)
            union all
            select null, null, alias_id, array_position(wanted.parts, local_part)
              from aliases as b where b.domain_id = domain.domain_id and b.local_part = any(wanted.parts)
          ) as found
           where strpos(domain.detail_separators, (${textArray(folded.separators)}::text[])[position]) > 0
           order by position limit 1) as named on true
        left join aliases as alias on alias.alias_id = named.alias_id
        left join accounts as account
               on account.account_id = case when named.alias_id is null
                                            then coalesce(named.account_id, domain.catchall_account_id) end
        left join mailboxes as target
               on target.account_id = named.account_id and target.mailbox_id = named.mailbox_id and target.expunged_seq is null`,
  );
  if (row === undefined || !row.isLocal) return { answer: NOT_LOCAL, version: row?.version ?? null, isToKeep: false };
  const { version } = row;
  // A local part that is none can be nobody's, not even the catchall's.
  if (localPart === null) return { answer: UNKNOWN, version, isToKeep: false };
  if (row.accountId !== null) {
    const answer = recipientOf(row);
    return { answer, version, isToKeep: willDoForNext(answer) };
  }
  return { answer: row.aliasId === null ? UNKNOWN : aliasOf(row), version, isToKeep: false };
}

/** What may change without a change of the directory is asked for each time: little room, and a mailbox, which may be deleted. */
function willDoForNext({ isDisabled, freeOctets, freeMessages, mailbox }: RecipientAccount): boolean {
  const hasRoom = (freeOctets ?? AMPLE_OCTETS) >= AMPLE_OCTETS && (freeMessages ?? AMPLE_MESSAGES) >= AMPLE_MESSAGES;
  return !isDisabled && hasRoom && mailbox === null;
}

export function recipientOf(row: AccountRow): RecipientAccount {
  const { accountId, accountName, quotaOctets, freeOctets, freeMessages, mailbox } = row;
  const isDisabled = row.isAccountDisabled || row.isDomainDisabled;
  return { type: 'account', accountId, accountName, isDisabled, quotaOctets, freeOctets, freeMessages, mailbox };
}

export function aliasOf(row: AliasRow): AliasTarget {
  const { aliasId, address, posters, isList, showsMembers, maySendAs } = row;
  const isDisabled = row.isDomainDisabled;
  return { type: 'alias', aliasId, address, isDisabled, posters, isList, showsMembers, maySendAs };
}

/** What an address may be found by, the likeliest first: as it is, and without details. Nothing parts the first from a detail. */
function candidates(localPart: string | null) {
  if (localPart === null) return { parts: [], separators: [] };
  const bases = withoutDetail(localPart);
  return {
    parts: [localPart, ...bases.map(({ base }) => base)],
    separators: ['', ...bases.map(({ separator }) => separator)],
  };
}

export async function resolvePostmaster(
  sql: Sql,
  hostname: string,
  recent: RecentRecipients,
): Promise<RecipientResolution> {
  const own = await resolveRecipient(sql, { localPart: POSTMASTER, domain: hostname }, recent);
  return own.type === 'account' || own.type === 'alias' ? own : await oldestAccount(sql, null);
}

/**
 * The oldest account that has an address in the domain, else the oldest: whoever set the server up, most likely. Each
 * walks the accounts by age and stops at the first.
 */
async function oldestAccount(sql: Sql, domain: string | null): Promise<RecipientResolution> {
  const [row] = await readDirectory(
    () => sql.read<AccountRow[]>`
      select ${recipientColumns(sql)}, null::bigint as mailbox, false as "isDomainDisabled" from accounts as account
       where account_id = coalesce(
         (select a.account_id from accounts as a
           where not a.is_disabled
             and exists (select from addresses join domains using (domain_id)
                          where addresses.account_id = a.account_id and domains.name = ${domain}::text)
           order by a.account_id limit 1),
         (select a.account_id from accounts as a where not a.is_disabled order by a.account_id limit 1))`,
  );
  return row === undefined ? UNKNOWN : recipientOf(row);
}
