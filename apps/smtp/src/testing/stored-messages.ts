import { openDirectory, parseAddress } from '@postel/directory';
import { type DatabaseTarget, openBlobs, openDatabase, type ReceivedEnvelope, Store } from '@postel/storage';

/** A message as it is in the database. */
export interface StoredMessage {
  /** What Postel put before it. */
  readonly prefix: string;
  readonly content: Buffer;
  /** The envelope that it came in. */
  readonly arrival: ReceivedEnvelope | null;
}

/** All messages in a mailbox of the account that has this address, oldest first. */
export async function storedMessages(
  target: DatabaseTarget,
  blobDirectory: string,
  address: string,
  mailbox = 'INBOX',
): Promise<readonly StoredMessage[]> {
  const database = openDatabase(target, { applicationName: 'smtp-test', maxConnections: 1 });
  try {
    const store = new Store(database, {
      blobs: await openBlobs({ directory: blobDirectory }),
      onError: (error) => console.error(error),
    });
    const parsed = parseAddress(address);
    const recipient = parsed === null ? null : await openDirectory(database).resolveRecipient(parsed);
    if (recipient?.type !== 'account') throw new Error(`${address} is nobody's address`);
    const found = await store.mailboxes.find(recipient.accountId, mailbox);
    if (found === null) throw new Error(`${address} has no ${mailbox}`);
    const uids = Array.from({ length: found.uidNext - 1 }, (_, i) => i + 1);
    const messages = await store.fetchMessages(recipient.accountId, found.id, uids, { octets: true, arrival: true });
    return await Promise.all(
      messages.map(async ({ prefix, octets, blob, arrival }) => ({
        arrival,
        prefix: (prefix ?? Buffer.alloc(0)).toString('latin1'),
        content:
          octets ?? Buffer.concat(blob === null ? [] : await Array.fromAsync(store.readBlob(blob, 0, blob.sizeOctets))),
      })),
    );
  } finally {
    await database.close();
  }
}
