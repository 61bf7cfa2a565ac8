import {
  type Finding,
  findAccounts,
  openBlobs,
  StorageError,
  type VerifyProgress,
  verifyAccount,
} from '@postel/storage';
import type { Invocation } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { Stopped } from '../stop-signal.ts';
import { type ReachedServer, useDatabase } from '../use-database.ts';
import type { NamedServer } from '../which-server.ts';
import { FindingList } from './finding-list.ts';
import { Imperfections } from './imperfections.ts';
import { VerifyProgressLine } from './verify-progress-line.ts';

export interface VerifyArguments {
  /** Null: all of them. */
  readonly account: string | null;
  readonly fix: boolean;
  readonly isQuick: boolean;
  readonly asJson: boolean;
  readonly server: NamedServer;
}

/**
 * The work of `postel verify`. Sets the exit code to 1 if something is wrong.
 *
 * @throws {CommandError} with exit code 2, if it could not come to its end
 */
export async function runVerify(args: VerifyArguments, invocation: Invocation): Promise<void> {
  try {
    const found = await useDatabase(invocation, args.server, (reached) => verifyAccounts(args, reached, invocation));
    if (found > 0) process.exitCode = 1;
  } catch (error) {
    throw couldNotRun(error);
  }
}

/** @returns how much was found */
async function verifyAccounts(
  { account: name, fix, isQuick, asJson }: VerifyArguments,
  { database: { sql }, blobs: target, signal }: ReachedServer,
  { terminal }: Invocation,
): Promise<number> {
  const accounts = await findAccounts(sql, name);
  if (name !== null && accounts.length === 0) throw new CommandError(`There is no account ${JSON.stringify(name)}.`);
  using stack = new DisposableStack();
  const blobs = stack.adopt(await openBlobs(target), (store) => store.close());
  const imperfections = new Imperfections();
  const list = new FindingList(terminal.say, asJson);
  using progress = new VerifyProgressLine(process.stderr, accounts, { readsContents: !isQuick });
  const say = (of: string, found: Finding) => {
    progress.clear();
    list.add(of, found);
  };
  for (const account of accounts) {
    progress.begin(account);
    const onProgress = (done: VerifyProgress) => {
      progress.add(done);
      if (done.imperfection !== undefined) imperfections.add(done.imperfection);
    };
    const depth = isQuick ? { blobs: null } : { blobs, fix };
    for await (const found of verifyAccount(sql, account.id, { ...depth, signal, onProgress }))
      say(account.name, found);
    list.endAccount(account.name);
  }
  progress.clear();
  terminal.note(`${progress.summary()}: ${list.summary()}`);
  for (const sentence of imperfections.tell()) terminal.note(sentence);
  return list.count;
}

function couldNotRun(error: unknown): unknown {
  const options = { exitCode: 2, cause: error } as const;
  if (error instanceof CommandError) return new CommandError(error.message, options);
  if (error instanceof Stopped) return new CommandError('stopped before the end.', options);
  if (error instanceof StorageError) return new CommandError(`stopped before the end: ${error.message}.`, options);
  // Of the blob store as a whole, which has no word of ours for it.
  if (error instanceof Error && 'syscall' in error) {
    return new CommandError(`stopped before the end: ${error.message}.`, options);
  }
  return error;
}
