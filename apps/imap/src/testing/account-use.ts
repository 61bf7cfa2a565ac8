import { openDirectory } from '@postel/directory';
import { openDatabase } from '@postel/storage';
import type { RunningPostel } from '@postel/testkit';

/** What an account holds, as its quota counts it. */
export async function accountUse(
  { database: target }: RunningPostel,
  account: string,
): Promise<{ readonly messages: number; readonly octets: number } | null> {
  const database = openDatabase(target, { applicationName: 'imap test', maxConnections: 1 });
  try {
    const found = (await openDirectory(database).listAccounts()).find(({ name }) => name === account);
    return found === undefined ? null : { messages: found.usedMessages, octets: found.usedOctets };
  } finally {
    await database.close();
  }
}
