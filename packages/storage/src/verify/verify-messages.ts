import type { Sql } from '../database.ts';
import type { AccountId, MailboxId } from '../ids.ts';
import { type Finding, finding, type VerifiedRule } from './finding.ts';

/** Rows looked at in one statement: some 0.1 s. */
const SLICE_ROWS = 10_000;

interface Row {
  readonly uid: number;
  readonly breaches: string;
  readonly createSeq: number;
  readonly modSeq: number;
  readonly sizeOctets: number;
  readonly prefixOctets: number;
  readonly contentOctets: number | null;
  readonly deliveredOctets: number | null;
  readonly uidNext: number;
  readonly highestModSeq: number;
  readonly modseq: number;
  readonly contentId: number | null;
  /** Of the whole slice. */
  readonly rows: number;
  readonly octets: number;
  readonly isLast: boolean;
}

interface BreachRule {
  readonly rule: VerifiedRule;
  /** The sentence that tells of it. */
  problem(row: Row): string;
  readonly remedy: { readonly repair: string } | { readonly advice: string };
}

const NEW_MODSEQ = { repair: 'give it a new modseq' };
const NEW_UID = { repair: 'set its size, and give it a new UID, because clients keep the size of a UID' };

/** What a row can be found to break. */
const breaches = {
  'uid-next': {
    rule: 'uids',
    problem: ({ uidNext }) => `its UID is not below UIDNEXT ${uidNext}`,
    remedy: { repair: 'raise UIDNEXT' },
  },
  buried: {
    rule: 'uids',
    problem: () => 'its UID is also that of an expunged message',
    remedy: { repair: 'forget the expunged one' },
  },
  'uid-order': {
    rule: 'uids',
    problem: () => 'its UID is above that of a message which came later',
    remedy: { advice: 'copying it and expunging it gives it a UID in order' },
  },
  'flag-bits': {
    rule: 'account',
    problem: () => 'it has bits in its flags that mean nothing',
    remedy: { repair: 'take them away' },
  },
  'create-seq': {
    rule: 'modseqs',
    problem: ({ createSeq, modSeq }) => `it came at modseq ${createSeq}, after its last change at ${modSeq}`,
    remedy: NEW_MODSEQ,
  },
  modseq: {
    rule: 'modseqs',
    problem: ({ modSeq, modseq }) => `its modseq ${modSeq} is above the account's ${modseq}`,
    remedy: { repair: "raise the account's" },
  },
  'highest-mod-seq': {
    rule: 'modseqs',
    problem: ({ modSeq, highestModSeq }) =>
      `its modseq ${modSeq} is above the mailbox's HIGHESTMODSEQ ${highestModSeq}`,
    remedy: { repair: "raise the mailbox's" },
  },
  'no-change': {
    rule: 'modseqs',
    problem: ({ modSeq }) => `its change at modseq ${modSeq} is not in the list of changes`,
    remedy: NEW_MODSEQ,
  },
  'keyword-unknown': {
    rule: 'keywords',
    problem: () => 'it has a keyword that the mailbox does not know',
    remedy: { repair: 'take it away' },
  },
  'keyword-order': {
    rule: 'keywords',
    problem: () => 'the ids of its keywords do not ascend',
    remedy: { repair: 'sort them' },
  },
  'object-id': {
    rule: 'account',
    problem: () => 'it has an id that the account has not given out',
    remedy: { repair: "raise the account's next id" },
  },
  'no-content': {
    rule: 'contents',
    problem: ({ contentId }) => `its content ${contentId} is missing`,
    remedy: { advice: 'restore it from a backup, or expunge the message' },
  },
  size: {
    rule: 'sizes',
    problem: ({ sizeOctets, prefixOctets, contentOctets }) =>
      `its size is ${sizeOctets}, while its prefix has ${prefixOctets} octets and its content ${contentOctets}`,
    remedy: NEW_UID,
  },
  prefix: {
    rule: 'sizes',
    problem: ({ prefixOctets, deliveredOctets }) =>
      `its prefix should have ${prefixOctets} octets, and has ${deliveredOctets ?? 0}`,
    remedy: NEW_UID,
  },
} as const satisfies Record<string, BreachRule>;

