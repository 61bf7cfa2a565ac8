import type { Quota } from '@postel/quota';
import { type AccountChanges, accountChanges } from './account-changes.ts';
import { AccountTurns } from './account-turns.ts';
import { AccountWriter } from './account-writer.ts';
import { accountModSeqs } from './accounts.ts';
import {
  findSharedMailbox,
  findSharers,
  findSuperior,
  type Grantee,
  inheritRights,
  listSharedMailboxes,
  type RightsEdit,
  type RightsEntry,
  readRights,
  readRightsOf,
  removeRights,
  rightsBelow,
  type SharedWith,
  type Sharer,
  setRights,
} from './acls.ts';
import {
  type Annotated,
  type Annotation,
  type AnnotationEdit,
  type AnnotationQuery,
  changedAnnotations,
  copyAnnotations,
  readAnnotations,
  removeAnnotations,
  setAnnotations,
} from './annotations.ts';
import { type Appended, appendInTransaction, type NewMessage } from './append.ts';
import type { BlobStore } from './blob-store.ts';
import { ChangeFeed, type FeedListener } from './change-feed.ts';
import { CHANGE_AT_ONCE, changeFlags, type FlagsChanged, joinFlagsChanged } from './change-flags.ts';
import { ColumnReader, type SortColumn } from './column-reader.ts';
import { type Content, ContentWriter } from './content-writer.ts';
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
import type { Database, Transaction } from './database.ts';
import { deliverWaiting, type WaitingDone } from './deliver-waiting.ts';
import type { Delivering } from './delivering.ts';
import type { DiskReserve } from './disk-reserve.ts';
import { StorageError, translateDatabaseError, translateFileError } from './errors.ts';
import type { ExpiredDone } from './expired-deliveries.ts';
import { EXPUNGE_AMONG, EXPUNGE_AT_ONCE, expungeMessages, removeMessage } from './expunge.ts';
import { type FetchColumns, type FetchedMessage, fetchMessages, fetchPresentMessages } from './fetch-messages.ts';
import { type FlagEdit, type Flags, KEYWORDS_A_MESSAGE } from './flags.ts';
import { type FuzzyCriterion, type ScoredMessages, scoreMessages } from './fuzzy-search.ts';
import { type GiveUpOptions, giveUpWaiting } from './give-up-waiting.ts';
import {
  type HeldDone,
  type HeldMessage,
  type HeldUse,
  holdMessage,
  type ReleaseOptions,
  readHeldUse,
  releaseHeld,
} from './held-messages.ts';
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
import type { ThreadLinks } from './message-columns.ts';
import { MissingSummaries, type SummaryProgress } from './missing-summaries.ts';
import { type FillOptions, MissingTexts } from './missing-texts.ts';
import { NewestModSeqs } from './newest-modseqs.ts';
import { OpenMailboxes, tellUnlessUnavailable } from './open-mailboxes.ts';
import type { OwnChange } from './own-change.ts';
import { type Pruned, type PruneOptions, prune } from './prune.ts';
import { pruneThreads } from './prune-threads.ts';
import { readQuota } from './quota.ts';
import { readBlob, type StoredBlob } from './read-blob.ts';
import {
  accountsToClean,
  type CleanedRejects,
  cleanRejects,
  keepReject,
  makeOrdinary,
  wasRejected,
} from './rejects.ts';
import { removedSince } from './removed-since.ts';
import type { Rights } from './rights.ts';
import {
  asksForText,
  type InTurn,
  type SearchCriterion,
  type SliceOptions,
  searchMessages,
} from './search-messages.ts';
import type { MailboxWatcher, SharedMailbox } from './shared-mailbox.ts';
import { findSpecialUse } from './special-use.ts';
import { TextIndex } from './text-index.ts';
import { type IndexingOptions, TextIndexer } from './text-indexer.ts';
import { countUids, rangesFrom, slicesOf, type UidRanges } from './uid-ranges.ts';
import { ensureUrlKey, findUrlKey, removeUrlKeys, resetUrlKey } from './url-keys.ts';
import { type Delivery, keepWaiting, type WaitingDelivery, type WaitingUse, waitingUse } from './waiting-deliveries.ts';

