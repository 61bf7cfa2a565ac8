import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type DatabaseTarget, parseDatabaseTarget, SettingReader, SettingsError } from '@postel/config';
import { readVersion } from '../version.ts';
import { identifyProcess, type ProcessIdentity } from './process-identity.ts';

/** What runs on a data directory, as `run.json` says it to other commands, to tests, and to the start after a crash. */
export interface RunState extends ProcessIdentity {
  /** The data directory it was written in, by device and inode: a copy of it holds a file that is not about the copy. */
  readonly writtenIn: string | null;
  /** A server, or a command that is over soon and can be waited for. */
  readonly kind: 'server' | 'command';
  /** Of Postel; null: by an earlier one, which did not say it. */
  readonly version: string | null;
  readonly isReady: boolean;
  /** How to reach the database, once it answers. */
  readonly database: DatabaseTarget | null;
  /** A directory outside the data directory that Postgres's socket lies in; to be removed. */
  readonly socketDirectory: string | null;
  readonly postgres: ProcessIdentity | null;
  readonly apps: readonly ({ readonly name: string } & ProcessIdentity)[];
  /** Ports by service. */
  readonly ports: Readonly<Record<string, number>>;
}

const WRITE_AGAIN_MS = 5_000;

/**
 * Writes `run.json` whole at each change, for the process that holds the data directory's lock. Where it cannot be
 * written, on a full disk for instance, what runs goes on, and the file is tried again until it can.
 */
export class RunFile implements Disposable {
  /** Told of a file that cannot be written, once until it can. */
  onFailure: (error: unknown) => void = () => {};
  readonly #path: string;
  #state: RunState;
  #isFailing = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param leftOver what ran here before; named on until it is known to be gone, however often we start */
  constructor(path: string, kind: RunState['kind'], leftOver: RunState | null) {
    this.#path = path;
    this.#state = {
      writtenIn: identityOf(dirname(path)),
      kind,
      ...(identifyProcess(process.pid) ?? { pid: process.pid, startedAt: 'unknown' }),
      version: readVersion(),
      isReady: false,
      database: null,
      socketDirectory: leftOver?.socketDirectory ?? null,
      postgres: null,
      apps: leftOver?.apps ?? [],
      ports: {},
    };
    this.#write();
  }

  get state(): RunState {
    return this.#state;
  }

  update(change: Partial<RunState>): void {
    this.#state = { ...this.#state, ...change };
    this.#write();
  }

  /** Nothing runs any more. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const path of [this.#path, `${this.#path}.next`]) rmSync(path, { force: true });
  }

  #write(): void {
    clearTimeout(this.#timer);
    const next = `${this.#path}.next`;
    try {
      writeFileSync(next, `${JSON.stringify(this.#state, null, 2)}\n`, { mode: 0o600 });
      renameSync(next, this.#path);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.onFailure(error);
      this.#isFailing = true;
      this.#timer = setTimeout(() => this.#write(), WRITE_AGAIN_MS).unref();
    }
  }
}

/** What `run.json` says; `null` if there is none, none that this version understands, or one of another directory. */
export function readRunState(path: string): RunState | null {
  try {
    const run = new SettingReader(JSON.parse(readFileSync(path, 'utf8')));
    const writtenIn = run.has('writtenIn') ? run.at('writtenIn').text() : null; // null: by an earlier version
    if (writtenIn !== null && writtenIn !== identityOf(dirname(path))) return null;
    return {
      writtenIn,
      kind: run.at('kind').oneOf('server', 'command'),
      ...parseProcess(run),
      version: run.has('version') ? run.at('version').orNull((version) => version.text()) : null,
      isReady: run.at('isReady').boolean(),
      database: run.at('database').orNull(parseDatabaseTarget),
      socketDirectory: run.at('socketDirectory').orNull((directory) => directory.text()),
      postgres: run.at('postgres').orNull(parseProcess),
      apps: run.at('apps').list((app) => ({ name: app.at('name').text(), ...parseProcess(app) })),
      ports: run.at('ports').record((port) => port.port()),
    };
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing || error instanceof SettingsError || error instanceof SyntaxError) return null;
    throw error;
  }
}

function identityOf(directory: string): string {
  const { dev, ino } = statSync(directory, { bigint: true });
  return `${dev}:${ino}`;
}

function parseProcess(value: SettingReader): ProcessIdentity {
  return { pid: value.at('pid').integer(), startedAt: value.at('startedAt').text() };
}
