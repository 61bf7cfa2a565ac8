import type { BlobTarget, DatabaseTarget } from '@postel/config';
import { openBlobs, openDatabase, StorageError, Store } from '@postel/storage';
import type { Invocation } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { findPendingMigrations, migrateDatabase } from '../migrate-database.ts';
import { reachDatabase } from '../reach-database.ts';
import { StopSignal } from '../stop-signal.ts';
import type { Terminal } from '../terminal.ts';
import { findServer, type NamedServer } from '../which-server.ts';

export interface MigrateArguments {
  readonly isDryRun: boolean;
  readonly server: NamedServer;
}

const PROGRESS_MS = 2_000;

/** The work of `postel migrate`. @throws {CommandError} */
export async function runMigrate({ isDryRun, server }: MigrateArguments, invocation: Invocation): Promise<void> {
  using stop = new StopSignal();
  await using started = new AsyncDisposableStack();
  const { terminal } = invocation;
  const { database, blobs } = await findServer(server, invocation);
  const target = await reachDatabase(database, { signal: stop.signal, started, report: terminal.note });
  if (isDryRun) return await tellWhatWouldBeDone(target, blobs, terminal);
  await migrateDatabase(target, terminal.note);
  await withStore(target, blobs, terminal, (store) => fillIn(store, stop.signal, terminal.note));
  terminal.say('The tables are up to date.');
}

async function tellWhatWouldBeDone(target: DatabaseTarget, blobs: BlobTarget, terminal: Terminal): Promise<void> {
  const pending = await findPendingMigrations(target);
  for (const { name, about } of pending) terminal.say(`${name}: ${about}`);
  if (pending.length > 0) {
    terminal.say('Then what is missing for messages of before is filled in, in small steps.');
    return;
  }
  const missing = await withStore(target, blobs, terminal, (store) => store.search.countMissingSummaries());
  if (missing > 0) terminal.say(`To be filled in: ${format(missing)} subjects or threads of messages of before.`);
  else terminal.say('The tables are up to date.');
}

async function fillIn(store: Store, signal: AbortSignal, note: (line: string) => void): Promise<void> {
  let toldAt = performance.now();
  await store.search.fillMissingSummaries({
    signal,
    onProgress(done, left) {
      if (performance.now() - toldAt < PROGRESS_MS) return;
      toldAt = performance.now();
      note(`filling in subjects, addresses and threads: ${format(done)} done, ${format(left)} left`);
    },
  });
}

const placeOf = (blobs: BlobTarget) => ('directory' in blobs ? blobs.directory : `the bucket ${blobs.s3.bucket}`);

async function withStore<Result>(
  target: DatabaseTarget,
  blobs: BlobTarget,
  terminal: Terminal,
  use: (store: Store) => Promise<Result>,
): Promise<Result> {
  const database = openDatabase(target, { applicationName: 'postel migrate', maxConnections: 1 });
  let unread = 0;
  const store = new Store(database, { blobs: await openBlobs(blobs), onError: () => unread++ });
  try {
    return await use(store);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new CommandError(
      `The database does not answer any more: ${error.message}. Call it again: it goes on where it was.`,
    );
  } finally {
    await store.close();
    await database.close();
    if (unread > 0) {
      terminal.warn(
        `${format(unread)} messages are in blobs that cannot be read in ${placeOf(blobs)}: they stay without subject and ` +
          'addresses in the tables. Call it again where the blobs are.',
      );
    }
  }
}

const format = (count: number) => count.toLocaleString('en');
