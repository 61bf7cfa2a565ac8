import { Queue } from '@postel/queue';
import { type Database, openDatabase } from '@postel/storage';
import type { RunningPostel, TestAccount } from '@postel/testkit';

/** Works with the database of a server, on a connection of its own. */
export async function useDatabase<Result>(
  postel: RunningPostel,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = openDatabase(postel.database, { applicationName: 'web test', maxConnections: 1 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/**
 * Puts a message of an account into the queue, to be sent in an hour.
 *
 * @param alias by which the recipients are meant
 * @param name as the log has it
 */
export async function queueMail(
  postel: RunningPostel,
  account: TestAccount,
  recipients: readonly string[],
  alias: string | null = null,
  name = 'test-1',
): Promise<void> {
  const identified = await postel.useDirectory((directory) => directory.identify(account.name));
  const octets = Buffer.from('Subject: x\r\n\r\n');
  await useDatabase(postel, async (database) => {
    await new Queue(database).keep(
      {
        sizeOctets: octets.length,
        headerOctets: octets.length,
        async *read() {
          yield octets;
        },
      },
      {
        name,
        account: identified?.accountId ?? null,
        envelope: {
          reversePath: account.address,
          isUtf8: false,
          requiresTls: false,
          envelopeId: null,
          returnContent: null,
          submitter: null,
          releaseRequest: null,
        },
        mayBeBinary: false,
        prefix: Buffer.alloc(0),
        signers: [],
        tellsSender: true,
        recipients: recipients.map((forwardPath) => ({
          forwardPath,
          notify: null,
          originalRecipient: null,
          alias,
          listFields: '',
        })),
        waitMs: 3_600_000,
        releaseAt: null,
      },
    );
  });
}
