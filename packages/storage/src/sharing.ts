import type { AccountWriter } from './account-writer.ts';
import {
  findSharedMailbox,
  findSharers,
  findSuperior,
  type Grantee,
  listSharedMailboxes,
  type RightsEdit,
  type RightsEntry,
  readRights,
  readRightsOf,
  rightsBelow,
  type SharedWith,
  type Sharer,
  setRights,
} from './acls.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { Database } from './database.ts';
import { asStorageErrors } from './errors.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';
import type { FoundMailbox, Mailbox } from './mailboxes.ts';
import type { Rights } from './rights.ts';
import type { StoreParts } from './store-parts.ts';

/** Mailboxes that others than their owner may use, and what they may do with them: RFC 4314. */
export class Sharing {
  readonly #database: Database;
  readonly #feed: ChangeFeed;
  readonly #writer: AccountWriter;

  constructor({ database, feed, writer }: Pick<StoreParts, 'database' | 'feed' | 'writer'>) {
    this.#database = database;
    this.#feed = feed;
    this.#writer = writer;
  }

  /**
   * See setRights.
   *
   * @returns the modseq of the owner; null if all was as it is
   * @throws {StorageError} 'nonexistent', 'too-many-rights', 'unavailable', 'outcome-unknown'
   */
  async setRights(owner: AccountId, mailbox: MailboxId, grantee: Grantee, edit: RightsEdit): Promise<ModSeq | null> {
    const modseq = await this.#writer.transact(owner, (tx) => setRights(tx, owner, mailbox, grantee, edit));
    if (modseq !== null) this.#feed.committed(owner, modseq);
    return modseq;
  }

  /** See readRights. @throws {StorageError} 'unavailable' */
  async readRights(owner: AccountId, mailbox: MailboxId): Promise<readonly RightsEntry[]> {
    return asStorageErrors(() => readRights(this.#database.sql, owner, mailbox));
  }

  /** See readRightsOf. @throws {StorageError} 'unavailable' */
  async readRightsOf(reader: AccountId, owner: AccountId, mailbox: MailboxId): Promise<Rights> {
    return asStorageErrors(() => readRightsOf(this.#database.sql, reader, owner, mailbox));
  }

  /** See rightsBelow. @throws {StorageError} 'unavailable' */
  async rightsBelow(reader: AccountId, owner: AccountId, name: string): Promise<ReadonlyMap<MailboxId, Rights>> {
    return asStorageErrors(() => rightsBelow(this.#database.sql, reader, owner, name));
  }

  /** See findSharedMailbox. @throws {StorageError} 'unavailable' */
  async findMailbox(reader: AccountId, owner: string, name: string): Promise<(FoundMailbox & SharedWith) | null> {
    return asStorageErrors(() => findSharedMailbox(this.#database.sql, reader, owner, name));
  }

  /** See findSuperior. @throws {StorageError} 'unavailable' */
  async findSuperior(
    reader: AccountId,
    owner: string,
    names: readonly string[],
  ): Promise<{ readonly account: AccountId; readonly rights: Rights } | null> {
    return asStorageErrors(() => findSuperior(this.#database.sql, reader, owner, names));
  }

  /** See findSharers. @throws {StorageError} 'unavailable' */
  async findSharers(readers: readonly AccountId[]): Promise<ReadonlyMap<AccountId, readonly Sharer[]>> {
    return asStorageErrors(() => findSharers(this.#database.sql, readers));
  }

  /** See listSharedMailboxes. @throws {StorageError} 'unavailable' */
  async listMailboxes(reader: AccountId): Promise<readonly (Mailbox & SharedWith)[]> {
    return asStorageErrors(() => listSharedMailboxes(this.#database.sql, reader));
  }
}
