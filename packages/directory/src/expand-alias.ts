import { type AccountId, numberArray, type Sql } from '@postel/storage';
import { type Address, canonicalAddress, formatAddress } from './address.ts';
import type { AliasTarget, RecipientAccount } from './directory.ts';
import { recipientColumns, resolveRecipient } from './resolve-recipient.ts';
import { readDirectory } from './transaction.ts';

/** Who sends: the account that has logged in, if one has, and the reverse-path; null for the null one. */
export interface Poster {
  readonly account: AccountId | null;
  readonly address: Address | null;
}

/** Whom an alias stands for. */
export interface ExpandedAlias {
  readonly mayPost: boolean;
  /** Each once, by whichever entry comes first. */
  readonly accounts: readonly RecipientAccount[];
  /** Addresses at other servers. */
  readonly elsewhere: readonly string[];
  /** It has more members, with those of the aliases among them, than ALIAS_RECIPIENTS. */
  readonly isTooLarge: boolean;
}

/** Members of an alias and of all aliases among them. */
const ALIAS_RECIPIENTS = 1_000;

type Row = {
  readonly localPart: string;
  readonly domain: string;
  readonly isLocal: boolean;
  readonly aliasId: number | null;
} & ((Omit<RecipientAccount, 'type'> & { readonly accountId: AccountId }) | { readonly accountId: null });

/**
 * Finds the members of an alias, level by level: each alias is looked into once, so that one that has itself among its members,
 * by whatever way, ends.
 */
export async function expandAlias(sql: Sql, { aliasId, posters }: AliasTarget, poster: Poster): Promise<ExpandedAlias> {
  const mayPost = posters === 'anyone' || (await isPoster(sql, aliasId, posters, poster));
  const accounts = new Map<AccountId, RecipientAccount>();
  const elsewhere = new Set<string>();
  const seen = new Set([aliasId]);
  let entries = 0;
  for (let level = [aliasId]; level.length > 0; ) {
    const next: number[] = [];
    const enter = (alias: number) => {
      if (seen.has(alias)) return;
      seen.add(alias);
      next.push(alias);
    };
    const rows = await readMembers(sql, level, ALIAS_RECIPIENTS + 1 - entries);
    entries += rows.length;
    if (entries > ALIAS_RECIPIENTS) return { mayPost, accounts: [], elsewhere: [], isTooLarge: true };
    for (const row of rows) {
      const { localPart, domain, isLocal } = row;
      if (!isLocal) elsewhere.add(formatAddress({ localPart, domain }));
      else if (row.accountId !== null) add(accounts, { type: 'account', ...recipientOf(row) });
      else if (row.aliasId !== null) enter(row.aliasId);
      else {
        // One with a detail, or of a catchall. Who was removed since is left out.
        const found = await resolveRecipient(sql, { localPart, domain });
        if (found.type === 'account') add(accounts, found);
        if (found.type === 'alias') enter(found.aliasId);
      }
    }
    level = next;
  }
  return { mayPost, accounts: [...accounts.values()], elsewhere: [...elsewhere], isTooLarge: false };
}

function add(accounts: Map<AccountId, RecipientAccount>, account: RecipientAccount): void {
  if (!accounts.has(account.accountId)) accounts.set(account.accountId, account);
}

function recipientOf(row: Omit<RecipientAccount, 'type'>): Omit<RecipientAccount, 'type'> {
  const { accountId, accountName, isDisabled, quotaOctets, freeOctets, freeMessages, mailbox } = row;
  return { accountId, accountName, isDisabled, quotaOctets, freeOctets, freeMessages, mailbox };
}

async function readMembers(sql: Sql, aliases: readonly number[], most: number): Promise<readonly Row[]> {
  return await readDirectory(
    () => sql.read<Row[]>`
      select e.local_part as "localPart", e.domain, d.domain_id is not null as "isLocal", other.alias_id as "aliasId",
             target.mailbox_id as mailbox, ${recipientColumns(sql)}
        from alias_entries as e
        left join domains as d on d.name = e.domain
        left join addresses as named
               on named.domain_id = d.domain_id
              and named.local_part = case when d.is_case_sensitive then e.local_part else e.folded_part end
        left join accounts as account on account.account_id = named.account_id
        left join mailboxes as target
               on target.account_id = named.account_id and target.mailbox_id = named.mailbox_id and target.expunged_seq is null
        left join aliases as other
               on other.domain_id = d.domain_id
              and other.local_part = case when d.is_case_sensitive then e.local_part else e.folded_part end
       where e.alias_id = any(${numberArray(aliases)}::bigint[]) and e.is_member
       order by e.alias_id, e.domain, e.folded_part limit ${most}`,
  );
}

/**
 * By the reverse-path, or because an address of the account that has logged in is entered. From other servers, where nobody logs
 * in, an address of this server proves nothing: its owners submit their mail.
 */
async function isPoster(
  sql: Sql,
  alias: number,
  posters: 'members' | 'named',
  { account, address }: Poster,
): Promise<boolean> {
  const canonical = address === null ? null : canonicalAddress(address);
  const [row] = await readDirectory(
    () => sql.read`
      select from alias_entries as e left join domains as d on d.name = e.domain
       where e.alias_id = ${alias} and case when ${posters} = 'members' then is_member else may_post end
         and ((e.domain = ${canonical?.domain ?? null}::text and e.folded_part = ${canonical?.localPart ?? null}::text
               and (${account}::bigint is not null or d.domain_id is null))
              or exists (select from addresses as a
                          where a.account_id = ${account}::bigint and a.domain_id = d.domain_id
                            and a.local_part = case when d.is_case_sensitive then e.local_part else e.folded_part end))
       limit 1`,
  );
  return row !== undefined;
}
