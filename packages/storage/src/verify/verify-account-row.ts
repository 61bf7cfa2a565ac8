import type { Sql } from '../database.ts';
import type { AccountId } from '../ids.ts';
import { type Finding, finding } from './finding.ts';

interface AccountState {
  readonly usedOctets: number;
  readonly usedMessages: number;
  readonly usedMailboxes: number;
  readonly octets: number;
  readonly retained: number;
  readonly retainedOctets: number;
  readonly messages: number;
  readonly mailboxes: number;
  readonly modseq: number;
  readonly highestSeq: number;
  readonly nextObjectId: number;
  readonly highestId: number;
  readonly nextUidvalidity: number;
  readonly highestUidvalidity: number;
}

/**
 * What the account's row, those of its mailboxes and what can be undeleted say of each other, in one statement: use is the sum
 * of the counters of all mailboxes but Rejects, and the account's counters are above everything they gave out.
 */
export async function* verifyAccountRow(sql: Sql, account: AccountId): AsyncGenerator<Finding, void> {
  const [state] = await sql.read<AccountState[]>`
    select a.used_octets as "usedOctets", a.used_messages as "usedMessages", a.used_mailboxes as "usedMailboxes",
           a.retained_octets as "retained", t.octets as "retainedOctets",
           a.modseq, a.next_object_id as "nextObjectId", a.next_uidvalidity as "nextUidvalidity", b.*,
           greatest(b.seq, (select max(mod_seq) from subscriptions as s where s.account_id = a.account_id),
                    (select max(mod_seq) from annotations as n where n.account_id = a.account_id)) as "highestSeq"
      from accounts as a cross join lateral (
        select coalesce(sum(octets) filter (where not is_rejects), 0)::bigint as octets,
               coalesce(sum(messages) filter (where not is_rejects), 0)::bigint as messages,
               count(*) filter (where expunged_seq is null) as mailboxes,
               coalesce(max(greatest(create_seq, mod_seq, highest_mod_seq, pruned_seq, expunged_seq)), 0) as seq,
               coalesce(max(mailbox_id), 0) as "highestId", coalesce(max(uidvalidity), 0) as "highestUidvalidity"
          from mailboxes where account_id = a.account_id) as b
      cross join lateral (
        select coalesce(sum(size_octets), 0)::bigint as octets from tombstones
         where account_id = a.account_id and not was_moved and content_id is not null) as t
     where a.account_id = ${account}::bigint`;
  if (state === undefined) return;
  for (const [name, stored, summed] of [
    ['octets', state.usedOctets, state.octets],
    ['messages', state.usedMessages, state.messages],
    ['mailboxes', state.usedMailboxes, state.mailboxes],
  ] as const) {
    if (stored !== summed) {
      yield finding('use', account, `its use is ${stored} ${name}, while its mailboxes have ${summed}`, {
        repair: 'sum up anew',
      });
    }
  }
  if (state.retained !== state.retainedOctets) {
    const { retained, retainedOctets } = state;
    const problem = `it keeps ${retained} octets of removed messages, while those have ${retainedOctets}`;
    yield finding('use', account, problem, { repair: 'sum up anew' });
  }
  if (state.highestSeq > state.modseq) {
    yield finding('modseqs', account, `its modseq is ${state.modseq}, while something in it has ${state.highestSeq}`, {
      repair: 'raise it',
    });
  }
  if (state.highestId >= state.nextObjectId) {
    yield finding(
      'account',
      account,
      `its next object id is ${state.nextObjectId}, while a mailbox has ${state.highestId}`,
      { repair: 'raise it' },
    );
  }
  if (state.highestUidvalidity >= state.nextUidvalidity) {
    const { nextUidvalidity, highestUidvalidity } = state;
    yield finding(
      'uidvalidity',
      account,
      `its next UIDVALIDITY is ${nextUidvalidity}, while a mailbox has ${highestUidvalidity}`,
      { repair: 'raise it' },
    );
  }
}
