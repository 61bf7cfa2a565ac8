import { type AccountId, numberArray, type Sql } from '@postel/storage';
import { type Address, canonicalAddress, formatAddress } from './address.ts';
import type { Posters } from './aliases.ts';
import type { AliasTarget, RecipientAccount, RecipientResolution } from './directory.ts';
import {
  type AccountRow,
  type AliasRow,
  aliasColumns,
  aliasOf,
  recipientColumns,
  recipientOf,
  resolveRecipient,
} from './resolve-recipient.ts';
import { readDirectory } from './transaction.ts';

/** Who sends: the account that has logged in, if one has, and the reverse-path; null for the null one. */
export interface Poster {
  readonly account: AccountId | null;
  readonly address: Address | null;
}

/** The list by which mail comes to a member. */
export type MailingList = Pick<AliasTarget, 'address' | 'posters'>;

/** An account for which an alias stands. */
interface AliasMember extends RecipientAccount {
  /** The innermost list on the way to it; null: none of the aliases on it is one. */
  readonly list: MailingList | null;
}

interface MemberElsewhere extends Pick<AliasMember, 'list'> {
  readonly address: string;
}

/** Whom an alias stands for. */
export interface ExpandedAlias {
  /** And to all aliases among its members. */
  readonly mayPost: boolean;
  /** Each once, by whichever entry comes first. */
  readonly accounts: readonly AliasMember[];
  /** At other servers. */
  readonly elsewhere: readonly MemberElsewhere[];
  /** It has more members, with those of the aliases among them, than ALIAS_RECIPIENTS. */
  readonly isTooLarge: boolean;
}

/** Members of an alias and of all aliases among them. */
const ALIAS_RECIPIENTS = 1_000;

type Row = {
  readonly parent: number;
  readonly localPart: string;
  readonly domain: string;
  readonly isLocal: boolean;
} & (AliasRow | { readonly aliasId: null }) &
  (AccountRow | { readonly accountId: null });

/** Whom an alias names. */
interface Members {
  readonly accounts: Set<AccountId>;
  readonly aliases: Set<number>;
}

/** What was found of an alias and of those among its members. */
interface Found {
  readonly accounts: ReadonlyMap<AccountId, AliasMember>;
  readonly elsewhere: ReadonlyMap<string, MemberElsewhere>;
  readonly isTooLarge: boolean;
  /** By alias: each that was looked into. */
  readonly members: ReadonlyMap<number, Members>;
}

/**
 * Finds the members of an alias, and whether who sends may post to it and to each alias among them: a list that is closed stays so,
 * whichever other list has it as a member.
 */
export async function expandAlias(sql: Sql, alias: AliasTarget, poster: Poster): Promise<ExpandedAlias> {
  const { aliasId, posters } = alias;
  // Strangers need not make us look for members.
  const alone = new Map([[aliasId, { accounts: new Set<AccountId>(), aliases: new Set<number>() }]]);
  if (posters !== 'anyone' && poster.account === null && !(await mayPostTo(sql, alone, poster))) {
    return { mayPost: false, accounts: [], elsewhere: [], isTooLarge: false };
  }
  const { accounts, elsewhere, isTooLarge, members } = await findMembers(sql, alias);
  const mayPost = await mayPostTo(sql, members, poster);
  if (isTooLarge) return { mayPost, accounts: [], elsewhere: [], isTooLarge };
  return { mayPost, accounts: [...accounts.values()], elsewhere: [...elsewhere.values()], isTooLarge };
}

/** Level by level: each alias is looked into once, so that one that has itself among its members, by whatever way, ends. */
async function findMembers(sql: Sql, root: AliasTarget): Promise<Found> {
  const accounts = new Map<AccountId, AliasMember>();
  const elsewhere = new Map<string, MemberElsewhere>();
  const members = new Map<number, Members>();
  const lists = new Map<number, MailingList | null>([[root.aliasId, listOf(root)]]);
  let entries = 0;
  for (let level = [root.aliasId]; level.length > 0; ) {
    for (const alias of level) members.set(alias, { accounts: new Set(), aliases: new Set() });
    const next = new Set<number>();
    const rows = await readMembers(sql, level, ALIAS_RECIPIENTS + 1 - entries);
    entries += rows.length;
    if (entries > ALIAS_RECIPIENTS) return { accounts, elsewhere, isTooLarge: true, members };
    for (const row of rows) {
      const found = row.isLocal ? await memberOf(sql, row) : null;
      const list = lists.get(row.parent) ?? null;
      if (found === null) {
        const address = formatAddress(row);
        if (!elsewhere.has(address)) elsewhere.set(address, { address, list });
      } else if (found.type === 'account') {
        members.get(row.parent)?.accounts.add(found.accountId);
        if (!accounts.has(found.accountId)) accounts.set(found.accountId, { ...found, list });
      } else if (found.type === 'alias') {
        members.get(row.parent)?.aliases.add(found.aliasId);
        if (members.has(found.aliasId) || next.has(found.aliasId)) continue;
        next.add(found.aliasId);
        lists.set(found.aliasId, listOf(found) ?? list);
      }
    }
    level = [...next];
  }
  return { accounts, elsewhere, isTooLarge: false, members };
}

