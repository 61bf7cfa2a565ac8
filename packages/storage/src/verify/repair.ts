import type { Sql, Transaction } from '../database.ts';
import type { AccountId, MailboxId } from '../ids.ts';
import { numberArray } from '../sql-arrays.ts';
import type { MessageBreach } from './verify-messages.ts';

/**
 * Does repairs of a mailbox in one transaction that has the account's row and a modseq above all that is in use: then counts
 * it anew, and lifts what must be above its messages. So every process looks at the mailbox again.
 *
 * @param work gets the new modseq
 */
export async function repairMailbox(
  sql: Sql,
  account: AccountId,
  mailbox: MailboxId,
  work: (tx: Transaction, modseq: number) => Promise<void> = async () => {},
): Promise<void> {
  await sql.begin(async (tx) => {
    await work(tx, await takeAccount(tx, account, mailbox));
    await recount(tx, account, mailbox);
    await sumUp(tx, account);
  });
}

/** Sets the account's counters to what its mailboxes say, and what can be undeleted. */
export async function repairAccount(
  sql: Sql,
  account: AccountId,
  work: (tx: Transaction, modseq: number) => Promise<void> = async () => {},
): Promise<void> {
  await sql.begin(async (tx) => {
    await work(tx, await takeAccount(tx, account, null));
    await sumUp(tx, account);
  });
}

/** Messages by what is wrong with them, and repaired with the mailbox. */
export async function repairMessages(
  sql: Sql,
  account: AccountId,
  mailbox: MailboxId,
  broken: ReadonlyMap<MessageBreach, readonly number[]>,
): Promise<void> {
  const uidsOf = (...breaches: readonly MessageBreach[]) =>
    numberArray(new Set(breaches.flatMap((breach) => broken.get(breach) ?? [])));
  await repairMailbox(sql, account, mailbox, async (tx, modseq) => {
    await tx`
      delete from tombstones as t
       where account_id = ${account}::bigint and mailbox_id = ${mailbox}::bigint and uid = any (${uidsOf('buried')}::bigint[])`;
    await tx`
      with touched as (
        update messages as m
           set mod_seq = ${modseq}::bigint, flags = flags & 31,
               keywords = array(select distinct k from unnest(m.keywords) as k
                                  join keywords as known on known.account_id = m.account_id and known.mailbox_id = m.mailbox_id
                                                        and known.keyword_id = k order by k)
         where account_id = ${account}::bigint and mailbox_id = ${mailbox}::bigint
           and uid = any (${uidsOf('create-seq', 'no-change', 'flag-bits', 'keyword-unknown', 'keyword-order')}::bigint[])
        returning uid)
      insert into changes (account_id, mailbox_id, mod_seq, uids)
      select ${account}::bigint, ${mailbox}::bigint, ${modseq}::bigint, range_agg(int8range(uid, uid + 1)) from touched
      having count(*) > 0`;
    await renew(tx, account, mailbox, uidsOf('size', 'prefix'));
  });
}

/** As repairMessages. Nobody is shown what is left of a message: no modseq, and no new UID. */
export async function repairTombstones(
  sql: Sql,
  account: AccountId,
  mailbox: MailboxId,
  broken: ReadonlyMap<MessageBreach, readonly number[]>,
): Promise<void> {
  const uids = numberArray(new Set([...broken.values()].flat()));
  await repairMailbox(sql, account, mailbox, async (tx) => {
    await setSizes(tx, 'tombstones', account, mailbox, uids);
    await tx`
      update tombstones as t
         set flags = flags & 31, create_seq = least(create_seq, mod_seq),
             keywords = array(select distinct k from unnest(t.keywords) as k
                                join keywords as known on known.account_id = t.account_id and known.mailbox_id = t.mailbox_id
                                                      and known.keyword_id = k order by k)
       where account_id = ${account}::bigint and mailbox_id = ${mailbox}::bigint and uid = any (${uids}::bigint[])`;
  });
}

/**
 * Sets the sizes of messages right and gives them new UIDs: a client keeps RFC822.SIZE for good, as the size of a UID never
 * changes (RFC 9051 §2.3.4).
 */
async function renew(tx: Transaction, account: AccountId, mailbox: MailboxId, uids: string): Promise<void> {
  if (uids === '{}') return;
  await setSizes(tx, 'messages', account, mailbox, uids);
  await recount(tx, account, mailbox); // or what is subtracted next might be more than there is
  const [moved] = await tx<{ status: string }[]>`
    select status from copy_messages(
      ${account}::bigint, ${mailbox}::bigint,
      (select range_agg(int8range(uid, uid + 1)) from unnest(${uids}::bigint[]) as uid),
      ${mailbox}::bigint, true, false, null)`;
  if (moved?.status !== 'ok') throw new Error(`messages could not be given new UIDs: ${moved?.status}`);
}