export interface StoreOptions {
  /** The store closes it. */
  readonly blobs: BlobStore;
  /** Room on the disk that new mail must leave. */
  readonly reserve?: DiskReserve;
  /** Errors that no caller waits for: of the change feed, and of mailboxes that it could not bring up to date. */
  onError(error: unknown): void;
}

/** What is to be appended to an account. */
interface ContentFor {
  readonly account: AccountId;
  readonly content: Content;
}

interface AppendedTo extends ContentFor {
  readonly appended: Appended;
}

/** A message that another one is to take the place of. */
export interface Replaced {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  readonly uid: number;
}

const NO_FLAGS = { system: 0, keywords: [] };
/** Accounts that one message is written to at the same time; each holds its own copy of the octets meanwhile. */
const DELIVERIES_AT_ONCE = 8;

/** The mail of all accounts, as one process uses it. */
export class Store {
  readonly #database: Database;
  readonly #reserve: DiskReserve | null;
  readonly #blobs: BlobStore;
  readonly #feed: ChangeFeed;
  readonly #writer: AccountWriter;
  readonly #missingTexts: MissingTexts;
  readonly #missingSummaries: MissingSummaries;
  readonly #textIndex: TextIndex;
  readonly #textIndexer: TextIndexer;
  readonly #searches = new AccountTurns();
  readonly #columns: ColumnReader;
  readonly #newest: NewestModSeqs;
  readonly #mailboxes: OpenMailboxes;
  readonly #onError: (error: unknown) => void;

  constructor(database: Database, options: StoreOptions) {
    this.#database = database;
    this.#reserve = options.reserve ?? null;
    this.#blobs = options.blobs;
    this.#feed = new ChangeFeed(database, options);
    this.#writer = new AccountWriter(database.sql);
    this.#missingTexts = new MissingTexts(database.sql, this.#blobs, options.onError);
    this.#textIndex = new TextIndex(database.sql);
    this.#textIndexer = new TextIndexer(database.sql, this.#missingTexts);
    this.#missingSummaries = new MissingSummaries(database.sql, this.#blobs, options.onError);
    this.#columns = new ColumnReader(database.sql);
    this.#newest = new NewestModSeqs((accounts) => accountModSeqs(database.sql, accounts));
    this.#mailboxes = new OpenMailboxes(database, this.#feed, this.#newest, options.onError);
    this.#onError = options.onError;
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
   * Whether there is room on the disk for new mail of that size; to be asked before its octets are taken. `append`,
   * `deliver` and `createMailbox` ask again.
   *
   * @throws {StorageError} 'disk-full'
   */
  async requireDiskRoom(sizeOctets: number): Promise<void> {
    await this.#reserve?.require(sizeOctets);
  }

  /** Takes the octets of a message to come; see ContentWriter. */
  receive(limitOctets: number, inlineOctets?: number): ContentWriter {
    return new ContentWriter(this.#blobs, limitOctets, inlineOctets);
  }

  /**
   * Appends one message. When the promise resolves it is durable, and everybody who watches the account hears of it.
   *
   * @throws {StorageError} 'nonexistent', 'over-quota', 'too-many-keywords', 'uid-exhausted', 'disk-full', 'unavailable',
   *   'outcome-unknown'
   */
  async append(account: AccountId, message: NewMessage): Promise<Appended> {
    requireFewKeywords(message.flags);
    const { content } = message;
    const [done] = await this.#keepingBlobs([{ account, content }], async () => {
      const appended = await this.#writer.append(account, message);
      return [{ account, content, appended }];
    });
    if (done === undefined) throw new Error('the message has no answer');
    return done.appended;
  }

