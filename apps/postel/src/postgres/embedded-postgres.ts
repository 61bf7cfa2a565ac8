import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { DatabaseTarget } from '@postel/config';
import { openLog, RestartBackOff } from '@postel/supervision';
import { CommandError } from '../command-error.ts';
import type { DataDirectory } from '../data-directory/data-directory.ts';
import { DATABASE, makeClusterIfMissing, SUPERUSER } from './make-cluster.ts';
import { findPostgresPackage } from './postgres-package.ts';
import { PostgresPrograms } from './postgres-programs.ts';
import { type PostgresScale, postgresSettings, SETTINGS_FILE, SMALL } from './postgres-settings.ts';
import { choosePostgresUser } from './postgres-user.ts';
import { readPostmasterFile } from './postmaster-file.ts';
import { lackOfRoom } from './room-to-start.ts';
import {
  clearSocketDirectory,
  makeSocketDirectory,
  removeSocketDirectory,
  type SocketDirectory,
} from './socket-directory.ts';
import { stopLeftOverPostgres } from './stop-left-over-postgres.ts';

export type PostgresEvent =
  | { readonly type: 'started'; readonly pid: number }
  | { readonly type: 'ready' }
  | { readonly type: 'ended'; readonly how: string; readonly restartInMs: number }
  /** It waits for room on the disk; told once for each wait. */
  | { readonly type: 'no-room'; readonly text: string };

export interface EmbeddedPostgresOptions {
  readonly directory: DataDirectory;
  /** `SMALL` if not given. */
  readonly scale?: PostgresScale;
  /** What is being done, for the person who waits. */
  readonly report: (line: string) => void;
  readonly onEvent?: (event: PostgresEvent) => void;
  /** Ends the start: replaying the log of a crash can take a while. */
  readonly signal?: AbortSignal;
}

const LOOK_AGAIN_MS = 10;
const LOOK_FOR_ROOM_MS = 2_000;
const FAST_DEADLINE_MS = 20_000;
const IMMEDIATE_DEADLINE_MS = 5_000;

/**
 * Postgres as a child of this process, in one data directory and on a Unix socket only. It is started again when it
 * dies. If this process is killed it lives on, and the next start stops it: a database does not like to be cut off.
 */
export class EmbeddedPostgres implements AsyncDisposable {
  readonly target: DatabaseTarget;
  readonly socketDirectory: SocketDirectory;
  restarts = 0;
  isReady = false;
  readonly #programs: PostgresPrograms;
  readonly #options: EmbeddedPostgresOptions;
  readonly #backOff = new RestartBackOff();
  #child: ChildProcess | null = null;
  #restartTimer: NodeJS.Timeout | null = null;
  #isStopping = false;
  #hasToldOfRoom = false;

  private constructor(programs: PostgresPrograms, socketDirectory: SocketDirectory, options: EmbeddedPostgresOptions) {
    this.#programs = programs;
    this.#options = options;
    this.socketDirectory = socketDirectory;
    this.target = { socketDirectory: socketDirectory.path, database: DATABASE, user: SUPERUSER };
  }