/** A rule that a message's row breaks. */
export type MessageBreach = keyof typeof breaches;

export interface VerifiedSlice {
  readonly findings: readonly Finding[];
  /** The UIDs found, by what they break. */
  readonly broken: ReadonlyMap<MessageBreach, readonly number[]>;
  readonly rows: number;
  readonly octets: number;
}

/** Looks at the row of each message in a mailbox, in slices, each as it is at one moment. */
export const verifyMessages = (
  sql: Sql,
  account: AccountId,
  mailbox: { readonly id: MailboxId; readonly name: string },
) => verifyRows(sql, account, mailbox, 'messages');

/** The same for what is left of the messages that were expunged. */
export const verifyTombstones = (
  sql: Sql,
  account: AccountId,
  mailbox: { readonly id: MailboxId; readonly name: string },
) => verifyRows(sql, account, mailbox, 'tombstones');

async function* verifyRows(
  sql: Sql,
  account: AccountId,
  mailbox: { readonly id: MailboxId; readonly name: string },
  table: 'messages' | 'tombstones',
): AsyncGenerator<VerifiedSlice, void> {
  let above = 0;
  let createSeq = 0;
  for (;;) {
    const rows = await sql.read.unsafe<Row[]>(statements[table], [account, mailbox.id, above, createSeq, SLICE_ROWS], {
      prepare: true,
    });
    const last = rows.find(({ isLast }) => isLast);
    if (last === undefined) return;
    const found = rows.flatMap((row) => breachesOf(row).map((breach) => ({ row, breach })));
    yield {
      findings: found.map(({ row, breach }) => tell(account, mailbox, table, row, breach)),
      broken: new Map(
        Map.groupBy(found, ({ breach }) => breach)
          .entries()
          .map(([breach, each]) => [breach, each.map(({ row }) => row.uid)]),
      ),
      rows: last.rows,
      octets: last.octets,
    };
    if (last.rows < SLICE_ROWS) return;
    above = last.uid;
    createSeq = last.createSeq;
  }
}

function tell(
  account: AccountId,
  mailbox: Finding['mailbox'],
  table: 'messages' | 'tombstones',
  row: Row,
  breach: MessageBreach,
): Finding {
  const { rule, problem, remedy } = breaches[breach];
  const where = { mailbox, uid: row.uid };
  if (table === 'messages') return finding(rule, account, problem(row), remedy, where);
  // Nobody is shown it, so there is nobody to tell of a repair.
  const ofExpunged =
    'repair' in remedy ? { repair: 'set it right' } : { advice: 'it cannot be brought back by undelete' };
  return finding(rule, account, `${problem(row)}; the message is expunged`, ofExpunged, where);
}

function breachesOf(row: Row): readonly MessageBreach[] {
  return row.breaches.split(' ').filter((name): name is MessageBreach => Object.hasOwn(breaches, name));
}

/**
 * $1 account, $2 mailbox, $3 the UID above which the slice begins, $4 the create_seq of the row before, $5 its rows. Of
 * the slice, the rows that break something, and its last one. Everything is looked at in one snapshot: what is changed
 * meanwhile is as it was before, or as it is after. Keywords of a message that was released may have been pruned.
 */
