import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DiskReserve } from './disk-reserve.ts';
import type { AccountId } from './ids.ts';

const READ_OCTETS = 64 * 1024;

/** Contents too large for a row, one file each. A name is random and never written twice. */
export class BlobDirectory {
  readonly #directory: string;
  /** What must stay free; null: nothing in particular. */
  readonly reserve: DiskReserve | null;
  /** Directories that are there and on the disk, or will be. */
  readonly #made = new Map<string, Promise<void>>();

  constructor(directory: string, reserve: DiskReserve | null = null) {
    this.#directory = directory;
    this.reserve = reserve;
  }

  async create(): Promise<BlobWriter> {
    return await this.#inNewName(async (name, path) => new BlobWriter(this, name, await open(path, 'wx', 0o600), path));
  }

  /** Gives a blob one more name, durably; each name is removed by itself. */
  async link(name: string): Promise<string> {
    return await this.#inNewName(async (added, path) => {
      await link(this.#path(name), path);
      try {
        await syncDirectory(dirname(path));
      } catch (error) {
        await unlink(path).catch(() => {});
        throw error;
      }
      return added;
    });
  }

  /**
   * Octets `start` to `end` (not included) of a blob, in pieces of at most 64 kB.
   *
   * @throws if the file is missing or shorter than asked, which no crash should leave behind
   */
  async *read(name: string, start: number, end: number): AsyncGenerator<Buffer> {
    const file = await open(this.#path(name), constants.O_RDONLY);
    try {
      for (let at = start; at < end; ) {
        const { bytesRead, buffer } = await file.read({
          buffer: Buffer.allocUnsafe(Math.min(READ_OCTETS, end - at)),
          position: at,
        });
        if (bytesRead === 0) throw new Error(`blob ${name} ends at octet ${at}, before ${end}`);
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  async remove(name: string): Promise<void> {
    await unlink(this.#path(name));
  }

  /** Makes a file of a new name. Its directory may have been removed by somebody since we made it. */
  async #inNewName<Made>(make: (name: string, path: string) => Promise<Made>): Promise<Made> {
    const name = randomBytes(16).toString('hex');
    const path = this.#path(name);
    const directory = dirname(path);
    await this.#makeDirectory(directory);
    try {
      return await make(name, path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      this.#made.delete(directory);
      await this.#makeDirectory(directory);
      return await make(name, path);
    }
  }

  /**
   * Makes a directory durable, once in this process, whoever made it: another writer that did may not have come to the
   * sync yet, and a file counts only if the way to it is on the disk.
   */
  #makeDirectory(directory: string): Promise<void> {
    const known = this.#made.get(directory);
    if (known !== undefined) return known;
    const making = this.#makeDurably(directory).catch((error: unknown) => {
      this.#made.delete(directory);
      throw error;
    });
    this.#made.set(directory, making);
    return making;
  }

  async #makeDurably(directory: string): Promise<void> {
    const made = await makeDirectory(directory);
    const first = made ?? directory;
    for (let at = directory; at.length >= first.length; at = dirname(at)) await syncDirectory(dirname(at));
  }

  /** 256 directories keep each one small. */
  #path(name: string): string {
    return join(this.#directory, name.slice(0, 2), name);
  }
}

/** A blob being written. It counts only after `finish`; until its row commits nothing refers to it. */
export class BlobWriter {
  readonly #blobs: BlobDirectory;
  readonly #name: string;
  readonly #file: FileHandle;
  readonly #path: string;

  constructor(blobs: BlobDirectory, name: string, file: FileHandle, path: string) {
    this.#blobs = blobs;
    this.#name = name;
    this.#file = file;
    this.#path = path;
  }

  /** @throws {StorageError} 'disk-full' if the reserve would be touched; and as the file system does */
  async write(octets: Buffer): Promise<void> {
    await this.#blobs.reserve?.take(octets.length);
    for (let at = 0; at < octets.length; ) at += (await this.#file.write(octets, at)).bytesWritten;
  }

  /**
   * Makes the file and its name durable. If that fails nothing may be made of the file, not even another attempt: after
   * an fsync that failed the next one says that all is well, while the octets are gone. It is for the caller to abort.
   */
  async finish(): Promise<NewBlob> {
    await this.#file.sync();
    await this.#file.close();
    await syncDirectory(dirname(this.#path));
    return new NewBlob(this.#blobs, this.#name);
  }

  async abort(): Promise<void> {
    await this.#file.close().catch(() => {});
    await unlink(this.#path).catch(() => {});
  }
}

/**
 * A blob that no content row names yet. Each account that may take it has a name of its own for it, so that one content
 * row owns one name, and removing it never takes another account's octets.
 */
export class NewBlob {
  readonly #blobs: BlobDirectory;
  readonly #first: string;
  readonly #names = new Map<AccountId, string>();
  readonly #kept = new Set<string>();

  constructor(blobs: BlobDirectory, name: string) {
    this.#blobs = blobs;
    this.#first = name;
  }

  /** Makes a name for the account, if it has none. To be called before `nameFor`. */
  async prepareFor(account: AccountId): Promise<void> {
    if (this.#names.has(account)) return;
    if (this.#names.size === 0) this.#names.set(account, this.#first);
    else {
      const name = await this.#blobs.link(this.#first);
      // Another append to the account may have been first.
      if (this.#names.has(account)) await this.#blobs.remove(name);
      else this.#names.set(account, name);
    }
  }

  nameFor(account: AccountId): string {
    const name = this.#names.get(account);
    if (name === undefined) throw new Error('the blob has no name for this account');
    return name;
  }

  /** A row names it now, or may. */
  keepFor(account: AccountId): void {
    this.#kept.add(this.nameFor(account));
  }

  /** Removes the names that no account kept. One that cannot be removed is left: nothing refers to it, and mail was answered. */
  async discard(): Promise<void> {
    for (const name of new Set([this.#first, ...this.#names.values()])) {
      if (this.#kept.has(name)) continue;
      this.#kept.add(name); // gone for good: not to be removed twice
      await this.#blobs.remove(name).catch(() => {});
    }
  }
}

/** @returns the first directory that had to be made; undefined if all were there */
async function makeDirectory(directory: string): Promise<string | undefined> {
  try {
    await mkdir(directory, { mode: 0o700 });
    return directory;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    // Only then: with `recursive` a full or read-only disk is told as ENOENT.
    if (codeOf(error) === 'ENOENT') return await mkdir(directory, { recursive: true, mode: 0o700 });
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null;
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
