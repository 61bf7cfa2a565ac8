import { setTimeout as wait } from 'node:timers/promises';
import { CommandError } from '../command-error.ts';
import { ANOTHER_DIRECTORY, DataDirectory } from './data-directory.ts';
import { FileLock } from './lock.ts';
import { isRunning } from './process-identity.ts';
import { RunFile, type RunState, readRunState } from './run-file.ts';

/** A data directory that is ours alone until it is disposed of. */
export interface TakenDataDirectory extends Disposable {
  readonly directory: DataDirectory;
  readonly run: RunFile;
  /** What ran here before and did not end properly. */
  readonly leftOver: RunState | null;
}

/** How long to wait for a command, or for a server that has only begun to start. */
const PATIENCE_MS = 30_000;
const LOOK_AGAIN_MS = 50;

/**
 * Takes the data directory for a server.
 * @throws {CommandError} if a server has it, with its PID
 */
export async function takeForServer(path: string, signal: AbortSignal): Promise<TakenDataDirectory> {
  const taken = await take(path, 'server', signal, (holder) => holder.kind === 'server');
  if ('directory' in taken) return taken;
  throw new CommandError(
    `Postel already runs on ${path} (PID ${taken.pid}). Stop that one, or use other ports and ${ANOTHER_DIRECTORY}.`,
  );
}

/**
 * Takes the data directory for a command, or tells of the server that has it, once that one is ready.
 * @throws {CommandError}
 */
export function takeForCommand(path: string, signal: AbortSignal): Promise<TakenDataDirectory | RunState> {
  return take(path, 'command', signal, (holder) => holder.kind === 'server' && holder.isReady);
}

/** Waits until the directory is free, or held by somebody of whom `isFinal` says that waiting is in vain. */
async function take(
  path: string,
  kind: RunState['kind'],
  signal: AbortSignal,
  isFinal: (holder: RunState) => boolean,
): Promise<TakenDataDirectory | RunState> {
  const directory = new DataDirectory(path);
  await directory.make();
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (performance.now() < giveUpAt) {
    const lock = FileLock.tryTake(directory.lockFile);
    if (lock !== null) return taken(directory, lock, kind);
    const holder = readRunState(directory.runFile);
    // The file of one that died by kill -9 may lie there until the new holder has written its own.
    if (holder !== null && isRunning(holder) && isFinal(holder)) return holder;
    signal.throwIfAborted();
    await wait(LOOK_AGAIN_MS);
  }
  throw new CommandError(`Another process works on ${path} and does not come to an end; see ${directory.runFile}.`);
}

function taken(directory: DataDirectory, lock: FileLock, kind: RunState['kind']): TakenDataDirectory {
  const found = readRunState(directory.runFile);
  // We have the lock: one that is still alive has another directory, of which this is a copy.
  const leftOver = found === null || isRunning(found) ? null : found;
  const run = new RunFile(directory.runFile, kind, leftOver);
  return {
    directory,
    run,
    leftOver,
    [Symbol.dispose]() {
      run[Symbol.dispose]();
      lock[Symbol.dispose]();
    },
  };
}
