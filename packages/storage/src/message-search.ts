import { AccountTurns } from './account-turns.ts';
import { ColumnReader, type SortColumn } from './column-reader.ts';
import type { Sql } from './database.ts';
import { asStorageErrors } from './errors.ts';
import { type FuzzyCriterion, type ScoredMessages, scoreMessages } from './fuzzy-search.ts';
import type { AccountId, MailboxId } from './ids.ts';
import type { ThreadLinks } from './message-columns.ts';
import { MissingSummaries, type SummaryProgress } from './missing-summaries.ts';
import { type FillOptions, MissingTexts } from './missing-texts.ts';
import {
  asksForText,
  type InTurn,
  type SearchCriterion,
  type SliceOptions,
  searchMessages,
} from './search-messages.ts';
import type { SharedMailbox } from './shared-mailbox.ts';
import type { StoreParts } from './store-parts.ts';
import { TextIndex } from './text-index.ts';
import { type IndexingOptions, TextIndexer } from './text-indexer.ts';

/** What finds and sorts messages, and what that takes: texts, summaries and the index. */
export class MessageSearch {
  readonly #sql: Sql;
  readonly #missingTexts: MissingTexts;
  readonly #missingSummaries: MissingSummaries;
  readonly #textIndex: TextIndex;
  readonly #textIndexer: TextIndexer;
  readonly #columns: ColumnReader;
  readonly #searches = new AccountTurns();

  constructor({ database, blobs, onError }: Pick<StoreParts, 'database' | 'blobs' | 'onError'>) {
    const { sql } = database;
    this.#sql = sql;
    this.#missingTexts = new MissingTexts(sql, blobs, onError);
    this.#missingSummaries = new MissingSummaries(sql, blobs, onError);
    this.#textIndex = new TextIndex(sql);
    this.#textIndexer = new TextIndexer(sql, this.#missingTexts);
    this.#columns = new ColumnReader(sql);
  }

  /** See MissingTexts: afterwards these messages have previews. @throws {StorageError} 'unavailable' */
  fillTexts(account: AccountId, mailbox: MailboxId, uids: Uint32Array, options: FillOptions): Promise<void> {
    return this.#searches.run(account, () => this.#missingTexts.fill(account, mailbox, uids, options));
  }

  /**
   * See searchMessages, and TextIndex. What it looks in is filled in first, where a Postel that knew of no search left it out. Searches of one
   * account take turns, by the statement.
   */
  async find(
    account: AccountId,
    mailbox: MailboxId,
    uids: Uint32Array,
    criterion: SearchCriterion,
    options: FillOptions & { onSearched?(messages: number): void },
  ): Promise<Uint32Array> {
    const inTurn: InTurn = (work) => this.#searches.run(account, work);
    if (asksForText(criterion)) await inTurn(() => this.#missingTexts.fill(account, mailbox, uids, options));
    const { candidates, onSearched } = await this.#narrow(account, mailbox, uids, criterion, options);
    return searchMessages(this.#sql, account, mailbox, candidates, criterion, options.signal, inTurn, onSearched);
  }

  /** See scoreMessages; as `find` otherwise. */
  async score(
    account: AccountId,
    mailbox: MailboxId,
    uids: Uint32Array,
    criterion: FuzzyCriterion,
    options: FillOptions & Pick<SliceOptions, 'onSearched'>,
  ): Promise<ScoredMessages> {
    const inTurn: InTurn = (work) => this.#searches.run(account, work);
    await inTurn(() => this.#missingTexts.fill(account, mailbox, uids, options));
    const { candidates, onSearched } = await this.#narrow(account, mailbox, uids, criterion, options);
    return scoreMessages(this.#sql, account, mailbox, candidates, criterion, {
      signal: options.signal,
      inTurn,
      onSearched,
    });
  }

  /**
   * See ColumnReader. What is missing of messages stored by a Postel that did not sort is filled in first.
   *
   * @param uids ascending
   */
  async sortValues(
    mailbox: SharedMailbox,
    uids: Uint32Array,
    column: SortColumn,
    options: FillOptions,
  ): Promise<ArrayLike<number>> {
    const inTurn = await this.#columnTurns(mailbox, options);
    return this.#columns.sortValues(mailbox, uids, column, { signal: options.signal, inTurn });
  }

  /** See ColumnReader, and `sortValues`. */
  async threadLinks(mailbox: SharedMailbox, uids: Uint32Array, options: FillOptions): Promise<ThreadLinks> {
    const inTurn = await this.#columnTurns(mailbox, options);
    return this.#columns.threadLinks(mailbox, uids, { signal: options.signal, inTurn });
  }

  /** See TextIndexer.prune. */
  pruneTextIndex(account: AccountId, signal: AbortSignal): Promise<number> {
    return this.#textIndexer.prune(account, signal);
  }

  /** See TextIndexer. */
  indexTexts(options: IndexingOptions): Promise<void> {
    return this.#textIndexer.index(options);
  }

  /** Messages whose subject, addresses or thread are to be filled in. @throws {StorageError} 'unavailable' */
  async countMissingSummaries(): Promise<number> {
    return asStorageErrors(() => this.#missingSummaries.count());
  }

  /** See MissingSummaries.fill. */
  async fillMissingSummaries(progress: SummaryProgress): Promise<void> {
    await this.#missingSummaries.fill(progress);
  }

  async #columnTurns({ account }: SharedMailbox, options: FillOptions): Promise<InTurn> {
    const inTurn: InTurn = (work) => this.#searches.run(account, work);
    await inTurn(() => this.#missingSummaries.fillSummariesOf(account, options));
    return inTurn;
  }

  /** Those of the messages that the index leaves to be looked at; the others count as searched. */
  async #narrow(
    account: AccountId,
    mailbox: MailboxId,
    uids: Uint32Array,
    criterion: SearchCriterion | FuzzyCriterion,
    { signal, onSearched }: FillOptions & Partial<SliceOptions>,
  ) {
    const inTurn: InTurn = (work) => this.#searches.run(account, work);
    const candidates = await asStorageErrors(() =>
      this.#textIndex.narrow(account, mailbox, uids, criterion, signal, inTurn),
    );
    const others = uids.length - candidates.length;
    return { candidates, onSearched: (messages: number) => onSearched?.(others + messages) };
  }
}