  /**
   * Makes the data directory if there is none, and resolves when Postgres accepts connections.
   * @throws {CommandError} or the signal's reason
   */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const { directory, report } = options;
    const found = findPostgresPackage(join(directory.path, 'postgres-libraries'));
    const user = await choosePostgresUser(found.postgres, directory.path, directory.postgres);
    const programs = new PostgresPrograms(found, user, directory.path);
    await makeClusterIfMissing(programs, directory.postgres, report);
    await stopLeftOverPostgres(directory.postgres, report);
    const lack = await lackOfRoom(directory.postgres);
    if (lack !== null) throw new CommandError(`Cannot start: ${lack}. Make room, and start Postel again.`);
    await writeSettings(join(directory.postgres, SETTINGS_FILE), postgresSettings(options.scale ?? SMALL));
    const socketDirectory = await makeSocketDirectory(directory.path);
    await programs.handOver(socketDirectory.path);
    const postgres = new EmbeddedPostgres(programs, socketDirectory, options);
    try {
      await postgres.#launch();
    } catch (error) {
      await postgres[Symbol.asyncDispose]();
      throw error;
    }
    return postgres;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Stops it: open transactions are rolled back, connections closed, everything written. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    const child = this.#child;
    if (child !== null) {
      const gone = once(child, 'exit');
      child.kill('SIGINT');
      const rude = setTimeout(() => child.kill('SIGQUIT'), FAST_DEADLINE_MS);
      const brutal = setTimeout(() => child.kill('SIGKILL'), FAST_DEADLINE_MS + IMMEDIATE_DEADLINE_MS);
      await gone;
      clearTimeout(rude);
      clearTimeout(brutal);
    }
    if (this.socketDirectory.isTemporary) await removeSocketDirectory(this.socketDirectory.path);
  }

  async #launch(): Promise<void> {
    const { directory, onEvent, signal } = this.#options;
    await clearSocketDirectory(this.socketDirectory.path);
    if (this.#isStopping) return; // meanwhile: nobody would stop what is started now
    const log = openLog(directory.logOf('postgres'));
    const child = this.#programs.startServer(['-D', directory.postgres, '-k', this.socketDirectory.path], log);
    if (log !== 'ignore') closeSync(log);
    this.#child = child;
    child.once('error', (error) => this.#ended(child, error.message));
    child.once('exit', (code, signal) => this.#ended(child, signal ?? `exit code ${code}`));
    if (child.pid !== undefined) onEvent?.({ type: 'started', pid: child.pid });
    // As pg_ctl does. After a crash it replays its log first; while it lives there is nothing to do but to wait.
    while (this.#child === child) {
      const file = readPostmasterFile(directory.postgres);
      if (file !== null && file.pid === child.pid && file.isReady) {
        this.isReady = true;
        this.#backOff.started();
        onEvent?.({ type: 'ready' });
        return;
      }
      signal?.throwIfAborted();
      await wait(LOOK_AGAIN_MS);
    }
    throw new CommandError(`Postgres does not start; see the end of ${directory.logOf('postgres')}.`);
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    const wasReady = this.isReady;
    this.isReady = false;
    // A first start that fails is told by #launch; a later one is tried again.
    if (this.#isStopping || (!wasReady && this.restarts === 0)) return;
    this.#restartLater(how);
  }

  #restartLater(how: string): void {
    const restartInMs = this.#backOff.ended();
    this.#options.onEvent?.({ type: 'ended', how, restartInMs });
    this.#restartTimer = setTimeout(() => void this.#restart(), restartInMs);
  }

  async #restart(): Promise<void> {
    this.#restartTimer = null;
    if (await this.#waitsForRoom()) return;
    this.restarts++;
    try {
      await stopLeftOverPostgres(this.#options.directory.postgres, this.#options.report); // children of the dead one
    } catch (error) {
      return this.#restartLater(String(error));
    }
    if (this.#isStopping) return;
    try {
      await this.#launch();
    } catch (error) {
      // A process that ended is told and started again by #ended; here there may have been none.
      if (this.#child === null && this.#restartTimer === null && !this.#isStopping) this.#restartLater(String(error));
    }
  }

  /** On a full disk it would die in its first second, and each time it would replay its log for that. */
  async #waitsForRoom(): Promise<boolean> {
    const lack = await lackOfRoom(this.#options.directory.postgres);
    if (this.#isStopping) return true;
    if (lack === null) {
      this.#hasToldOfRoom = false;
      return false;
    }
    if (!this.#hasToldOfRoom) this.#options.onEvent?.({ type: 'no-room', text: lack });
    this.#hasToldOfRoom = true;
    this.#restartTimer = setTimeout(() => void this.#restart(), LOOK_FOR_ROOM_MS);
    return true;
  }
}

/** Whole or not at all: a file cut short would take settings away that nothing may be without. */
async function writeSettings(path: string, settings: string): Promise<void> {
  const present = await readFile(path, 'utf8').catch(() => null);
  if (present === settings) return;
  await writeFile(`${path}.next`, settings, { mode: 0o644 });
  await rename(`${path}.next`, path);
}
