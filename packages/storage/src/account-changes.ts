import type { Sql } from './database.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';

/** A mailbox as somebody watches it who does not have it open. */
export interface WatchedMailbox {
  /** Whose it is. */
  readonly account: AccountId;
  readonly id: MailboxId;
  readonly name: string;
  readonly specialUse: string | null;
  readonly uidvalidity: number;
  readonly uidNext: number;
  readonly messages: number;
  readonly unseen: number;
  readonly createSeq: ModSeq;
  /** Of the last change to the mailbox itself: its name, its special use, its end. */
  readonly modSeq: ModSeq;
  readonly highestModSeq: ModSeq;
  /** Of the last change of its list of rights; 0: there was none. */
  readonly aclSeq: number;
  readonly isDeleted: boolean;
}

/** What has changed in an account. */
export interface AccountChanges {
  /** The modseq of the account up to which these are all. */
  readonly upTo: number;
  /** As they are now; of those that are gone, the ones that were there at `since`. */
  readonly mailboxes: readonly WatchedMailbox[];
  /** Two that are alike are of the same subscriptions: one that is made has a modseq above all others, one that ends is missing. */
  readonly subscriptions: string;
}

/**
 * What has changed in an account after `since`, in one statement. It looks at all rows of the account's mailboxes: no counter is
 * in an index, and few accounts have many.
 *
 * @param since -1: all mailboxes that are there
 */
export async function accountChanges(sql: Sql, account: AccountId, since: number): Promise<AccountChanges> {
  const rows = await sql.read<
    (Omit<WatchedMailbox, 'account' | 'id'> & { id: MailboxId | null; upTo: number; subscriptions: string })[]
  >`
    select a.modseq as "upTo", s.subscriptions, b.mailbox_id as id, b.name, b.special_use as "specialUse", b.uidvalidity,
           b.uid_next as "uidNext", b.messages, b.unseen, b.create_seq as "createSeq", b.mod_seq as "modSeq",
           b.highest_mod_seq as "highestModSeq", b.acl_seq as "aclSeq", b.expunged_seq is not null as "isDeleted"
      from accounts as a
     cross join lateral (
       select count(*)::text || ' ' || coalesce(max(s.mod_seq), 0)::text as subscriptions
         from subscriptions as s where s.account_id = a.account_id) as s
      left join mailboxes as b
        on b.account_id = a.account_id
       and case when b.expunged_seq is null then greatest(b.highest_mod_seq, b.mod_seq, b.acl_seq) > ${since}::bigint
                else b.expunged_seq > ${since}::bigint and b.create_seq <= ${since}::bigint end
     where a.account_id = ${account}::bigint
     order by b.name collate "C"`;
  const [first] = rows;
  if (first === undefined) return { upTo: since, mailboxes: [], subscriptions: '' };
  const mailboxes = rows.flatMap(({ id, upTo: _, subscriptions: __, ...mailbox }) =>
    id === null ? [] : [{ ...mailbox, account, id }],
  );
  return { upTo: first.upTo, mailboxes, subscriptions: first.subscriptions };
}