  /**
   * Appends messages, all of them or none, in one transaction and in this order.
   *
   * @returns for each in turn
   * @throws {StorageError} as `append`: the failure of the first that fails
   */
  async appendAll(account: AccountId, messages: readonly NewMessage[]): Promise<readonly Appended[]> {
    for (const { flags } of messages) requireFewKeywords(flags);
    const done = await this.#keepingBlobs(
      messages.map(({ content }) => ({ account, content })),
      () => this.#writer.transact(account, (tx) => appendTo(tx, account, messages)),
    );
    return done.map(({ appended }) => appended);
  }

  /**
   * Removes a message and appends another, in one transaction, so that a quota has to have room only for what it is larger.
   *
   * @returns null if there is no such message (any more): nothing was appended
   * @throws {StorageError} as `append`; 'nonexistent' if either mailbox was deleted
   */
  async replace(replaced: Replaced, account: AccountId, message: NewMessage): Promise<Appended | null> {
    requireFewKeywords(message.flags);
    const accounts = [...new Set([replaced.account, account])].sort((a, b) => a - b);
    let removal: ModSeq | null = null;
    const [done] = await this.#keepingBlobs([{ account, content: message.content }], () =>
      this.#inTurnOf(accounts, async (tx) => {
        if (accounts.length > 1) await takeAccounts(tx, accounts);
        removal = await removeMessage(tx, replaced.account, replaced.mailbox, replaced.uid);
        return removal === null ? [] : await appendTo(tx, account, [message]);
      }),
    );
    if (done === undefined || removal === null) return null;
    this.#feed.committed(replaced.account, removal);
    return done.appended;
  }

  /**
   * Delivers one message to a mailbox of each account, to each in a transaction of its own.
   *
   * @returns what became of each delivery, in their order; a failure is that of `append`
   */
  async deliverToEach(
    content: Content,
    deliveries: readonly Delivery[],
  ): Promise<readonly PromiseSettledResult<Appended>[]> {
    const internalDate = Date.now();
    const outcomes: PromiseSettledResult<Appended>[] = [];
    for (let at = 0; at < deliveries.length; at += DELIVERIES_AT_ONCE) {
      const some = deliveries.slice(at, at + DELIVERIES_AT_ONCE);
      outcomes.push(
        ...(await Promise.allSettled(some.map((delivery) => this.#appendDelivery(content, delivery, internalDate)))),
      );
    }
    return outcomes;
  }

  /**
   * Keeps a copy of a message that is not delivered in the mailbox Rejects of each account, wherever it would have gone: one of each
   * content; see rejects.ts. Where storing fails altogether the accounts that are left are not tried: nobody should wait for that.
   *
   * @returns of each delivery that was tried, in their order, whether a copy was kept now: `false` if there was one before. A failure
   *   is that of `append`, or 'too-large', or 'over-quota' and 'too-many-names' (of mailboxes)
   */
  async keepRejects(
    content: Content,
    deliveries: readonly Delivery[],
  ): Promise<readonly PromiseSettledResult<boolean>[]> {
    const internalDate = Date.now();
    const outcomes: PromiseSettledResult<boolean>[] = [];
    for (let at = 0; at < deliveries.length; at += DELIVERIES_AT_ONCE) {
      const some = deliveries.slice(at, at + DELIVERIES_AT_ONCE);
      const done = await Promise.allSettled(some.map((delivery) => this.#keepReject(content, delivery, internalDate)));
      outcomes.push(...done);
      if (done.every((outcome) => outcome.status === 'rejected' && wouldFailForOthers(outcome.reason))) break;
    }
    return outcomes;
  }

  async #keepReject(content: Content, delivery: Delivery, internalDate: number): Promise<boolean> {
    const { account } = delivery;
    if (await this.#read(() => wasRejected(this.#database.sql, account, content.hash))) return false;
    const message = delivered(content, delivery, internalDate);
    const done = await this.#keepingBlobs([{ account, content }], () =>
      this.#writer.transact(account, async (tx) => {
        const appended = await keepReject(tx, account, message);
        return appended === null ? [] : [{ account, content, appended }];
      }),
    );
    return done.length > 0;
  }

  /**
   * Removes from Rejects what was there for long, in all accounts, in slices; to be called from time to time.
   *
   * @param onError one account failed; the others are not kept from their turn
   * @throws {StorageError} 'unavailable'; the signal's reason, if it was aborted
   */
  async cleanRejects({
    signal,
    onError,
  }: {
    readonly signal: AbortSignal;
    onError(error: unknown, account: AccountId): void;
  }): Promise<CleanedRejects> {
    const sum = { messages: 0, forgotten: 0 };
    for await (const account of accountsToClean(this.#database.sql, signal)) {
      try {
        for (let isDone = false; !isDone; ) {
          signal.throwIfAborted();
          const slice = await this.#writer.transact(account, (tx) => cleanRejects(tx, account));
          if (slice.modseq !== null) this.#feed.committed(account, slice.modseq);
          sum.messages += slice.messages;
          sum.forgotten += slice.forgotten;
          isDone = slice.isDone;
        }
      } catch (error) {
        signal.throwIfAborted();
        onError(error, account);
      }
    }
    return sum;
  }

  /**
   * Delivers a message to one account, in a transaction in which something else is done first.
   *
   * @param take says whether it is to be delivered still; is asked again where that was not committed
   * @returns false where it said no
   * @throws {StorageError} as `append` does
   */
  async deliverTaking(
    content: Content,
    delivery: Delivery,
    take: (tx: Transaction) => Promise<boolean>,
  ): Promise<boolean> {
    return await this.#deliverTaking(content, delivery, Date.now(), take);
  }

  /**
   * Keeps copies of a message for accounts that cannot take them now, durably, until `deliverWaiting` delivers them.
   *
   * @throws {StorageError} 'unavailable', 'outcome-unknown', 'disk-full'; 'over-quota' as `WaitingDelivery.most` says
   */
  async keepWaiting(content: Content, waiting: readonly WaitingDelivery[]): Promise<void> {
    if (this.#reserve !== null) await this.#reserve.require(content.sizeOctets * waiting.length);
    await keepWaiting(this.#database.sql, content, waiting);
  }

  /** What waits for each of these accounts; those for which nothing does are left out. @throws {StorageError} 'unavailable' */
  async waitingUse(accounts: Iterable<AccountId>): Promise<ReadonlyMap<AccountId, WaitingUse>> {
    try {
      return await waitingUse(this.#database.sql, accounts);
    } catch (error) {
      throw translateDatabaseError(error);
    }
  }

  /** See deliverWaiting of deliver-waiting.ts. */
  async deliverWaiting(now = new Date(), signal?: AbortSignal): Promise<WaitingDone> {
    return await deliverWaiting(this.#delivering, now, signal);
  }

  /** See giveUpWaiting of give-up-waiting.ts. */
  async giveUpWaiting(options: GiveUpOptions): Promise<ExpiredDone> {
    return await giveUpWaiting(this.#delivering, options);
  }

  /**
   * Keeps a message, durably, until `releaseHeld` releases it.
   *
   * @throws {StorageError} 'over-quota' if its sender would have more held than `most`; 'nonexistent', 'unavailable',
   *   'outcome-unknown', 'disk-full'
   */
  async holdMessage(content: Content, held: HeldMessage, most: HeldUse): Promise<void> {
    if (this.#reserve !== null) await this.#reserve.require(content.sizeOctets);
    await holdMessage(this.#database.sql, content, held, most);
  }

  /** How much an account has held. @throws {StorageError} 'unavailable' */
  async heldUse(account: AccountId): Promise<HeldUse> {
    return await readHeldUse(this.#database.sql, account);
  }

  /** See releaseHeld of held-messages.ts. */
  async releaseHeld(now = new Date(), options: ReleaseOptions = {}): Promise<HeldDone> {
    return await releaseHeld(this.#delivering, now, options);
  }

  get #delivering(): Delivering {
    return {
      sql: this.#database.sql,
      receive: () => this.receive(Number.MAX_SAFE_INTEGER),
      deliver: this.#deliverTaking,
      onError: this.#onError,
    };
  }

  readonly #deliverTaking: Delivering['deliver'] = async (content, delivery, internalDate, take) => {
    const { account, mailbox } = delivery;
    const deliver = (to: MailboxId | null) =>
      this.#keepingBlobs([{ account, content }], () =>
        this.#writer.transact(account, async (tx) =>
          (await take(tx))
            ? await appendTo(tx, account, [delivered(content, { ...delivery, mailbox: to }, internalDate)])
            : [],
        ),
      );
    const done = await deliver(mailbox).catch((error: unknown) => {
      if (mailbox === null || !(error instanceof StorageError && error.kind === 'nonexistent')) throw error;
      return deliver(null);
    });
    return done.length > 0;
  };

  /** To INBOX, if its mailbox was deleted meanwhile. */
  async #appendDelivery(content: Content, delivery: Delivery, internalDate: number): Promise<Appended> {
    const { account, mailbox } = delivery;
    try {
      return await this.append(account, delivered(content, delivery, internalDate));
    } catch (error) {
      if (mailbox === null || !(error instanceof StorageError && error.kind === 'nonexistent')) throw error;
      return await this.append(account, delivered(content, { ...delivery, mailbox: null }, internalDate));
    }
  }

  /** Makes the blobs the accounts', if need be; `append` says what became of each message. */
  async #keepingBlobs<Done extends AppendedTo>(
    contents: readonly ContentFor[],
    append: () => Promise<readonly Done[]>,
  ): Promise<readonly Done[]> {
    if (this.#reserve !== null) await this.#reserve.require(0); // without one nothing comes between the call and its turn
    const inBlobs = contents.filter(({ content }) => content.blob !== null);
    if (inBlobs.length > 0) {
      try {
        for (const { account, content } of inBlobs) await content.blob?.prepareFor(account);
      } catch (error) {
        throw translateFileError(error);
      }
    }
    try {
      const done = await append();
      for (const { account, content, appended } of done) {
        if (appended.isBlobKept) content.blob?.keepFor(account);
        this.#feed.committed(account, appended.modseq, appended.together ?? undefined);
      }
      return done;
    } catch (error) {
      // A row that may have been committed may name it.
      const isCertain = error instanceof StorageError && error.kind !== 'outcome-unknown';
      if (!isCertain) for (const { account, content } of inBlobs) content.blob?.keepFor(account);
      throw error;
    }
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
      const carried = await this.#inTurnOf(accounts, (tx) => carryMessages(tx, account, request, blobs));
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
    return this.#read(() => readRights(this.#database.sql, owner, mailbox));
  }

  /** See readRightsOf. @throws {StorageError} 'unavailable' */
  async readRightsOf(reader: AccountId, owner: AccountId, mailbox: MailboxId): Promise<Rights> {
    return this.#read(() => readRightsOf(this.#database.sql, reader, owner, mailbox));
  }

  /** See rightsBelow. @throws {StorageError} 'unavailable' */
  async rightsBelow(reader: AccountId, owner: AccountId, name: string): Promise<ReadonlyMap<MailboxId, Rights>> {
    return this.#read(() => rightsBelow(this.#database.sql, reader, owner, name));
  }

  /** See findSharedMailbox. @throws {StorageError} 'unavailable' */
  async findSharedMailbox(reader: AccountId, owner: string, name: string): Promise<(FoundMailbox & SharedWith) | null> {
    return this.#read(() => findSharedMailbox(this.#database.sql, reader, owner, name));
  }

  /** See findSuperior. @throws {StorageError} 'unavailable' */
  async findSuperior(
    reader: AccountId,
    owner: string,
    names: readonly string[],
  ): Promise<{ readonly account: AccountId; readonly rights: Rights } | null> {
    return this.#read(() => findSuperior(this.#database.sql, reader, owner, names));
  }

  /** See findSharers. @throws {StorageError} 'unavailable' */
  async findSharers(readers: readonly AccountId[]): Promise<ReadonlyMap<AccountId, readonly Sharer[]>> {
    return this.#read(() => findSharers(this.#database.sql, readers));
  }

  /** See listSharedMailboxes. @throws {StorageError} 'unavailable' */
  async listSharedMailboxes(reader: AccountId): Promise<readonly (Mailbox & SharedWith)[]> {
    return this.#read(() => listSharedMailboxes(this.#database.sql, reader));
  }

  /**
   * See createMailbox.
   *
   * @throws {StorageError} 'exists', 'use-taken', 'over-quota', 'too-many-names', 'disk-full', 'unavailable', 'outcome-unknown'
   */
  async createMailbox(
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
  async deleteMailbox(account: AccountId, mailbox: MailboxId, name: string | null = null): Promise<ModSeq> {
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
  async renameMailbox(account: AccountId, from: string, to: string): Promise<ModSeq> {
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

  /**
   * Sets metadata of a mailbox or of the server, all entries or none: what is private is kept by who sets it, all else by the
   * owner. With a mailbox of somebody else that may be two accounts, each with a modseq of its own.
   *
   * @returns the modseq of the account that sets it; null if nothing changed there
   * @throws {StorageError} 'nonexistent', 'use-taken', 'too-many-annotations', 'unavailable', 'outcome-unknown'
   */
  async setAnnotations(account: AccountId, about: Annotated, edit: AnnotationEdit): Promise<ModSeq | null> {
    const { owner } = about;
    const { specialUse } = edit;
    const parts = [
      { keeper: account, entries: owner === account ? new Map([...edit.private, ...edit.shared]) : edit.private },
      { keeper: owner, entries: owner === account ? new Map() : edit.shared },
    ].filter(({ entries }, part) => entries.size > 0 || (part === 0 && specialUse !== null));
    const keepers = parts.map(({ keeper }) => keeper).sort((a, b) => a - b);
    const done = await this.#inTurnOf(keepers, async (tx) => {
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
  async readAnnotations(
    reader: AccountId,
    owner: AccountId,
    mailboxes: readonly MailboxId[] | null,
    query: AnnotationQuery,
  ): Promise<ReadonlyMap<MailboxId | null, readonly Annotation[]>> {
    return this.#read(() => readAnnotations(this.#database.sql, reader, owner, mailboxes, query));
  }

  /** See changedAnnotations. @throws {StorageError} 'unavailable' */
  async changedAnnotations(account: AccountId, since: number): ReturnType<typeof changedAnnotations> {
    return this.#read(() => changedAnnotations(this.#database.sql, account, since));
  }

  /** See accountChanges. @throws {StorageError} 'unavailable' */
  async accountChanges(account: AccountId, since: number): Promise<AccountChanges> {
    return this.#read(() => accountChanges(this.#database.sql, account, since));
  }

  /** See listNames. @throws {StorageError} 'unavailable' */
  async listNames(account: AccountId, under: string | null): Promise<readonly MailboxName[]> {
    return this.#read(() => listNames(this.#database.sql, account, under));
  }

  /** See listSubscriptions. @throws {StorageError} 'unavailable' */
  async listSubscriptions(account: AccountId): Promise<readonly string[]> {
    return this.#read(() => listSubscriptions(this.#database.sql, account));
  }

  /** See listMailboxes. @throws {StorageError} 'unavailable' */
  async listMailboxes(account: AccountId, under: string | null = null): Promise<readonly Mailbox[]> {
    return this.#read(() => listMailboxes(this.#database.sql, account, under));
  }

  /** @throws {StorageError} 'unavailable' */
  async findMailbox(account: AccountId, name: string): Promise<FoundMailbox | null> {
    return this.#read(() => findMailbox(this.#database.sql, account, name));
  }

  /** See findSpecialUse. @throws {StorageError} 'unavailable' */
  async findSpecialUse(accounts: readonly AccountId[], use: string): Promise<ReadonlyMap<AccountId, MailboxId>> {
    return this.#read(() => findSpecialUse(this.#database.sql, accounts, use));
  }

  /** See findUrlKey. @throws {StorageError} 'unavailable' */
  async findUrlKey(keeper: AccountId | null, owner: string, name: string): Promise<Buffer | null> {
    return this.#read(() => findUrlKey(this.#database.sql, keeper, owner, name));
  }

  /** See ensureUrlKey. @throws {StorageError} 'unavailable' */
  async ensureUrlKey(keeper: AccountId, mailbox: FoundMailbox): Promise<Buffer> {
    return this.#read(() => ensureUrlKey(this.#database.sql, keeper, mailbox));
  }

  /** See resetUrlKey. @throws {StorageError} 'unavailable' */
  async resetUrlKey(keeper: AccountId, mailbox: FoundMailbox): Promise<void> {
    return this.#read(() => resetUrlKey(this.#database.sql, keeper, mailbox));
  }

  /** See removeUrlKeys. @throws {StorageError} 'unavailable' */
  async removeUrlKeys(keeper: AccountId): Promise<void> {
    return this.#read(() => removeUrlKeys(this.#database.sql, keeper));
  }

  /** See readQuota. @throws {StorageError} 'nonexistent', 'unavailable' */
  async readQuota(account: AccountId): Promise<Quota> {
    return this.#read(() => readQuota(this.#database.sql, account));
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

  /** See MissingTexts: afterwards these messages have previews. @throws {StorageError} 'unavailable' */
  fillTexts(account: AccountId, mailbox: MailboxId, uids: Uint32Array, options: FillOptions): Promise<void> {
    return this.#searches.run(account, () => this.#missingTexts.fill(account, mailbox, uids, options));
  }

  /**
   * See searchMessages, and TextIndex. What it looks in is filled in first, where a Postel that knew of no search left it out. Searches of one
   * account take turns, by the statement.
   */
  async searchMessages(
    account: AccountId,
    mailbox: MailboxId,
    uids: Uint32Array,
    criterion: SearchCriterion,
    options: FillOptions & { onSearched?(messages: number): void },
  ): Promise<Uint32Array> {
    const inTurn: InTurn = (work) => this.#searches.run(account, work);
    if (asksForText(criterion)) await inTurn(() => this.#missingTexts.fill(account, mailbox, uids, options));
    const { candidates, onSearched } = await this.#narrow(account, mailbox, uids, criterion, options);
    const { sql } = this.#database;
    return searchMessages(sql, account, mailbox, candidates, criterion, options.signal, inTurn, onSearched);
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
    const candidates = await this.#read(() =>
      this.#textIndex.narrow(account, mailbox, uids, criterion, signal, inTurn),
    );
    const others = uids.length - candidates.length;
    return { candidates, onSearched: (messages: number) => onSearched?.(others + messages) };
  }

  /** See TextIndexer.prune. */
  pruneTextIndex(account: AccountId, signal: AbortSignal): Promise<number> {
    return this.#textIndexer.prune(account, signal);
  }

  /** See TextIndexer. */
  indexTexts(options: IndexingOptions): Promise<void> {
    return this.#textIndexer.index(options);
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

  async #columnTurns({ account }: SharedMailbox, options: FillOptions): Promise<InTurn> {
    const inTurn: InTurn = (work) => this.#searches.run(account, work);
    await inTurn(() => this.#missingSummaries.fillSummariesOf(account, options));
    return inTurn;
  }

  /**
   * As removedSince, for a mailbox that is open: what it remembers is not asked for.
   *
   * @throws {StorageError} 'unavailable'
   */
  async removedSince(mailbox: SharedMailbox, since: number): Promise<UidRanges | null> {
    return mailbox.removedSince(since) ?? (await removedSince(this.#database.sql, mailbox.account, mailbox.id, since));
  }

  /** See scoreMessages; as `searchMessages` otherwise. */
  async scoreMessages(
    account: AccountId,
    mailbox: MailboxId,
    uids: Uint32Array,
    criterion: FuzzyCriterion,
    options: FillOptions & Pick<SliceOptions, 'onSearched'>,
  ): Promise<ScoredMessages> {
    const inTurn: InTurn = (work) => this.#searches.run(account, work);
    await inTurn(() => this.#missingTexts.fill(account, mailbox, uids, options));
    const { candidates, onSearched } = await this.#narrow(account, mailbox, uids, criterion, options);
    const { sql } = this.#database;
    return scoreMessages(sql, account, mailbox, candidates, criterion, { signal: options.signal, inTurn, onSearched });
  }

  /** See pruneThreads. @throws {StorageError} 'unavailable' */
  async pruneThreads(account: AccountId): Promise<number> {
    return this.#read(() => pruneThreads(this.#database.sql, account));
  }

  /** Messages whose subject, addresses or thread are to be filled in. @throws {StorageError} 'unavailable' */
  async countMissingSummaries(): Promise<number> {
    return this.#read(() => this.#missingSummaries.count());
  }

  /** See MissingSummaries.fill. */
  async fillMissingSummaries(progress: SummaryProgress): Promise<void> {
    await this.#missingSummaries.fill(progress);
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

  /** Octets of a message's content that is in a blob; see readBlob. */
  readBlob(blob: StoredBlob, start: number, end: number): AsyncGenerator<Buffer> {
    return readBlob(this.#blobs, blob, start, end);
  }

  /** See OpenMailboxes.open. */
  openMailbox(
    account: AccountId,
    id: MailboxId,
    watcher: MailboxWatcher,
    readSeq: ModSeq | null = null,
  ): Promise<SharedMailbox> {
    return this.#mailboxes.open(account, id, watcher, readSeq);
  }

  /** See OpenMailboxes.refresh. */
  refreshMailbox(mailbox: SharedMailbox): Promise<void> {
    return this.#mailboxes.refresh(mailbox);
  }

  closeMailbox(mailbox: SharedMailbox, watcher: MailboxWatcher): void {
    this.#mailboxes.close(mailbox, watcher);
  }

  /** Tells of changes to an account, whatever they are, until the function returned is called; see FeedListener. */
  watchAccount(account: AccountId, listener: FeedListener): () => void {
    return this.#feed.watch(account, listener);
  }

  /** The newest modseq of a watched account that this process has heard of. */
  newestModSeq(account: AccountId): number {
    return this.#feed.newest(account);
  }

  /** One transaction in which this process writes to several accounts, which ascend, so that two such never wait for each other. */
  #inTurnOf<Result>(accounts: readonly AccountId[], work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const [first, ...rest] = accounts;
    if (first === undefined) throw new Error('no account to write to');
    return rest.length === 0
      ? this.#writer.transact(first, work)
      : this.#writer.inTurn(first, () => this.#inTurnOf(rest, work));
  }

  async #read<T>(query: () => Promise<T>): Promise<T> {
    try {
      return await query();
    } catch (error) {
      throw translateDatabaseError(error);
    }
  }
}

/** Takes their rows in the order in which all take them, whichever of them is changed first. */
async function takeAccounts(tx: Transaction, ascending: readonly AccountId[]): Promise<void> {
  for (const account of ascending) {
    await tx`select from accounts where account_id = ${account}::bigint for no key update`;
  }
}

const targetOf = (account: AccountId, to: MailboxId | CopyTarget): CopyTarget =>
  typeof to === 'number' ? { account, id: to } : to;

/** Whether what is copied there is made anew: in another account, or where not all may come along that was here. */
const isElsewhere = (account: AccountId, target: CopyTarget) =>
  target.account !== account || target.flags !== undefined;

/** @throws {StorageError} 'too-many-keywords' */
function requireFewKeywords({ keywords }: Flags): void {
  if (
    keywords.length > KEYWORDS_A_MESSAGE &&
    new Set(keywords.map((name) => name.toLowerCase())).size > KEYWORDS_A_MESSAGE
  )
    throw new StorageError('too-many-keywords', `A message can have no more than ${KEYWORDS_A_MESSAGE} keywords`);
}

/** Whether it was not the account that could not take it. */
function wouldFailForOthers(error: unknown): boolean {
  return !(error instanceof StorageError) || ['unavailable', 'outcome-unknown', 'disk-full'].includes(error.kind);
}

function delivered(content: Content, { mailbox, arrival, flags }: Delivery, internalDate: number): NewMessage {
  return { mailbox: mailbox ?? 'INBOX', content, flags: flags ?? NO_FLAGS, internalDate, arrival };
}

async function appendTo(
  tx: Transaction,
  account: AccountId,
  messages: readonly NewMessage[],
): Promise<readonly AppendedTo[]> {
  const all = await appendInTransaction(tx, account, messages);
  return messages.flatMap(({ content }, index) => {
    const appended = all[index];
    return appended === undefined ? [] : [{ account, content, appended }];
  });
}
