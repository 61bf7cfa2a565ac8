import { NO_DETAILS, openBlobs, openDatabase, Store } from '@postel/storage';
import type { RunningPostel } from '@postel/testkit';

/** Puts a message into Rejects of an account, as the SMTP server does with one that it refuses for now. */
export async function keepReject(postel: RunningPostel, accountName: string, message: string): Promise<void> {
  const { database: target, dataDirectory } = postel;
  const database = openDatabase(target, { applicationName: 'rejecting test', maxConnections: 1 });
  const blobs = await openBlobs({ directory: `${dataDirectory}/blobs` });
  const store = new Store(database, { blobs, onError: () => {} });
  try {
    const [row] = await database.sql<{ account: Parameters<Store['prune']>[0] }[]>`
      select account_id as account from accounts where name = ${accountName}`;
    if (row === undefined) throw new Error(`there is no account ${accountName}`);
    const writer = store.arrivals.receive(message.length);
    await writer.write(Buffer.from(message));
    await using content = await writer.finish();
    const arrival = {
      prefix: Buffer.from('X-Postel-Rejected: test\r\n'),
      reversePath: '',
      forwardPath: accountName,
      protocol: 'ESMTP',
      clientAddress: null,
      clientName: null,
      details: NO_DETAILS,
    };
    const [outcome] = await store.arrivals.keepRejects(content, [{ account: row.account, mailbox: null, arrival }]);
    if (outcome?.status !== 'fulfilled') throw new Error('no copy was kept', { cause: outcome?.reason });
  } finally {
    await store.close();
    await database.close();
  }
}
