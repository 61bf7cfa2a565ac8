import type { AccountId } from './ids.ts';

/** A blob as a store lists it. */
export interface ListedBlob {
  readonly name: string;
  /** When its last octet was written, or it got this name. */
  readonly modifiedAt: Date;
}

/**
 * Where contents too large for a row are: in a directory, or in a bucket. A name is random, 32 hexadecimal digits, and is never
 * written twice. All of it throws StorageErrors, 'unavailable' or 'disk-full', or what the file system throws.
 */
export interface BlobStore {
  /** Begins a blob. It has its name from now on, so who lists the store may find it before it is finished. */
  create(): Promise<BlobWriter>;
  /** Gives a blob one more name, durably; each name is removed by itself. */
  copy(name: string): Promise<string>;
  /**
   * Octets `start` to `end` (not included), in pieces of at most 64 kB, as they are: see `readBlob` for those that are checked.
   *
   * @throws if the blob is not there or shorter than asked, which no crash should leave behind
   */
  read(name: string, start: number, end: number): AsyncGenerator<Buffer>;
  /** Removes a name; one that is not there is no error. */
  remove(name: string): Promise<void>;
  /** The blobs whose names begin with these two digits, in no order. What has no such name is not ours, and is left out. */
  list(firstDigits: string): AsyncGenerator<ListedBlob>;
  /**
   * Removes what was begun before that time and has no name that `list` tells.
   *
   * @returns how many
   */
  removeUnfinished(before: Date): Promise<number>;
  close(): void;
}

/** A blob being written. It counts only after `finish`; until its row commits nothing refers to it. */
export interface BlobWriter {
  /** When it resolves the memory of the octets is the caller's again. */
  write(octets: Buffer): Promise<void>;
  /**
   * Makes the blob and its name durable. If that fails nothing may be made of it, not even another attempt: after an fsync
   * that failed the next one says that all is well, while the octets are gone. It is for the caller to abort.
   */
  finish(): Promise<NewBlob>;
  /** Removes what there is of it, if it can; what is left is swept. */
  abort(): Promise<void>;
}

/** All first digits of names: what `list` takes. */
export const FIRST_DIGITS: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/** Whether a file or an object can be a blob of ours. */
export function isBlobName(name: string): boolean {
  return /^[0-9a-f]{32}$/.test(name);
}

/**
 * A blob that no content row names yet. Each account that may take it has a name of its own for it, so that one content
 * row owns one name, and removing it never takes another account's octets.
 */
export class NewBlob {
  readonly #blobs: BlobStore;
  readonly #first: string;
  readonly #names = new Map<AccountId, string>();
  readonly #kept = new Set<string>();

  constructor(blobs: BlobStore, name: string) {
    this.#blobs = blobs;
    this.#first = name;
  }

  /** Makes a name for the account, if it has none. To be called before `nameFor`. */
  async prepareFor(account: AccountId): Promise<void> {
    if (this.#names.has(account)) return;
    if (this.#names.size === 0) this.#names.set(account, this.#first);
    else {
      const name = await this.#blobs.copy(this.#first);
      // Another append to the account may have been first.
      if (this.#names.has(account)) await this.#blobs.remove(name);
      else this.#names.set(account, name);
    }
  }

  /** Its octets, as they were written; see BlobStore.read. */
  read(start: number, end: number): AsyncGenerator<Buffer> {
    return this.#blobs.read(this.#first, start, end);
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
