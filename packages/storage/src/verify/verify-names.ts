import type { Sql } from '../database.ts';
import type { AccountId, MailboxId } from '../ids.ts';
import { type Finding, finding } from './finding.ts';

/**
 * Names are in NFC and each of one mailbox, and no two mailboxes, deleted ones included, have the same UIDVALIDITY. Asked of
 * the table and not of its indexes, which may be what is broken.
 */
export async function* verifyNames(sql: Sql, account: AccountId): AsyncGenerator<Finding, void> {
  const broken = await sql.read<
    { id: MailboxId; name: string; uidvalidity: number; isNormal: boolean; namesakes: number; twins: number }[]
  >`
    select * from (
      select mailbox_id as id, name, uidvalidity, name is nfc normalized as "isNormal",
             count(*) filter (where expunged_seq is null) over (partition by name, expunged_seq is null) as namesakes,
             count(*) over (partition by uidvalidity) as twins
        from mailboxes where account_id = ${account}::bigint) as b
     where not "isNormal" or namesakes > 1 or twins > 1
     order by id limit 1000`;
  for (const { id, name, uidvalidity, isNormal, namesakes, twins } of broken) {
    const mailbox = { id, name };
    if (!isNormal) yield finding('names', account, 'its name is not in Unicode form NFC', { mailbox });
    if (namesakes > 1) yield finding('names', account, `${namesakes} mailboxes have its name`, { mailbox });
    if (twins > 1) {
      yield finding('uidvalidity', account, `${twins} mailboxes have its UIDVALIDITY ${uidvalidity}`, { mailbox });
    }
  }
}
