import { type Database, findRewoundAccounts, markRewound, readSeenAccounts, type SeenAccount } from '@postel/storage';
import type { SeenFile } from '../data-directory/seen-file.ts';
import type { Reporter } from './reporter.ts';

/** What happened in so long a time before everything was killed is not remembered. */
const EVERY_MS = 10_000;
const NAMES_TOLD = 10;

type Reports = Pick<Reporter, 'step' | 'warn'>;

/**
 * Compares the database with what was seen of it before, now and as long as the server runs, and remembers what it is like.
 * App processes do the same for the accounts that they serve; this knows all accounts, and what was before they started.
 *
 * @param noteWaiting is told how many accounts take no change, each time it has looked
 * @throws {StorageError} 'unavailable', at the start
 */
export async function watchForRewind(
  database: Database,
  file: SeenFile,
  report: Reports,
  noteWaiting: (accounts: number) => void,
): Promise<AsyncDisposable> {
  const watch = new RewindWatch(database, file, report, noteWaiting);
  await watch.look();
  const timer = setInterval(() => void watch.look().catch(() => {}), EVERY_MS).unref(); // a database that is away is told by itself
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await watch.look().catch(() => {});
    },
  };
}

class RewindWatch {
  readonly #database: Database;
  readonly #file: SeenFile;
  readonly #report: Reports;
  readonly #noteWaiting: (accounts: number) => void;
  #seen: readonly SeenAccount[];
  /** Names of the accounts that take no change, as told last. */
  #waiting = '';
  #isFailing = false;
  #looking: Promise<void> | null = null;

  constructor(database: Database, file: SeenFile, report: Reports, noteWaiting: (accounts: number) => void) {
    this.#database = database;
    this.#file = file;
    this.#report = report;
    this.#noteWaiting = noteWaiting;
    this.#seen = file.read();
  }

  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { sql } = this.#database;
    const current = await readSeenAccounts(sql);
    const before = new Map(this.#seen.map((account) => [account.id, account]));
    const behind = current.flatMap(({ id, modseq, uidvalidity }) => {
      const seen = before.get(id);
      return seen !== undefined && (modseq < seen.modseq || uidvalidity < seen.uidvalidity) ? [seen] : [];
    });
    if (behind.length > 0) await markRewound(sql, behind);
    await this.#tellWaiting();
    this.#remember(current.map((account) => highest(account, before.get(account.id))));
  }

  async #tellWaiting(): Promise<void> {
    const accounts = await findRewoundAccounts(this.#database.sql);
    this.#noteWaiting(accounts.length);
    const names = accounts.map(({ name }) => name);
    const more = names.length > NAMES_TOLD ? ` and ${names.length - NAMES_TOLD} more` : '';
    const waiting = names.slice(0, NAMES_TOLD).join(', ') + more;
    if (waiting === this.#waiting) return;
    this.#waiting = waiting;
    if (waiting === '') this.#report.step('no account waits for `postel recover` any more');
    else {
      this.#report.warn(
        `the database is older than what was seen of it, or on another server: run \`postel recover\`; until then these take no changes: ${waiting}`,
      );
    }
  }

  #remember(seen: readonly SeenAccount[]): void {
    const isSame = JSON.stringify(seen) === JSON.stringify(this.#seen);
    this.#seen = seen;
    if (isSame && !this.#isFailing) return;
    try {
      this.#file.write(seen);
      this.#isFailing = false;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!this.#isFailing) this.#report.warn(`cannot remember what the database is like: ${why}`);
      this.#isFailing = true;
    }
  }
}

const highest = (account: SeenAccount, seen: SeenAccount | undefined): SeenAccount => ({
  id: account.id,
  modseq: Math.max(account.modseq, seen?.modseq ?? 0),
  uidvalidity: Math.max(account.uidvalidity, seen?.uidvalidity ?? 0),
});