function listOf({ isList, address, posters }: AliasTarget): MailingList | null {
  return isList ? { address, posters } : null;
}

/** Who was removed since is left out. */
async function memberOf(sql: Sql, row: Row): Promise<RecipientResolution> {
  if (row.accountId !== null) return recipientOf(row);
  if (row.aliasId !== null) return aliasOf(row);
  return await resolveRecipient(sql, row, null); // one with a detail, or of a catchall
}

async function readMembers(sql: Sql, aliases: readonly number[], most: number): Promise<readonly Row[]> {
  return await readDirectory(
    () => sql.read<Row[]>`
      select e.alias_id as parent, e.local_part as "localPart", e.domain, domain.domain_id is not null as "isLocal", ${aliasColumns(sql)},
             target.mailbox_id as mailbox, ${recipientColumns(sql)}
        from alias_entries as e
        left join domains as domain on domain.name = e.domain
        left join addresses as named
               on named.domain_id = domain.domain_id
              and named.local_part = case when domain.is_case_sensitive then e.local_part else e.folded_part end
        left join accounts as account on account.account_id = named.account_id
        left join mailboxes as target
               on target.account_id = named.account_id and target.mailbox_id = named.mailbox_id and target.expunged_seq is null
        left join aliases as alias
               on alias.domain_id = domain.domain_id
              and alias.local_part = case when domain.is_case_sensitive then e.local_part else e.folded_part end
       where e.alias_id = any(${numberArray(aliases)}::bigint[]) and e.is_member
       order by e.alias_id, e.domain, e.folded_part limit ${most}`,
  );
}

/**
 * Whether who sends may post to each of these aliases. They may by the reverse-path, or because an address of the account that has logged in
 * is entered; from other servers, where nobody logs in, an address of this server proves nothing: its owners submit their
 * mail. Members are also those of aliases among the members. What comes by another alias may, if that is named.
 */
async function mayPostTo(sql: Sql, members: ReadonlyMap<number, Members>, poster: Poster): Promise<boolean> {
  const { account, address } = poster;
  const canonical = address === null ? null : canonicalAddress(address);
  const steps = [...members].flatMap(([parent, { aliases }]) => [...aliases].map((child) => ({ parent, child })));
  const closed = await readDirectory(
    () => sql.read<{ aliasId: number; posters: Posters }[]>`
      select a.alias_id as "aliasId", a.posters from aliases as a
       where a.alias_id = any(${numberArray(members.keys())}::bigint[]) and a.posters <> 'anyone'
         and not exists (
           select from alias_entries as e left join domains as d on d.name = e.domain
            where e.alias_id = a.alias_id and case a.posters when 'members' then e.is_member else e.may_post end
              and ((e.domain = ${canonical?.domain ?? null}::text and e.folded_part = ${canonical?.localPart ?? null}::text
                    and (${account}::bigint is not null or d.domain_id is null))
                   or exists (select from addresses as own
                               where own.account_id = ${account}::bigint and own.domain_id = d.domain_id
                                 and own.local_part = case when d.is_case_sensitive then e.local_part else e.folded_part end)
                   or exists (select from unnest(${numberArray(steps.map(({ child }) => child))}::bigint[],
                                                 ${numberArray(steps.map(({ parent }) => parent))}::bigint[]) as step (child, parent)
                                join aliases as other on other.alias_id = step.parent
                               where a.posters = 'named' and step.child = a.alias_id and other.domain_id = d.domain_id
                                 and other.local_part = case when d.is_case_sensitive then e.local_part else e.folded_part end)))`,
  );
  return closed.every(
    ({ aliasId, posters }) => posters === 'members' && account !== null && hasMember(members, aliasId, account),
  );
}

/** Whether an alias stands for an account, by whatever way. */
function hasMember(members: ReadonlyMap<number, Members>, alias: number, account: AccountId): boolean {
  const seen = new Set([alias]);
  for (const one of seen) {
    const { accounts, aliases } = members.get(one) ?? {};
    if (accounts?.has(account) === true) return true;
    for (const inner of aliases ?? []) seen.add(inner);
  }
  return false;
}
