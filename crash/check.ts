import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type Database, openDatabase, StorageError } from '@postel/storage';
import { type BlobFiles, checkBlobFiles } from './blob-files.ts';
import { compareInTime } from './compare-in-time.ts';
import { compareWithLedger } from './compare-with-ledger.ts';
import { ConnectionEnded } from './connection.ts';
import type { CrashServer } from './crash-server.ts';
import { deliverWhatWaits } from './deliver-what-waits.ts';
import { ImapSession, type Login } from './imap-session.ts';
import type { Difference, Ledger } from './ledger.ts';
import { observeDatabase, quietDatabase } from './observe-database.ts';
import { CheckedBodies, compareByImap } from './observe-imap.ts';
import type { Observed } from './observed.ts';
import { recount } from './recount.ts';

/** What a kill set going may still end connections of ours; more often than that it is not the kill. */
const ATTEMPTS = 100;
const PAUSE_MS = 50;

export interface Checked {
  readonly differences: readonly Difference[];
  /** Messages compared, and how many of them with all their octets. */
  readonly messages: number;
  readonly bodies: number;
}

/**
 * Compares everything that a server shows with the ledger, while nobody changes anything: the tables with the ledger and with
 * what they showed before, IMAP with the tables, the counts with what they count, blobs with their rows.
 */
export class Checker {
  readonly #server: CrashServer;
  readonly #ledger: Ledger;
  readonly #logins: readonly Login[];
  readonly #bodies = new CheckedBodies();
  #before: Observed = new Map();
  #unreferenced: ReadonlySet<string> = new Set();
  /** What lay in the data directory when the server was new; null until then. */
  #entries: ReadonlySet<string> | null = null;

  constructor(server: CrashServer, ledger: Ledger, logins: readonly Login[]) {
    this.#server = server;
    this.#ledger = ledger;
    this.#logins = logins;
  }

  /** What the server shows before anything was asked of it. */
  async observe(): Promise<Observed> {
    return await this.#withDatabase(async (database) => {
      await quietDatabase(database);
      return await observeDatabase(database, this.#ledger);
    });
  }

  /** @param isWhole whether the octets of messages that were read before are read again */
  async check({ isWhole }: { readonly isWhole: boolean }): Promise<Checked> {
    if (isWhole) this.#bodies.clear();
    return await this.#withDatabase(async (database) => {
      await deliverWhatWaits(database);
      await quietDatabase(database);
      const observed = await observeDatabase(database, this.#ledger);
      const differences: Difference[] = [];
      let bodies = 0;
      for (const login of this.#logins) {
        const shown = await this.#compareByImap(login, observed);
        differences.push(...shown.differences);
        bodies += shown.read;
      }
      const blobs = await checkBlobFiles(database, this.#server.dataDirectory);
      differences.push(...this.#compareBlobs(blobs), ...(await recount(database)), ...this.#compareEntries());
      differences.push(...(await this.#verify()));
      // Last, since it decides what became of the operations whose answer was lost: nothing above is to fail behind it.
      differences.push(...compareWithLedger(this.#ledger, observed), ...compareInTime(this.#before, observed));
      this.#before = observed;
      this.#unreferenced = blobs.unreferenced;
      const mailboxes = [...observed.values()].flatMap((account) => [...account.mailboxes.values()]);
      return { differences, bodies, messages: mailboxes.reduce((sum, mailbox) => sum + mailbox.messages.length, 0) };
    });
  }

  async #compareByImap(login: Login, observed: Observed) {
    const stored = observed.get(login.name);
    if (stored === undefined) return { differences: [], read: 0 }; // compareWithLedger says so
    using session = await ImapSession.open(this.#server.imap, login);
    if (session === null) throw new ConnectionEnded(`the server does not let ${login.name} in`);
    return await compareByImap(session, login.name, stored, this.#ledger, this.#bodies);
  }

  /** `postel verify` has nothing to say. */
  async #verify(): Promise<readonly Difference[]> {
    const { status, stdout, stderr } = await this.#server.postel(['verify']);
    if (status === 0 && stdout === '') return [];
    const lines = stdout === '' ? [`it ended with status ${status}: ${stderr}`] : stdout.trimEnd().split('\n');
    return lines.map((line) => ({ what: `postel verify says: ${line}` }));
  }

  /** Nothing half made, or made for some moments, stays in the data directory. */
  #compareEntries(): readonly Difference[] {
    const now = new Set(readdirSync(this.#server.dataDirectory));
    // Made for the first message that needs it, and after the first seconds.
    this.#entries ??= new Set([...now, 'blobs', 'seen.json']);
    return [...now.difference(this.#entries)].map((name) => ({ what: `${name} was left in the data directory` }));
  }

  /** A crash may leave a file of each message under way, no more. */
  #compareBlobs({ differences, unreferenced }: BlobFiles): readonly Difference[] {
    const added = unreferenced.difference(this.#unreferenced);
    const unanswered = this.#ledger.operations.filter(
      ({ round, outcome }) => round === this.#ledger.round && outcome !== 'acknowledged',
    );
    const allowed = unanswered.flatMap(({ changes }) => changes).filter(({ type }) => type === 'added').length;
    if (added.size <= allowed) return differences;
    const what = `${added.size} new files below blobs/ that no row names, after ${allowed} messages that were not answered OK`;
    return [...differences, { what }];
  }

  /** Again, if a connection ends: the last of what a kill set going may come late. */
  async #withDatabase<Result>(work: (database: Database) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      const database = openDatabase(this.#server.database, { applicationName: 'crash check', maxConnections: 1 });
      try {
        return await work(database);
      } catch (error) {
        const mayPass = error instanceof ConnectionEnded || error instanceof StorageError;
        if (!mayPass || attempt === ATTEMPTS) throw error;
      } finally {
        await database.close();
      }
      await pause(PAUSE_MS);
    }
  }
}
