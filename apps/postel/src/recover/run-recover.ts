import {
  type AccountId,
  type Database,
  findAccounts,
  findRewoundAccounts,
  recoverAccount,
  StorageError,
  trustAccount,
} from '@postel/storage';
import type { Invocation } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { useDatabase } from '../use-database.ts';
import type { NamedServer } from '../which-server.ts';

export interface RecoverArguments {
  /** Null: those that wait for it, or all. */
  readonly account: string | null;
  readonly isAll: boolean;
  readonly isNothingLost: boolean;
  readonly server: NamedServer;
}

interface Chosen {
  readonly id: AccountId;
  readonly name: string;
}

/**
 * The work of `postel recover`.
 *
 * @throws {CommandError}
 */
export async function runRecover(args: RecoverArguments, invocation: Invocation): Promise<void> {
  const { terminal } = invocation;
  try {
    await useDatabase(invocation, args.server, async ({ database, signal }) => {
      const chosen = await choose(args, database);
      if (chosen.length === 0) terminal.say('No account waits for it.');
      for (const account of chosen) {
        signal.throwIfAborted();
        if (args.isNothingLost) await trust(account, database, terminal.say);
        else await renew(account, database, terminal.say);
      }
    });
  } catch (error) {
    if (error instanceof StorageError) throw new CommandError(`${error.message}.`, { cause: error });
    throw error;
  }
}

async function choose(
  { account, isAll, isNothingLost }: RecoverArguments,
  { sql }: Database,
): Promise<readonly Chosen[]> {
  if (account === null && !isAll) return await findRewoundAccounts(sql);
  const found = await findAccounts(sql, account);
  if (account !== null && found.length === 0) throw new CommandError(`There is no account ${JSON.stringify(account)}.`);
  if (!isNothingLost) return found;
  const waiting = await findRewoundAccounts(sql);
  return waiting.filter(({ name }) => name === account);
}

async function renew({ id, name }: Chosen, { sql }: Database, say: (line: string) => void): Promise<void> {
  const recovered = await recoverAccount(sql, id);
  if (recovered === null) return; // removed meanwhile
  const { mailboxes, modseqBefore, modseq, uidvalidity } = recovered;
  say(
    `${name}: ${mailboxes} ${mailboxes === 1 ? 'mailbox has' : 'mailboxes have'} a new UIDVALIDITY, from ${uidvalidity} on; ` +
      `modseq ${modseqBefore} is ${modseq} now. Mail programs fetch its mail anew.`,
  );
}

async function trust({ id, name }: Chosen, { sql }: Database, say: (line: string) => void): Promise<void> {
  if (await trustAccount(sql, id)) {
    say(`${name}: goes on as it is.`);
    return;
  }
  say(`${name}: has lost changes that were seen; it still waits. Say \`postel recover ${name}\`.`);
  process.exitCode = 1;
}
