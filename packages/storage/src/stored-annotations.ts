import type { AccountWriter } from './account-writer.ts';
import {
  type Annotated,
  type Annotation,
  type AnnotationEdit,
  type AnnotationQuery,
  changedAnnotations,
  readAnnotations,
  setAnnotations,
} from './annotations.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { Database } from './database.ts';
import { asStorageErrors } from './errors.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';
import type { StoreParts } from './store-parts.ts';

/** Metadata of mailboxes and of the server (RFC 5464), as one process changes it. */
export class StoredAnnotations {
  readonly #database: Database;
  readonly #feed: ChangeFeed;
  readonly #writer: AccountWriter;

  constructor({ database, feed, writer }: Pick<StoreParts, 'database' | 'feed' | 'writer'>) {
    this.#database = database;
    this.#feed = feed;
    this.#writer = writer;
  }

  /**
   * Sets metadata of a mailbox or of the server, all entries or none: what is private is kept by who sets it, all else by the
   * owner. With a mailbox of somebody else that may be two accounts, each with a modseq of its own.
   *
   * @returns the modseq of the account that sets it; null if nothing changed there
   * @throws {StorageError} 'nonexistent', 'use-taken', 'too-many-annotations', 'unavailable', 'outcome-unknown'
   */
  async set(account: AccountId, about: Annotated, edit: AnnotationEdit): Promise<ModSeq | null> {
    const { owner } = about;
    const { specialUse } = edit;
    const parts = [
      { keeper: account, entries: owner === account ? new Map([...edit.private, ...edit.shared]) : edit.private },
      { keeper: owner, entries: owner === account ? new Map() : edit.shared },
    ].filter(({ entries }, part) => entries.size > 0 || (part === 0 && specialUse !== null));
    const keepers = parts.map(({ keeper }) => keeper).sort((a, b) => a - b);
    const done = await this.#writer.transactAll(keepers, async (tx) => {
      const modseqs = new Map<AccountId, ModSeq | null>();
      for (const keeper of keepers) {
        const entries = parts.find((part) => part.keeper === keeper)?.entries ?? new Map();
        modseqs.set(keeper, await setAnnotations(tx, keeper, about, entries, specialUse));
      }
      return modseqs;
    });
    for (const [keeper, modseq] of done) if (modseq !== null) this.#feed.committed(keeper, modseq);
    return done.get(account) ?? null;
  }

  /** See readAnnotations. @throws {StorageError} 'unavailable' */
  async read(
    reader: AccountId,
    owner: AccountId,
    mailboxes: readonly MailboxId[] | null,
    query: AnnotationQuery,
  ): Promise<ReadonlyMap<MailboxId | null, readonly Annotation[]>> {
    return asStorageErrors(() => readAnnotations(this.#database.sql, reader, owner, mailboxes, query));
  }

  /** See changedAnnotations. @throws {StorageError} 'unavailable' */
  async changed(account: AccountId, since: number): ReturnType<typeof changedAnnotations> {
    return asStorageErrors(() => changedAnnotations(this.#database.sql, account, since));
  }
}