const statementFor = (table: 'messages' | 'tombstones') => `
  with slice as materialized (
    select *, lag(create_seq, 1, $4::bigint) over (order by uid) as create_seq_before
      from (select uid, create_seq, mod_seq, content_id, email_id, thread_id, size_octets, prefix_octets, flags, keywords
              from ${table} where account_id = $1::bigint and mailbox_id = $2::bigint and uid > $3::bigint
             order by uid limit $5::integer) as rows
  ), box as materialized (
    select a.modseq, a.next_object_id, b.uid_next, b.highest_mod_seq, greatest(b.pruned_seq, b.changes_pruned_seq) as pruned_seq, b.next_keyword_id,
           array(select k.keyword_id from keywords as k
                  where k.account_id = b.account_id and k.mailbox_id = b.mailbox_id) as known
      from mailboxes as b join accounts as a using (account_id)
     where b.account_id = $1::bigint and b.mailbox_id = $2::bigint
  )${table === 'messages' ? UNCOVERED : ''}, looked_at as (
    select s.*, box.*, c.size_octets as content_octets, d.octets as delivered_octets, concat_ws(' ',
             case when s.uid >= box.uid_next then 'uid-next' end,
             case when s.create_seq > s.mod_seq then 'create-seq' end,
             case when s.mod_seq > box.modseq then 'modseq' when s.mod_seq > box.highest_mod_seq then 'highest-mod-seq' end,
             case when greatest(s.content_id, s.email_id, s.thread_id) >= box.next_object_id then 'object-id' end,
             case when s.flags & ~31 <> 0 then 'flag-bits' end,
             case when s.keywords <> '{}' and s.content_id is not null then concat_ws(' ',
               case when not s.keywords <@ box.known then 'keyword-unknown' end,
               case when s.keywords <> array(select distinct k from unnest(s.keywords) as k order by k) then 'keyword-order' end) end,
             case when s.content_id is null then null
                  when c.size_octets is null then 'no-content'
                  else concat_ws(' ',
                    case when s.size_octets <> s.prefix_octets + c.size_octets then 'size' end,
                    case when s.prefix_octets <> coalesce(d.octets, 0) then 'prefix' end) end,
             case when s.create_seq < s.create_seq_before then 'uid-order' end
             ${table === 'messages' ? OF_MESSAGES : ''}) as breaches
      from slice as s cross join box
      left join lateral (select coalesce(octet_length(octets), size_octets) as size_octets from contents
                          where account_id = $1::bigint and content_id = s.content_id offset 0) as c on true
      left join lateral (select octet_length(prefix) as octets from deliveries
                          where account_id = $1::bigint and email_id = s.email_id offset 0) as d on true
      ${table === 'messages' ? 'left join uncovered as u on u.mod_seq = s.mod_seq' : ''}
  ), whole as materialized (select max(uid) as last_uid, count(*) as rows, sum(size_octets)::bigint as octets from slice)
  select l.uid, l.breaches, l.create_seq as "createSeq", l.mod_seq as "modSeq", l.size_octets as "sizeOctets",
         l.prefix_octets as "prefixOctets", l.content_octets as "contentOctets", l.delivered_octets as "deliveredOctets",
         l.uid_next as "uidNext", l.highest_mod_seq as "highestModSeq", l.modseq, l.content_id as "contentId",
         whole.rows, whole.octets, l.uid = whole.last_uid as "isLast"
    from looked_at as l cross join whole
   where l.breaches <> '' or l.uid = whole.last_uid
   order by l.uid`;

/** What the slice's messages say of their last change, and the list of changes does not. */
const UNCOVERED = `, uncovered as materialized (
    select g.mod_seq, g.uids - coalesce(c.uids, '{}') as uids
      from (select mod_seq, range_agg(int8range(uid, uid + 1)) as uids from slice
             where mod_seq > (select pruned_seq from box) group by mod_seq) as g
      left join lateral (select uids from changes
                          where account_id = $1::bigint and mailbox_id = $2::bigint and mod_seq = g.mod_seq offset 0) as c on true
     where c.uids is null or not g.uids <@ c.uids
  )`;

const OF_MESSAGES = `,
             case when u.uids @> s.uid then 'no-change' end,
             case when exists (select from tombstones as t
                                where t.account_id = $1::bigint and t.mailbox_id = $2::bigint and t.uid = s.uid) then 'buried' end`;

const statements = { messages: statementFor('messages'), tombstones: statementFor('tombstones') };
