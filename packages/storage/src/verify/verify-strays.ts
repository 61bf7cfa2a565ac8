import type { Sql } from '../database.ts';
import type { AccountId } from '../ids.ts';
import { type Finding, finding } from './finding.ts';

/** Rows of mailboxes that are not there, which nothing shows. A mailbox's own row stays when it is deleted. */
export async function* verifyStrays(sql: Sql, account: AccountId): AsyncGenerator<Finding, void> {
  for (const table of ['messages', 'tombstones', 'changes', 'keywords', 'acls'] as const) {
    // From one mailbox to the next by the primary key: a look at each, and not at its rows.
    const strays = await sql.read<{ id: number }[]>`
      with recursive of_mailboxes as (
        select min(mailbox_id) as id from ${sql(table)} where account_id = ${account}::bigint
        union all
        select (select min(t.mailbox_id) from ${sql(table)} as t where t.account_id = ${account}::bigint and t.mailbox_id > o.id)
          from of_mailboxes as o where o.id is not null)
      select o.id from of_mailboxes as o
       where o.id is not null and not exists (
         select from mailboxes as b where b.account_id = ${account}::bigint and b.mailbox_id = o.id)`;
    for (const { id } of strays) {
      const advice = 'nothing shows them; keep a copy before you delete them';
      yield finding('account', account, `table ${table} has rows of mailbox ${id}, which does not exist`, { advice });
    }
  }
  const [entries] = await sql.read<{ count: number }[]>`
    select count(*) as count from annotations as n
     where n.account_id = ${account}::bigint and n.owner_id = n.account_id and n.mailbox_id <> 0 and not exists (
       select from mailboxes as b where b.account_id = n.account_id and b.mailbox_id = n.mailbox_id)`;
  if (entries !== undefined && entries.count > 0) {
    const advice = 'nothing shows them; keep a copy before you delete them';
    yield finding('account', account, `table annotations has ${entries.count} rows of mailboxes that do not exist`, {
      advice,
    });
  }
}
