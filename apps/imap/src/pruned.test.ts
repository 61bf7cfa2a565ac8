/** A process that was away while what it missed was pruned. */
import { openBlobs, openDatabase, Store } from '@postel/storage';
import { expect, test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();

/** As retention and housekeeping do, but now. */
async function pruneAll(accountName: string): Promise<void> {
  const { database: target, dataDirectory } = server.postel;
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
    expect(pruned.tombstones).toBeGreaterThan(0);
    expect(pruned.changes).toBeGreaterThan(0);
  } finally {
    await store.close();
    await database.close();
  }
}

test('rule 2: who idles on a process that was paused hears of what was removed and pruned meanwhile', async () => {
  await using paused = await server.startProcess();
  const account = await server.addAccount();
  await using other = await server.logIn(account);
  for (const subject of ['one', 'two', 'three', 'four']) await other.append('INBOX', `Subject: ${subject}\r\n\r\n`);
  await other.command('SELECT INBOX');
  await using idler = await server.logIn(account, paused.port);
  await idler.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 IDLE
    S: + idling
  `;
  const pid = paused.app.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    await other.command('STORE 2:3 +FLAGS.SILENT (\\Deleted)');
    await other.command('EXPUNGE');
    await other.command('STORE 2 +FLAGS.SILENT (\\Flagged)');
    await other.append('INBOX', 'Subject: five\r\n\r\n');
    await pruneAll(account.name);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await idler.dialogue`
    S: * 3 EXPUNGE
    S: * 2 EXPUNGE
    S: * 3 EXISTS
    S: ...
    S: * 2 FETCH (UID 4 FLAGS (\Flagged...))
    C: DONE
    S: ...
    S: a2 OK ...
    C: a3 UID FETCH 1:* (FLAGS)
    S: * 1 FETCH (UID 1 FLAGS (...))
    S: * 2 FETCH (UID 4 FLAGS (\Flagged...))
    S: * 3 FETCH (UID 5 FLAGS (...))
    S: a3 OK ...
  `;
});
