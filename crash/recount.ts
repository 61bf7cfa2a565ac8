import type { Database } from '@postel/storage';
import type { Difference } from './ledger.ts';

interface Row {
  readonly account: string;
  readonly mailbox: string | null;
  readonly uid: number | null;
  readonly what: string;
}

/**
 * Counts again what the tables count, and looks for what no rule of docs/storage.md allows. Each statement gives the rows
 * that are wrong.
 */
export async function recount({ sql }: Database): Promise<readonly Difference[]> {
  const rows = [
    ...(await sql.read<Row[]>`
      select a.name as account, b.name as mailbox, null::float8 as uid,
             format('its counts are %s, and should be %s', b.counts, b.counted) as what
        from accounts a
        join lateral (
          select b.name, row(b.messages, b.unseen, b.deleted, b.octets, b.deleted_octets) as counts,
                 (select row(count(*), count(*) filter (where m.flags & 1 = 0), count(*) filter (where m.flags & 8 <> 0),
                             coalesce(sum(m.size_octets), 0)::bigint,
                             coalesce(sum(m.size_octets) filter (where m.flags & 8 <> 0), 0)::bigint)
                    from messages m where m.account_id = b.account_id and m.mailbox_id = b.mailbox_id) as counted
            from mailboxes b where b.account_id = a.account_id) b on true
       where b.counts is distinct from b.counted`),
    ...(await sql.read<Row[]>`
      select a.name as account, null as mailbox, null::float8 as uid,
             format('its use is %s, and should be %s', a.used, a.counted) as what
        from (select a.name, row(a.used_octets, a.used_messages, a.used_mailboxes) as used,
                     (select row(coalesce(sum(b.octets), 0)::bigint, coalesce(sum(b.messages), 0)::bigint, count(*))
                        from mailboxes b where b.account_id = a.account_id and b.expunged_seq is null) as counted
                from accounts a) a
       where a.used is distinct from a.counted`),
    ...(await sql.read<Row[]>`
      select a.name as account, b.name as mailbox, m.uid::float8 as uid, concat_ws('; ',
               case when b.mailbox_id is null or b.expunged_seq is not null then 'in no mailbox that is there' end,
               case when m.uid >= b.uid_next then 'its UID is not below UIDNEXT' end,
               case when m.mod_seq > b.highest_mod_seq then 'its modseq is above HIGHESTMODSEQ' end,
               case when m.create_seq > m.mod_seq then 'it was created after it was changed' end,
               case when t.uid is not null then 'a tombstone has its UID' end,
               case when c.content_id is null then 'its content is missing' end,
               case when m.size_octets <> c.size_octets + m.prefix_octets then 'its size is not that of its octets' end,
               case when m.prefix_octets <> coalesce(octet_length(d.prefix), 0) then 'its prefix is another one' end) as what
        from messages m
        join accounts a using (account_id)
        left join mailboxes b on b.account_id = m.account_id and b.mailbox_id = m.mailbox_id
        left join contents c on c.account_id = m.account_id and c.content_id = m.content_id
        left join deliveries d on d.account_id = m.account_id and d.email_id = m.email_id
        left join tombstones t on t.account_id = m.account_id and t.mailbox_id = m.mailbox_id and t.uid = m.uid
       where b.mailbox_id is null or b.expunged_seq is not null or m.uid >= b.uid_next or m.mod_seq > b.highest_mod_seq
          or m.create_seq > m.mod_seq or t.uid is not null or c.content_id is null
          or m.size_octets <> c.size_octets + m.prefix_octets or m.prefix_octets <> coalesce(octet_length(d.prefix), 0)`),
    ...(await sql.read<Row[]>`
      select a.name as account, b.name as mailbox, null::float8 as uid,
             'a modseq is above that of the account, or UIDNEXT not above a tombstone' as what
        from mailboxes b join accounts a using (account_id)
       where greatest(b.highest_mod_seq, b.mod_seq, b.create_seq) > a.modseq or b.uidvalidity >= a.next_uidvalidity
          or exists (select from tombstones t where t.account_id = b.account_id and t.mailbox_id = b.mailbox_id
                        and (t.uid >= b.uid_next or t.mod_seq > b.highest_mod_seq))`),
    ...(await sql.read<Row[]>`
      select a.name as account, b.name as mailbox, m.uid::float8 as uid, 'no row of changes names its last change' as what
        from messages m
        join accounts a using (account_id)
        join mailboxes b on b.account_id = m.account_id and b.mailbox_id = m.mailbox_id
       where m.mod_seq > b.pruned_seq
         and not exists (select from changes h where h.account_id = m.account_id and h.mailbox_id = m.mailbox_id
                            and h.mod_seq = m.mod_seq and h.uids @> m.uid)`),
  ];
  return rows.map(({ account, mailbox, uid, what }) => ({
    account,
    what,
    ...(mailbox !== null && { mailbox }),
    ...(uid !== null && { uid }),
  }));
}
