import type { Quota } from '@postel/quota';
import { type AccountChanges, accountChanges } from './account-changes.ts';
import { AccountWriter } from './account-writer.ts';
import { accountModSeqs } from './accounts.ts';
import { Arrivals } from './arrivals.ts';
import type { BlobStore } from './blob-store.ts';
import { ChangeFeed, type FeedListener } from './change-feed.ts';
import { CHANGE_AT_ONCE, changeFlags, type FlagsChanged, joinFlagsChanged } from './change-flags.ts';
import {
  CARRY_AT_ONCE,
  type Carried,
  type Copied,
  CopiedBlobs,
  type CopyRequest,
  type CopyTarget,
  carryMessages,
  copyMessages,
  MOVE_AT_ONCE,
} from './copy-messages.ts';
import type { Database } from './database.ts';
import type { DiskReserve } from './disk-reserve.ts';
import { asStorageErrors, StorageError, translateDatabaseError, translateFileError } from './errors.ts';
import { EXPUNGE_AMONG, EXPUNGE_AT_ONCE, expungeMessages } from './expunge.ts';
import { type FetchColumns, type FetchedMessage, fetchMessages, fetchPresentMessages } from './fetch-messages.ts';
import { type FlagEdit, requireFewKeywords } from './flags.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';
import { MessageSearch } from './message-search.ts';
import { NewestModSeqs } from './newest-modseqs.ts';
import { OpenMailboxes, tellUnlessUnavailable } from './open-mailboxes.ts';
import type { OwnChange } from './own-change.ts';
import { type Pruned, type PruneOptions, prune } from './prune.ts';
import { pruneThreads } from './prune-threads.ts';
import { readQuota } from './quota.ts';
import { readBlob, type StoredBlob } from './read-blob.ts';
import { removedSince } from './removed-since.ts';
import type { MailboxWatcher, SharedMailbox } from './shared-mailbox.ts';
import { Sharing } from './sharing.ts';
import { StoredAnnotations } from './stored-annotations.ts';
import { StoredMailboxes } from './stored-mailboxes.ts';
import { countUids, rangesFrom, slicesOf, type UidRanges } from './uid-ranges.ts';
import { UrlKeys } from './url-keys.ts';

export interface StoreOptions {
  /** The store closes it. */
  readonly blobs: BlobStore;
  /** Room on the disk that new mail must leave. */
  readonly reserve?: DiskReserve;
  /** Errors that no caller waits for: of the change feed, and of mailboxes that it could not bring up to date. */
  onError(error: unknown): void;
}

/** The mail of all accounts, as one process uses it. */
export class Store {
  readonly arrivals: Arrivals;
  readonly mailboxes: StoredMailboxes;
  readonly sharing: Sharing;
  readonly annotations: StoredAnnotations;
  readonly urlKeys: UrlKeys;
  readonly search: MessageSearch;
  readonly #database: Database;
  readonly #reserve: DiskReserve | null;
  readonly #blobs: BlobStore;
  readonly #feed: ChangeFeed;
  readonly #writer: AccountWriter;
  readonly #newest: NewestModSeqs;
  readonly #open: OpenMailboxes;
  readonly #onError: (error: unknown) => void;

