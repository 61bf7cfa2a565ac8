import { chmod, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '../command-error.ts';

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

  get postgres(): string {
    return join(this.path, 'postgres');
  }

  get logs(): string {
    return join(this.path, 'logs');
  }

  logOf(processName: string): string {
    return join(this.logs, `${processName}.log`);
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
   * Makes the directory, or narrows it to its owner.
   * @throws {CommandError}
   */
  async make(): Promise<void> {
    try {
      const made = await mkdir(this.path, { recursive: true, mode: 0o700 });
      if (made === undefined && ((await stat(this.path)).mode & 0o066) !== 0) await chmod(this.path, 0o700);
      for (const directory of [this.logs, this.blobs, this.certificates]) {
        await mkdir(directory, { recursive: true, mode: 0o700 });
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new CommandError(`Cannot use the data directory ${this.path}: ${why}. Name another one with --data DIR.`);
    }
  }
}
