import { chmod, lstat, mkdir, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { CommandError } from '../command-error.ts';

/** How to say another one, whichever command is running. */
export const ANOTHER_DIRECTORY =
  'another data directory: --data DIR of localserve, dataDirectory in the configuration file of serve';

/** The data directory of `localserve`, if no other is named. */
export const LOCALSERVE_DIRECTORY = resolve('data/localserve');

/** Where what lies in a data directory. */
export class DataDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Taken by the process that works on the directory. */
  get lockFile(): string {
    return join(this.path, 'lock');
  }

  /** Says which processes run and how the database is reached, while they run. */
  get runFile(): string {
    return join(this.path, 'run.json');
  }

  /** What was seen of the database, to find out whether it was replaced by an older one. */
  get seenFile(): string {
    return join(this.path, 'seen.json');
  }

  get postgres(): string {
    return join(this.path, 'postgres');
  }

  get logs(): string {
    return join(this.path, 'logs');
  }

  logOf(processName: string): string {
    return join(this.logs, `${processName}.log`);
  }

  /** The key that opens what is secret in the database. All hosts of a database have the same. */
  get secretKey(): string {
    return join(this.path, 'secrets.key');
  }

  get blobs(): string {
    return join(this.path, 'blobs');
  }

  /** Compiled code of the app processes, where node_modules cannot hold it. */
  get compileCache(): string {
    return join(this.path, 'cache');
  }

  /** The certificate of the local authority, for clients to trust. The only file here that is not secret. */
  get authority(): string {
    return join(this.path, 'ca.pem');
  }

  get certificates(): string {
    return join(this.path, 'certificates');
  }

  /**
   * Makes the directory, or narrows it to its owner if it is Postel's.
   * @throws {CommandError} if it is somebody else's: its mode is not ours to change
   */
  async make(): Promise<void> {
    try {
      const made = await mkdir(this.path, { recursive: true, mode: 0o700 });
      if (made === undefined && !(await this.#isOurs())) throw new Error("it is not empty and not Postel's");
      if (made === undefined && ((await stat(this.path)).mode & 0o066) !== 0) await chmod(this.path, 0o700);
      for (const directory of [this.logs, this.blobs, this.certificates]) {
        await mkdir(directory, { recursive: true, mode: 0o700 });
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new CommandError(`Cannot use the data directory ${this.path}: ${why}. Use ${ANOTHER_DIRECTORY}.`);
    }
  }

  /** It has a file that every start writes; or nothing but what we name so, from nothing to a start that was cut short. */
  async #isOurs(): Promise<boolean> {
    for (const file of [this.lockFile, this.runFile]) {
      const found = await lstat(file).catch(() => null);
      if (found?.isFile()) return true;
    }
    const ours = [this.logs, this.blobs, this.certificates, this.compileCache, this.authority, this.secretKey].map(
      (path) => basename(path),
    );
    const names = await readdir(this.path);
    return names.every((name) => ours.includes(name) || /^(postgres|serve-)/.test(name) || name === 'lost+found');
  }
}