  constructor(database: Database, options: StoreOptions) {
    const { blobs, reserve = null, onError } = options;
    this.#database = database;
    this.#reserve = reserve;
    this.#blobs = blobs;
    this.#feed = new ChangeFeed(database, options);
    this.#writer = new AccountWriter(database.sql);
    this.#newest = new NewestModSeqs((accounts) => accountModSeqs(database.sql, accounts));
    this.#open = new OpenMailboxes(database, this.#feed, this.#newest, onError);
    this.#onError = onError;
    const parts = { database, blobs, reserve, feed: this.#feed, writer: this.#writer, onError };
    this.arrivals = new Arrivals(parts);
    this.mailboxes = new StoredMailboxes(parts);
    this.sharing = new Sharing(parts);
    this.annotations = new StoredAnnotations(parts);
    this.urlKeys = new UrlKeys(database.sql);
    this.search = new MessageSearch(parts);
  }

  /** Begins to hear of changes that other processes make. */
  async start(): Promise<void> {
    await this.#feed.start();
    void this.#writer.forgetOldWriters().catch((error) => tellUnlessUnavailable(error, this.#onError));
  }

  async close(): Promise<void> {
    this.#reserve?.close();
    await this.#feed.close();
    this.#blobs.close();
  }

  /**
   * Edits flags, of more than 10,000 messages in several transactions, each under a modseq of its own.
   *
   * @throws {StorageError} 'nonexistent', 'too-many-keywords', 'unavailable', 'outcome-unknown'
   */
  async changeFlags(
    account: AccountId,
    mailbox: MailboxId,
    uids: UidRanges,
    edit: FlagEdit,
    unchangedSince: ModSeq | null,
  ): Promise<FlagsChanged> {
    if (edit.mode !== 'remove') requireFewKeywords(edit);
    const done: FlagsChanged[] = [];
    for (const slice of slicesOf(uids, CHANGE_AT_ONCE)) {
      for (let from: number | null = 0; from !== null; ) {
        const rest = rangesFrom(slice, from);
        // The second time its own change would be one that the condition forbids.
        const size = { messages: countUids(rest), isRepeatable: unchangedSince === null };
        let tries = 0;
        const part = await this.#writer.change(account, size, (sql) => {
          tries++;
          return changeFlags(sql, account, mailbox, rest, edit, unchangedSince);
        });
        if (part.modseq !== null) {
          const own = { type: 'flags', changed: part.changed, edit } as const;
          this.#feed.committed(account, part.modseq, new Map([[mailbox, own]]));
        } else if (tries > 1) await this.#tellUnnamed(account);
        done.push(part);
        from = part.nextUid;
      }
    }
    return joinFlagsChanged(done);
  }

  /** Tells of a change whose answer was lost: it is done, and nobody knows under which modseq. */
  async #tellUnnamed(account: AccountId): Promise<void> {
    const news = await this.#newest.of(account).catch(() => null); // then the feed's next look finds it
    if (news !== null && !news.isRewound) this.#feed.committed(account, news.modseq);
  }

  /**
   * Removes the messages with \Deleted among `uids`, in as many transactions as their number asks for.
   *
   * @returns the modseq of the last one, null if nothing was removed
   */
  async expunge(account: AccountId, mailbox: MailboxId, uids: UidRanges): Promise<ModSeq | null> {
    let last: ModSeq | null = null;
    for (const slice of slicesOf(uids, EXPUNGE_AMONG)) {
      for (let rest = slice; rest.length > 0; ) {
        const size = { messages: countUids(rest), isRepeatable: false };
        const { modseq, removed } = await this.#writer.change(account, size, (sql) =>
          expungeMessages(sql, account, mailbox, rest),
        );
        if (modseq !== null) this.#feed.committed(account, modseq, new Map([[mailbox, { type: 'removed', removed }]]));
        last = modseq ?? last;
        if (countUids(removed) < EXPUNGE_AT_ONCE) break;
        rest = rangesFrom(rest, (removed.at(-1)?.last ?? 0) + 1);
      }
    }
    return last;
  }

  /**
   * Copies messages to a mailbox of the account, or to the one in which they are, or to one of another account, in one transaction.
   *
   * @param to a mailbox of the account, by its id, or any
   * @param which 'whole': all of them, or none; 'present': those that are there
   * @returns null if not all are there: nothing was copied
   * @throws {StorageError} 'nonexistent' (the target), 'over-quota', 'too-many-keywords', 'uid-exhausted', 'unavailable',
   *   'outcome-unknown'
   */
  async copy(
    account: AccountId,
    source: MailboxId,
    uids: UidRanges,
    to: MailboxId | CopyTarget,
    which: 'whole' | 'present',
  ): Promise<Copied | null> {
    const target = targetOf(account, to);
    if (this.#reserve !== null) await this.#reserve.require(0);
    if (isElsewhere(account, target)) return await this.#carry(account, { source, uids, target, what: which });
    const size = { messages: countUids(uids), isRepeatable: false };
    const copied = await this.#writer.change(account, size, (sql) =>
      copyMessages(sql, account, { source, uids, target: target.id, what: which }),
    );
    if (copied !== null && copied.modseq !== null)
      this.#feed.committed(account, copied.modseq, new Map([[target.id, { type: 'other' }]]));
    return copied;
  }

  /**
   * Moves those of the messages that are there to a mailbox of the account, or of another one, in as many transactions as their number asks
   * for: each gives its part when it is committed, so that the caller knows what was moved if a later one fails.
   *
   * @param to as in `copy`
   * @param uids if the target is the source, none above its last message: a move would take up what it has put there itself
   * @throws {StorageError} as `copy`; 'over-quota' only if it is another account's
   */
  async *move(
    account: AccountId,
    source: MailboxId,
    uids: UidRanges,
    to: MailboxId | CopyTarget,
  ): AsyncGenerator<Copied, void> {
    const target = targetOf(account, to);
    const isFar = isElsewhere(account, target);
    const atOnce = isFar ? CARRY_AT_ONCE : MOVE_AT_ONCE;
    for (const slice of slicesOf(uids, atOnce)) {
      for (let rest = slice; rest.length > 0; ) {
        const part = isFar
          ? await this.#carry(account, { source, uids: rest, target, what: 'move' })
          : await this.#moveHere(account, { source, uids: rest, target: target.id, what: 'move' });
        if (part === null) throw new Error('a move takes what is there');
        yield part;
        if (countUids(part.source) < atOnce) break;
        rest = rangesFrom(rest, (part.source.at(-1)?.last ?? 0) + 1);
      }
    }
  }

  async #moveHere(account: AccountId, request: CopyRequest): Promise<Copied | null> {
    const size = { messages: countUids(request.uids), isRepeatable: false };
    const part = await this.#writer.change(account, size, (sql) => copyMessages(sql, account, request));
    if (part !== null && part.modseq !== null) {
      // Into the mailbox where they were they are both removed and new: then `other` it is.
      const changes = new Map<MailboxId, OwnChange>([[request.source, { type: 'removed', removed: part.source }]]);
      this.#feed.committed(account, part.modseq, changes.set(request.target, { type: 'other' }));
    }
    return part;
  }

  async #carry(account: AccountId, request: Parameters<typeof carryMessages>[2]): Promise<Carried | null> {
    const { target } = request;
    const accounts = [...new Set([account, target.account])].sort((a, b) => a - b);
    const blobs = await this.#copyBlobs(account, request);
    try {
      const carried = await this.#writer.transactAll(accounts, (tx) => carryMessages(tx, account, request, blobs));
      if (carried?.modseq != null) this.#feed.committed(target.account, carried.modseq);
      if (carried?.sourceModSeq != null) this.#feed.committed(account, carried.sourceModSeq);
      return carried;
    } catch (error) {
      const isCertain = error instanceof StorageError && error.kind !== 'outcome-unknown';
      if (!isCertain) blobs.keepAll();
      throw error;
    } finally {
      await blobs.discard();
    }
  }

  async #copyBlobs(account: AccountId, { source, uids }: Pick<CopyRequest, 'source' | 'uids'>): Promise<CopiedBlobs> {
    try {
      return await CopiedBlobs.of(this.#blobs, this.#database.sql, account, source, uids);
    } catch (error) {
      throw translateFileError(translateDatabaseError(error));
    }
  }

  /** See fetchMessages. */
  fetchMessages(
    account: AccountId,
    mailbox: MailboxId,
    uids: ArrayLike<number>,
    columns: FetchColumns,
  ): Promise<readonly FetchedMessage[]> {
    return fetchMessages(this.#database.sql, account, mailbox, uids, columns);
  }

  /** See fetchPresentMessages. */
  fetchPresentMessages(
    account: AccountId,
    mailbox: MailboxId,
    uids: ArrayLike<number>,
    columns: FetchColumns,
  ): Promise<readonly FetchedMessage[]> {
    return fetchPresentMessages(this.#database.sql, account, mailbox, uids, columns);
  }

  /** Octets of a message's content that is in a blob; see readBlob. */
  readBlob(blob: StoredBlob, start: number, end: number): AsyncGenerator<Buffer> {
    return readBlob(this.#blobs, blob, start, end);
  }

  /** See accountChanges. @throws {StorageError} 'unavailable' */
  async accountChanges(account: AccountId, since: number): Promise<AccountChanges> {
    return asStorageErrors(() => accountChanges(this.#database.sql, account, since));
  }

  /**
   * As removedSince, for a mailbox that is open: what it remembers is not asked for.
   *
   * @throws {StorageError} 'unavailable'
   */
  async removedSince(mailbox: SharedMailbox, since: number): Promise<UidRanges | null> {
    return mailbox.removedSince(since) ?? (await removedSince(this.#database.sql, mailbox.account, mailbox.id, since));
  }

  /** See readQuota. @throws {StorageError} 'nonexistent', 'unavailable' */
  async readQuota(account: AccountId): Promise<Quota> {
    return asStorageErrors(() => readQuota(this.#database.sql, account));
  }

  /**
   * Removes what is kept of changes, removed messages and mailboxes, and nobody needs for long; see PruneOptions. Each slice is
   * a transaction of its own.
   *
   * @throws {StorageError} 'unavailable', 'outcome-unknown'; the signal's reason, if it was aborted
   */
  prune(account: AccountId, options: PruneOptions): Promise<Pruned> {
    return prune((slice) => this.#writer.inTurn(account, () => slice(this.#database.sql)), account, options);
  }

  /** See pruneThreads. @throws {StorageError} 'unavailable' */
  async pruneThreads(account: AccountId): Promise<number> {
    return asStorageErrors(() => pruneThreads(this.#database.sql, account));
  }

  /** See OpenMailboxes.open. */
  openMailbox(
    account: AccountId,
    id: MailboxId,
    watcher: MailboxWatcher,
    readSeq: ModSeq | null = null,
  ): Promise<SharedMailbox> {
    return this.#open.open(account, id, watcher, readSeq);
  }

  /** See OpenMailboxes.refresh. */
  refreshMailbox(mailbox: SharedMailbox): Promise<void> {
    return this.#open.refresh(mailbox);
  }

  closeMailbox(mailbox: SharedMailbox, watcher: MailboxWatcher): void {
    this.#open.close(mailbox, watcher);
  }

  /** Tells of changes to an account, whatever they are, until the function returned is called; see FeedListener. */
  watchAccount(account: AccountId, listener: FeedListener): () => void {
    return this.#feed.watch(account, listener);
  }

  /** The newest modseq of a watched account that this process has heard of. */
  newestModSeq(account: AccountId): number {
    return this.#feed.newest(account);
  }
}

const targetOf = (account: AccountId, to: MailboxId | CopyTarget): CopyTarget =>
  typeof to === 'number' ? { account, id: to } : to;

/** Whether what is copied there is made anew: in another account, or where not all may come along that was here. */
const isElsewhere = (account: AccountId, target: CopyTarget) =>
  target.account !== account || target.flags !== undefined;
