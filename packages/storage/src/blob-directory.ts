import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, opendir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BlobStore, type BlobWriter, isBlobName, type ListedBlob, NewBlob } from './blob-store.ts';
import type { DiskReserve } from './disk-reserve.ts';

const READ_OCTETS = 64 * 1024;

/** Blobs as files. */
export class BlobDirectory implements BlobStore {
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
    return await this.#inNewName(async (name, path) => new BlobFile(this, name, await open(path, 'wx', 0o600), path));
  }

  /** A hard link. */
  async copy(name: string): Promise<string> {
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
    await unlink(this.#path(name)).catch(passOver('ENOENT'));
  }

  async *list(firstDigits: string): AsyncGenerator<ListedBlob> {
    const directory = await opendir(join(this.#directory, firstDigits)).catch(passOver('ENOENT'));
    if (directory === undefined) return;
    for await (const { name } of directory) {
      if (!isBlobName(name)) continue;
      const file = await stat(this.#path(name)).catch(passOver('ENOENT')); // it may have been removed meanwhile
      if (file !== undefined) yield { name, modifiedAt: file.mtime };
    }
  }

  /** A file has its name from its beginning. */
  async removeUnfinished(): Promise<number> {
    return 0;
  }

  close(): void {}

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

class BlobFile implements BlobWriter {
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

/** For an error that is none. */
function passOver(code: string): (error: unknown) => undefined {
  return (error) => {
    if (codeOf(error) !== code) throw error;
  };
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
