import { expect, test } from 'vitest';
import { append, RecordingWatcher, startStorage } from '../storage-for-tests.ts';

const ROUNDS = 300;
/** A page without room sends the row to another one now and then. */
const MOST_ARE_HOT = 0.9;

test('rule 6: appends, flag changes and claims of \\Recent update hot rows in place (HOT)', async () => {
  await using storage = await startStorage();
  const { account, inbox } = await storage.newAccount();
  const { store, database } = await storage.openStore({ maxConnections: 1, isDeaf: true });
  const mailbox = await store.openMailbox(account, inbox, new RecordingWatcher());
  for (let round = 0; round < ROUNDS; round++) {
    const { uid } = await append(store, account, inbox, `${round % 10}`);
    const some = [{ first: Math.max(1, uid - 3), last: uid }];
    await store.changeFlags(account, inbox, some, { mode: 'replace', system: round % 8, keywords: [] }, null);
    await mailbox.refresh();
    await mailbox.claimRecent();
  }
  // A connection tells what it has counted a second later, unless it is asked to.
  await database.sql`select pg_stat_force_next_flush()`;
  const rows = await database.sql<{ table: string; updates: number; hot: number }[]>`
    select t.name as table, sum(n_tup_upd)::int as updates, sum(n_tup_hot_upd)::int as hot from pg_stat_user_tables,
           lateral (select coalesce(pg_partition_root(relid), relid)::regclass::text as name) as t
     where t.name in ('accounts', 'mailboxes', 'messages') group by 1 order by 1`;
  expect(rows.map(({ table }) => table)).toEqual(['accounts', 'mailboxes', 'messages']);
  for (const { table, updates, hot } of rows) {
    expect(updates, table).toBeGreaterThanOrEqual(ROUNDS);
    expect(hot / updates, table).toBeGreaterThan(MOST_ARE_HOT);
  }
});
