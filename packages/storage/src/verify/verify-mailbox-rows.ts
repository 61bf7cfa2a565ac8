import type { Sql } from '../database.ts';
import type { AccountId, MailboxId } from '../ids.ts';
import { createMailbox } from '../mailboxes.ts';
import { type Finding, finding } from './finding.ts';
import { repairAccount, repairMailbox } from './repair.ts';

/** Rows that break something, as many as are told of at once: nobody reads more. */
const MOST_ROWS = 1_000;

interface Row {
  readonly id: MailboxId;
  readonly name: string;
  readonly uidvalidity: number;
  readonly highestModSeq: number;
  readonly prunedSeq: number;
  readonly changeSeq: number | null;
  readonly isNormal: boolean;
  readonly namesakes: number;
  readonly twins: number;
  readonly hasKeywordAbove: boolean;
}

/** A finding, and what repairs it. */
interface Repairable {
  readonly found: Finding;
  repair(): Promise<void>;
}

/**
 * What the rows of mailboxes say of themselves and of each other: names are in NFC and each of one mailbox, no two, deleted
 * ones included, have the same UIDVALIDITY. Asked of the table and not of its indexes, which may be what is broken.
 */
export async function* verifyMailboxRows(sql: Sql, account: AccountId): AsyncGenerator<Repairable, void> {
  const [inboxes] = await sql.read<{ count: number }[]>`
    select count(*) as count from accounts join mailboxes using (account_id)
     where account_id = ${account}::bigint and mailboxes.name = 'INBOX' and expunged_seq is null
    having exists (select from accounts where account_id = ${account}::bigint)`;
  if (inboxes?.count === 0) {
    yield {
      found: finding('names', account, 'it has no INBOX', { repair: 'make one' }),
      repair: async () => void (await createMailbox(sql, account, 'INBOX', null)),
    };
  }
  const rows = await sql.read<Row[]>`
    select * from (
      select mailbox_id as id, name, uidvalidity, name is nfc normalized or expunged_seq is not null as "isNormal",
             highest_mod_seq as "highestModSeq", pruned_seq as "prunedSeq",
             case when expunged_seq is null then count(*) filter (where expunged_seq is null) over (partition by name) else 1 end as namesakes,
             case when expunged_seq is null then count(*) over (partition by uidvalidity) else 1 end as twins,
             (select max(mod_seq) from changes as c where c.account_id = b.account_id and c.mailbox_id = b.mailbox_id) as "changeSeq",
             exists (select from keywords as k where k.account_id = b.account_id and k.mailbox_id = b.mailbox_id
                        and k.keyword_id >= b.next_keyword_id) as "hasKeywordAbove"
        from mailboxes as b where account_id = ${account}::bigint) as b
     where not "isNormal" or namesakes > 1 or twins > 1 or "hasKeywordAbove" or "prunedSeq" > "highestModSeq" or "changeSeq" > "highestModSeq"
     order by id limit ${MOST_ROWS}::integer`;
  for (const row of rows) yield* tell(sql, account, row);
}

function* tell(sql: Sql, account: AccountId, row: Row): Generator<Repairable, void> {
  const { id, name, uidvalidity, highestModSeq, prunedSeq, changeSeq, isNormal, namesakes, twins, hasKeywordAbove } =
    row;
  const where = { mailbox: { id, name } };
  if (!isNormal) {
    const remedy = { repair: 'write it in NFC' };
    const found = finding('names', account, 'its name is not in Unicode form NFC', remedy, where);
    yield { found, repair: () => normalizeName(sql, account, id) };
  }
  if (namesakes > 1) {
    const remedy = { advice: 'the index mailboxes_name is broken: REINDEX it, and rename all but one' };
    const found = finding('names', account, `${namesakes} mailboxes have its name`, remedy, where);
    yield { found, repair: async () => {} };
  }
  if (twins > 1) {
    const remedy = { repair: 'give it a new one' };
    const found = finding(
      'uidvalidity',
      account,
      `${twins} mailboxes have its UIDVALIDITY ${uidvalidity}`,
      remedy,
      where,
    );
    yield { found, repair: () => renewUidvalidity(sql, account, id) };
  }
  const seqs = [
    ['it is pruned up to', prunedSeq],
    ['its list of changes goes up to', changeSeq ?? 0],
  ] as const;
  for (const [what, seq] of seqs) {
    if (seq <= highestModSeq) continue;
    const problem = `${what} modseq ${seq}, above its HIGHESTMODSEQ ${highestModSeq}`;
    const found = finding('modseqs', account, problem, { repair: 'raise HIGHESTMODSEQ' }, where);
    yield { found, repair: () => repairMailbox(sql, account, id) };
  }
  if (hasKeywordAbove) {
    const problem = 'it has a keyword of an id that it has not given out';
    const found = finding('keywords', account, problem, { repair: 'raise its next id' }, where);
    yield { found, repair: () => repairMailbox(sql, account, id) };
  }
}

/** As migration 0003 did: a name whose twin is there already gets ` (2)`. */
function normalizeName(sql: Sql, account: AccountId, mailbox: MailboxId): Promise<void> {
  return repairAccount(sql, account, async (tx, modseq) => {
    await tx`
      update mailboxes as b
         set mod_seq = ${modseq}::bigint,
             name = normalize(b.name, nfc) || case when exists (
               select from mailboxes as twin where twin.account_id = b.account_id and twin.expunged_seq is null
                  and twin.name = normalize(b.name, nfc)) then ' (2)' else '' end
       where account_id = ${account}::bigint and mailbox_id = ${mailbox}::bigint`;
  });
}

function renewUidvalidity(sql: Sql, account: AccountId, mailbox: MailboxId): Promise<void> {
  return repairAccount(sql, account, async (tx, modseq) => {
    await tx`
      with taken as (
        update accounts set next_uidvalidity = 1 + greatest(next_uidvalidity, (
                 select max(uidvalidity) + 1 from mailboxes where account_id = ${account}::bigint))
         where account_id = ${account}::bigint returning next_uidvalidity - 1 as uidvalidity)
      update mailboxes as b set uidvalidity = taken.uidvalidity, mod_seq = ${modseq}::bigint from taken
       where b.account_id = ${account}::bigint and b.mailbox_id = ${mailbox}::bigint
         and exists (select from mailboxes as twin
                      where twin.account_id = b.account_id and twin.uidvalidity = b.uidvalidity and twin.mailbox_id <> b.mailbox_id)`;
  });
}
