import type { AccountWriter } from './account-writer.ts';
import { inheritRights, removeRights } from './acls.ts';
import { copyAnnotations, removeAnnotations } from './annotations.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { Database } from './database.ts';
import type { DiskReserve } from './disk-reserve.ts';
import { asStorageErrors } from './errors.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';
import {
  continueInboxRename,
  createMailbox,
  deleteMailbox,
  type FoundMailbox,
  findMailbox,
  listMailboxes,
  listNames,
  listSubscriptions,
  type Mailbox,
  type MailboxName,
  renameInbox,
  renameMailbox,
  subscribe,
  unsubscribe,
} from './mailboxes.ts';
import { makeOrdinary } from './rejects.ts';
import { findSpecialUse } from './special-use.ts';
import type { StoreParts } from './store-parts.ts';

/** The mailboxes of accounts and their subscriptions, as one process changes them. */
export class StoredMailboxes {
  readonly #database: Database;
  readonly #reserve: DiskReserve | null;
  readonly #feed: ChangeFeed;
  readonly #writer: AccountWriter;

  constructor({ database, reserve, feed, writer }: Pick<StoreParts, 'database' | 'reserve' | 'feed' | 'writer'>) {
    this.#database = database;
    this.#reserve = reserve;
    this.#feed = feed;
    this.#writer = writer;
  }

  /**
   * See createMailbox.
   *
   * @throws {StorageError} 'exists', 'use-taken', 'over-quota', 'too-many-names', 'disk-full', 'unavailable', 'outcome-unknown'
   */
  async create(
    account: AccountId,
    name: string,
    specialUse: string | null,
  ): Promise<{ readonly id: MailboxId; readonly uidvalidity: number; readonly modseq: ModSeq }> {
    if (this.#reserve !== null) await this.#reserve.require(0);
    const created = await this.#writer.transact(account, async (tx) => {
      const made = await createMailbox(tx, account, name, specialUse);
      await inheritRights(tx, account, name, made.modseq);
      return made;
    });
    this.#feed.committed(account, created.modseq);
    return created;
  }

  /**
   * Deletes a mailbox and its messages; see deleteMailbox.
   *
   * @param name if it has another name by then, it stays
   * @returns the modseq of the deletion
   * @throws {StorageError} 'nonexistent', 'unavailable', 'outcome-unknown'
   */
  async delete(account: AccountId, mailbox: MailboxId, name: string | null = null): Promise<ModSeq> {
    for (;;) {
      const { modseq, isDone } = await this.#writer.transact(account, async (tx) => {
        const deleted = await deleteMailbox(tx, account, mailbox, name);
        if (deleted.isDone) {
          await removeAnnotations(tx, account, mailbox);
          await removeRights(tx, account, mailbox);
        }
        return deleted;
      });
      this.#feed.committed(account, modseq);
      if (isDone) return modseq;
    }
  }

  /**
   * See renameMailbox, and renameInbox for INBOX. Rejects becomes a mailbox like others, whose messages count.
   *
   * @returns the modseq of the last transaction
   * @throws {StorageError} 'nonexistent', 'exists', 'name-refused', 'over-quota', 'too-many-names', 'too-many-annotations',
   *   'unavailable', 'outcome-unknown'
   */
  async rename(account: AccountId, from: string, to: string): Promise<ModSeq> {
    if (from === 'INBOX') return await this.#renameInbox(account, to);
    const modseq = await this.#writer.transact(account, async (tx) => {
      const renamed = await renameMailbox(tx, account, from, to);
      await inheritRights(tx, account, to, renamed); // to superiors that were missing: the mailbox itself keeps its own
      await makeOrdinary(tx, account, to);
      return renamed;
    });
    this.#feed.committed(account, modseq);
    return modseq;
  }

  async #renameInbox(account: AccountId, to: string): Promise<ModSeq> {
    const begun = await this.#writer.transact(account, async (tx) => {
      const renamed = await renameInbox(tx, account, to);
      await copyAnnotations(tx, account, renamed.inbox, renamed.mailbox, renamed.modseq);
      return renamed;
    });
    this.#feed.committed(account, begun.modseq);
    let last = begun.modseq;
    for (let { isDone } = begun; !isDone; ) {
      const part = await this.#writer.transact(account, (sql) => continueInboxRename(sql, account, begun));
      if (part.modseq !== null) this.#feed.committed(account, part.modseq);
      last = part.modseq ?? last;
      isDone = part.isDone;
    }
    return last;
  }

  /**
   * @returns null if it was subscribed already
   * @throws {StorageError} 'too-many-names', 'unavailable', 'outcome-unknown'
   */
  async subscribe(account: AccountId, name: string): Promise<ModSeq | null> {
    const modseq = await this.#writer.transact(account, (sql) => subscribe(sql, account, name));
    if (modseq !== null) this.#feed.committed(account, modseq);
    return modseq;
  }

  /**
   * @returns null if it was not subscribed
   * @throws {StorageError} 'unavailable', 'outcome-unknown'
   */
  async unsubscribe(account: AccountId, name: string): Promise<ModSeq | null> {
    const modseq = await this.#writer.transact(account, (sql) => unsubscribe(sql, account, name));
    if (modseq !== null) this.#feed.committed(account, modseq);
    return modseq;
  }

  /** See listMailboxes. @throws {StorageError} 'unavailable' */
  async list(account: AccountId, under: string | null = null): Promise<readonly Mailbox[]> {
    return asStorageErrors(() => listMailboxes(this.#database.sql, account, under));
  }

  /** See listNames. @throws {StorageError} 'unavailable' */
  async listNames(account: AccountId, under: string | null): Promise<readonly MailboxName[]> {
    return asStorageErrors(() => listNames(this.#database.sql, account, under));
  }

  /** See listSubscriptions. @throws {StorageError} 'unavailable' */
  async listSubscriptions(account: AccountId): Promise<readonly string[]> {
    return asStorageErrors(() => listSubscriptions(this.#database.sql, account));
  }

  /** @throws {StorageError} 'unavailable' */
  async find(account: AccountId, name: string): Promise<FoundMailbox | null> {
    return asStorageErrors(() => findMailbox(this.#database.sql, account, name));
  }

  /** See findSpecialUse. @throws {StorageError} 'unavailable' */
  async findSpecialUse(accounts: readonly AccountId[], use: string): Promise<ReadonlyMap<AccountId, MailboxId>> {
    return asStorageErrors(() => findSpecialUse(this.#database.sql, accounts, use));
  }
}
