import { findAccounts, StorageError, verifyAccount } from '@postel/storage';
import type { Invocation } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { Stopped } from '../stop-signal.ts';
import { type ReachedServer, useDatabase } from '../use-database.ts';
import type { NamedServer } from '../which-server.ts';
import { formatFinding } from './format-finding.ts';

export interface VerifyArguments {
  /** Null: all of them. */
  readonly account: string | null;
  readonly server: NamedServer;
}

/**
 * The work of `postel verify`. Sets the exit code to 1 if something is wrong.
 *
 * @throws {CommandError} with exit code 2, if it could not come to its end
 */
export async function runVerify({ account, server }: VerifyArguments, invocation: Invocation): Promise<void> {
  try {
    const found = await useDatabase(invocation, server, (reached) => verifyAccounts(account, reached, invocation));
    if (found > 0) process.exitCode = 1;
  } catch (error) {
    throw couldNotRun(error);
  }
}

async function verifyAccounts(
  name: string | null,
  { database: { sql }, signal }: ReachedServer,
  { terminal }: Invocation,
): Promise<number> {
  const accounts = await findAccounts(sql, name);
  if (name !== null && accounts.length === 0) throw new CommandError(`There is no account ${name}.`);
  let found = 0;
  for (const account of accounts) {
    for await (const finding of verifyAccount(sql, account.id, { blobs: null, signal })) {
      terminal.say(formatFinding(account.name, finding));
      found++;
    }
  }
  const looked = accounts.length === 1 ? '1 account' : `${accounts.length} accounts`;
  terminal.note(`${looked} verified: ${found === 0 ? 'all is well' : `${found} findings`}`);
  return found;
}

function couldNotRun(error: unknown): unknown {
  if (error instanceof Stopped) return new CommandError('Stopped before the end.', { exitCode: 2, cause: error });
  if (error instanceof StorageError) return new CommandError(`${error.message}.`, { exitCode: 2, cause: error });
  if (error instanceof CommandError) return new CommandError(error.message, { exitCode: 2, cause: error });
  return error;
}
