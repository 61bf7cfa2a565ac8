import { type Appended, appendInTransaction, type NewMessage } from './append.ts';
import type { Sql, Transaction } from './database.ts';
import { dueAccounts, type LookedAt } from './due-accounts.ts';
import { StorageError } from './errors.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';
import { MAILBOXES, SUBSCRIPTIONS } from './mailboxes.ts';

/**
 * Rejects: a mailbox in which an account finds copies of messages that were not delivered because they looked bad. It is made when the
 * first of them comes, holds so much and no more, and none for longer than that. Nothing else comes into it, and what is in it
 * counts to no quota. It is read like others, and what is removed from it is gone: nothing of it is retained.
 */
export const REJECTS_MESSAGES = 1_000;
export const REJECTS_OCTETS = 100 * 1024 * 1024;
/** A server tries to pass on a message for 5 days, as a rule (RFC 5321 §4.5.4.1): while it does, its content is remembered. */
export const REJECTS_DAYS = 14;
/** Contents of which it is remembered, in an account, that they were kept. */
const REMEMBERED = 10_000;
/** Messages that one transaction removes, and contents that it forgets. */
const CLEANED_AT_ONCE = 1_000;

const failures = {
  nonexistent: 'The account has been removed',
  'over-quota': 'The account has as many mailboxes as it may have',
  'too-many-names': 'An account can have no more mailboxes',
  'too-large': 'The message is larger than all that Rejects may hold',
} as const;

/** Whether a content was kept lately, which is no reason to take the account's row. */
export async function wasRejected(sql: Sql, account: AccountId, hash: Buffer): Promise<boolean> {
  const rows = await sql.read`select from rejects where account_id = ${account}::bigint and hash = ${hash}::bytea`;
  return rows.length > 0;
}

/**
 * Puts a message into Rejects, in a transaction that has its name already. What has to make room for it goes.
 *
 * @returns null if its content was kept before, whether the copy is still there or not
 * @throws {StorageError} 'nonexistent', 'too-large', 'over-quota' and 'too-many-names' (of mailboxes): the transaction is to be rolled back
 */
export async function keepReject(
  tx: Transaction,
  account: AccountId,
  message: Omit<NewMessage, 'mailbox'>,
): Promise<Appended | null> {
  const { content, arrival } = message;
  const sizeOctets = content.sizeOctets + (arrival?.prefix.length ?? 0);
  const [rejects] = await tx<
    ({ status: 'ok'; mailbox: MailboxId } | { status: 'known' | keyof typeof failures; mailbox: null })[]
  >`
    select status, mailbox_id as mailbox from open_rejects(
      ${account}::bigint, ${content.hash}::bytea, ${sizeOctets}::bigint, ${REJECTS_MESSAGES}::bigint, ${REJECTS_OCTETS}::bigint,
      ${MAILBOXES}::bigint, ${SUBSCRIPTIONS}::bigint)`;
  if (rejects === undefined) throw new Error('open_rejects gave no answer');
  if (rejects.status === 'known') return null;
  if (rejects.status !== 'ok') throw new StorageError(rejects.status, failures[rejects.status]);

  // Outside the quota: its limits are away for the one append, and the use is what it was.
  const [quota] = await tx<
    { limitOctets: number | null; limitMessages: number | null; usedOctets: number; usedMessages: number }[]
  >`
    update accounts set quota_octets = null, quota_messages = null where account_id = ${account}::bigint
    returning old.quota_octets as "limitOctets", old.quota_messages as "limitMessages",
              used_octets as "usedOctets", used_messages as "usedMessages"`;
  if (quota === undefined) throw new Error('the account was removed while its row was held');
  const [appended] = await appendInTransaction(tx, account, [{ ...message, mailbox: rejects.mailbox }]);
  await tx`
    update accounts
       set quota_octets = ${quota.limitOctets}::bigint, quota_messages = ${quota.limitMessages}::bigint,
           used_octets = ${quota.usedOctets}::bigint, used_messages = ${quota.usedMessages}::bigint
     where account_id = ${account}::bigint`;
  return appended ?? null;
}

/** What was Rejects and has another name now is a mailbox like others. @throws {StorageError} 'over-quota' */
export async function makeOrdinary(tx: Transaction, account: AccountId, name: string): Promise<void> {
  const [row] = await tx<{ status: 'ok' | 'over-quota' }[]>`
    select make_ordinary(${account}::bigint, ${name}::text) as status`;
  if (row?.status !== 'ok') throw new StorageError('over-quota', 'The account has no room for what is in the mailbox');
}

/** What was removed from Rejects, because it was there long enough. */
export interface CleanedRejects {
  readonly messages: number;
  /** Contents that would be kept again. */
  readonly forgotten: number;
}

/** Does one slice of an account. @returns a null modseq if no message went */
export async function cleanRejects(
  tx: Transaction,
  account: AccountId,
): Promise<CleanedRejects & { readonly modseq: ModSeq | null; readonly isDone: boolean }> {
  const [row] = await tx<(CleanedRejects & { modseq: ModSeq | null })[]>`
    select mod_seq as modseq, messages, forgotten
      from clean_rejects(${account}::bigint, ${REJECTS_DAYS}::integer, ${REMEMBERED}::bigint, ${CLEANED_AT_ONCE}::integer)`;
  if (row === undefined) throw new Error('clean_rejects gave no answer');
  return { ...row, isDone: Math.max(row.messages, row.forgotten) < CLEANED_AT_ONCE };
}

/** The accounts that have something to be removed, by three look-ups in an index for each account there is. */
export function accountsToClean(sql: Sql, signal: AbortSignal): AsyncGenerator<AccountId, void> {
  return dueAccounts(
    signal,
    (above, limit) => sql.read<LookedAt[]>`
      select a.account_id as id,
             coalesce(least(
               (select m.save_date from mailboxes as b join messages as m using (account_id, mailbox_id)
                 where b.account_id = a.account_id and b.is_rejects and b.expunged_seq is null order by m.uid limit 1),
               (select r.kept_at from rejects as r where r.account_id = a.account_id order by r.kept_at limit 1))
                 < now() - make_interval(days => ${REJECTS_DAYS}::integer), false)
          or exists (select from rejects as r where r.account_id = a.account_id offset ${REMEMBERED}::bigint) as "isDue"
        from accounts as a where a.account_id > ${above}::bigint order by a.account_id limit ${limit}::integer`,
  );
}
