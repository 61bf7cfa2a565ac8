import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { CommandError } from '../command-error.ts';

const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/** The locks of this process. A lock that nothing refers to would be given up when its object is collected. */
const held = new Set<FileLock>();

/**
 * A lock that lives exactly as long as the process that holds it: the kernel gives it up with the process, by whatever
 * it ends, so there is no stale lock and nothing to take over, and no reused PID can be mistaken for the holder. It
 * also holds between containers that share the directory, where PIDs mean nothing.
 *
 * Node offers no flock; its SQLite does, for this is how SQLite locks its own files. Nothing is ever written.
 */
export class FileLock implements Disposable {
  readonly #file: DatabaseSync;

  private constructor(file: DatabaseSync) {
    this.#file = file;
    held.add(this);
  }

  /** The lock, or `null` if another process has it, or reaches for it at the same moment: then try again. */
  static tryTake(path: string): FileLock | null {
    let file: DatabaseSync | null = null;
    try {
      file = new DatabaseSync(path, { timeout: 0 });
      file.exec('pragma journal_mode = off'); // or it would lie beside the lock
      file.exec('begin exclusive');
      chmodSync(path, 0o600);
      return new FileLock(file);
    } catch (error) {
      file?.close();
      if (error instanceof Error && 'errcode' in error) {
        if (error.errcode === SQLITE_BUSY) return null;
        if (error.errcode === SQLITE_NOTADB)
          throw new CommandError(`${path} is not Postel's: remove it, and start again.`);
        if (error.errcode === SQLITE_FULL)
          throw new CommandError(`The disk of ${path} is full. Make room, and start Postel again.`);
        throw new CommandError(`Cannot lock ${path}: ${error.message}. Is it on a file system that can lock files?`);
      }
      throw error;
    }
  }

  [Symbol.dispose](): void {
    held.delete(this);
    this.#file.close();
  }
}