async function setSizes(
  tx: Transaction,
  table: 'messages' | 'tombstones',
  account: AccountId,
  mailbox: MailboxId,
  uids: string,
): Promise<void> {
  await tx`
    update ${tx(table)} as m
       set prefix_octets = right_one.prefix, size_octets = right_one.prefix + right_one.content
      from (select r.uid, coalesce(octet_length(d.prefix), 0) as prefix,
                   coalesce(octet_length(c.octets), c.size_octets) as content
              from ${tx(table)} as r
              join contents as c using (account_id, content_id)
              left join deliveries as d on d.account_id = r.account_id and d.email_id = r.email_id
             where r.account_id = ${account}::bigint and r.mailbox_id = ${mailbox}::bigint
               and r.uid = any (${uids}::bigint[])) as right_one
     where m.account_id = ${account}::bigint and m.mailbox_id = ${mailbox}::bigint and m.uid = right_one.uid`;
}

/** @returns a modseq above every one in the account that something in the mailbox has */
async function takeAccount(tx: Transaction, account: AccountId, mailbox: MailboxId | null): Promise<number> {
  await tx`select from accounts where account_id = ${account}::bigint for no key update`;
  const [taken] = await tx<{ modseq: number }[]>`
    update accounts as a
       set modseq = 1 + greatest(a.modseq,
             (select max(greatest(create_seq, mod_seq, highest_mod_seq, pruned_seq, expunged_seq)) from mailboxes where account_id = a.account_id),
             (select max(mod_seq) from subscriptions where account_id = a.account_id),
             (select max(mod_seq) from annotations where account_id = a.account_id),
             (select max(greatest(create_seq, mod_seq)) from messages where account_id = a.account_id and mailbox_id = ${mailbox}::bigint),
             (select max(greatest(create_seq, mod_seq)) from tombstones where account_id = a.account_id and mailbox_id = ${mailbox}::bigint),
             (select max(mod_seq) from changes where account_id = a.account_id and mailbox_id = ${mailbox}::bigint))
     where account_id = ${account}::bigint returning modseq`;
  if (taken === undefined) throw new Error('the account was removed');
  return taken.modseq;
}

async function recount(tx: Transaction, account: AccountId, mailbox: MailboxId): Promise<void> {
  await tx`
    update mailboxes as b
       set messages = m.messages, unseen = m.unseen, deleted = m.deleted, octets = m.octets, deleted_octets = m.deleted_octets,
           uid_next = greatest(b.uid_next, m.last_uid + 1, t.last_uid + 1),
           highest_mod_seq = greatest(b.highest_mod_seq, m.mod_seq, t.mod_seq),
           pruned_seq = least(b.pruned_seq, greatest(b.highest_mod_seq, m.mod_seq, t.mod_seq)),
           next_keyword_id = greatest(b.next_keyword_id, k.last_id + 1)
      from (select count(*) as messages, count(*) filter (where flags & 1 = 0) as unseen,
                   count(*) filter (where flags & 8 <> 0) as deleted, coalesce(sum(size_octets), 0) as octets,
                   coalesce(sum(size_octets) filter (where flags & 8 <> 0), 0) as deleted_octets, max(uid) as last_uid,
                   max(mod_seq) as mod_seq
              from messages where account_id = ${account}::bigint and mailbox_id = ${mailbox}::bigint) as m,
           (select max(uid) as last_uid, max(mod_seq) as mod_seq
              from tombstones where account_id = ${account}::bigint and mailbox_id = ${mailbox}::bigint) as t,
           (select max(keyword_id) as last_id
              from keywords where account_id = ${account}::bigint and mailbox_id = ${mailbox}::bigint) as k
     where b.account_id = ${account}::bigint and b.mailbox_id = ${mailbox}::bigint`;
}

async function sumUp(tx: Transaction, account: AccountId): Promise<void> {
  await tx`
    update accounts as a
       set used_octets = b.octets, used_messages = b.messages, used_mailboxes = b.mailboxes, retained_octets = r.octets,
           next_uidvalidity = greatest(a.next_uidvalidity, b.uidvalidity + 1),
           next_object_id = greatest(a.next_object_id, b.id + 1, c.id + 1, m.id + 1, t.id + 1)
      from (select coalesce(sum(octets) filter (where not is_rejects), 0) as octets,
                   coalesce(sum(messages) filter (where not is_rejects), 0) as messages,
                   count(*) filter (where expunged_seq is null) as mailboxes, max(uidvalidity) as uidvalidity, max(mailbox_id) as id
              from mailboxes where account_id = ${account}::bigint) as b,
           (select coalesce(sum(size_octets), 0) as octets from tombstones
             where account_id = ${account}::bigint and not was_moved and content_id is not null) as r,
           (select max(content_id) as id from contents where account_id = ${account}::bigint) as c,
           (select max(greatest(email_id, thread_id)) as id from messages where account_id = ${account}::bigint) as m,
           (select max(greatest(email_id, thread_id)) as id from tombstones where account_id = ${account}::bigint) as t
     where a.account_id = ${account}::bigint`;
}
