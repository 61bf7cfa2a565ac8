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
    select relname as table, n_tup_upd as updates, n_tup_hot_upd as hot from pg_stat_user_tables
     where relname in ('accounts', 'mailboxes', 'messages') order by 1`;
  expect(rows.map(({ table }) => table)).toEqual(['accounts', 'mailboxes', 'messages']);
  for (const { table, updates, hot } of rows) {
    expect(updates, table).toBeGreaterThanOrEqual(ROUNDS);
    expect(hot / updates, table).toBeGreaterThan(MOST_ARE_HOT);
  }
});
