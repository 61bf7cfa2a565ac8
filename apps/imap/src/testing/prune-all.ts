import { openBlobs, openDatabase, Store } from '@postel/storage';
import type { RunningPostel } from '@postel/testkit';

/** As retention and housekeeping do with what was removed and changed, but now. There must be something. */
export async function pruneAll(postel: RunningPostel, accountName: string): Promise<void> {
  const { database: target, dataDirectory } = postel;
  const database = openDatabase(target, { applicationName: 'pruning test', maxConnections: 1 });
  const blobs = await openBlobs({ directory: `${dataDirectory}/blobs` });
  const store = new Store(database, { blobs, onError: () => {} });
  try {
    const [row] = await database.sql<{ account: Parameters<Store['prune']>[0] }[]>`
      select account_id as account from accounts where name = ${accountName}`;
    if (row === undefined) throw new Error(`there is no account ${accountName}`);
    await database.sql`update tombstones set content_id = null where account_id = ${row.account}`;
    const tombstonesBefore = new Date(Date.now() + 86_400_000);
    const pruned = await store.prune(row.account, { tombstonesBefore, changesAgeMs: 0 });
    if (pruned.tombstones === 0 || pruned.changes === 0) throw new Error('there was nothing to prune');
  } finally {
    await store.close();
    await database.close();
  }
}
