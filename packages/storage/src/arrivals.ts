import type { AccountWriter } from './account-writer.ts';
import { type Appended, appendInTransaction, type NewMessage } from './append.ts';
import type { BlobStore } from './blob-store.ts';
import type { ChangeFeed } from './change-feed.ts';
import { type Content, ContentWriter } from './content-writer.ts';
import type { Database, Transaction } from './database.ts';
import { deliverWaiting, type WaitingDone } from './deliver-waiting.ts';
import type { Delivering } from './delivering.ts';
import type { DiskReserve } from './disk-reserve.ts';
import { asStorageErrors, StorageError, translateFileError } from './errors.ts';
import type { ExpiredDone } from './expired-deliveries.ts';
import { removeMessage } from './expunge.ts';
import { requireFewKeywords } from './flags.ts';
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
import { accountsToClean, type CleanedRejects, cleanRejects, keepReject, wasRejected } from './rejects.ts';
import type { StoreParts } from './store-parts.ts';
import { type Delivery, keepWaiting, type WaitingDelivery, type WaitingUse, waitingUse } from './waiting-deliveries.ts';

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

/** How messages come into mailboxes: appended, delivered, or kept until they can be, or may be. */
export class Arrivals {
  readonly #database: Database;
  readonly #reserve: DiskReserve | null;
  readonly #blobs: BlobStore;
  readonly #feed: ChangeFeed;
  readonly #writer: AccountWriter;
  readonly #onError: StoreParts['onError'];

  constructor({
    database,
    reserve,
    blobs,
    feed,
    writer,
    onError,
  }: Pick<StoreParts, 'database' | 'reserve' | 'blobs' | 'feed' | 'writer' | 'onError'>) {
    this.#database = database;
    this.#reserve = reserve;
    this.#blobs = blobs;
    this.#feed = feed;
    this.#writer = writer;
    this.#onError = onError;
  }

  /**
   * Whether there is room on the disk for new mail of that size; to be asked before its octets are taken. What stores
   * it, and StoredMailboxes.create, ask again.
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
      this.#writer.transactAll(accounts, async (tx) => {
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
    if (await asStorageErrors(() => wasRejected(this.#database.sql, account, content.hash))) return false;
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
   * @param take says, in the transaction that makes them count, whether they are to be kept still
   * @returns false where it said no
   * @throws {StorageError} 'unavailable', 'outcome-unknown', 'disk-full'; 'over-quota' as `WaitingDelivery.most` says
   */
  async keepWaiting(
    content: Content,
    waiting: readonly WaitingDelivery[],
    take: (tx: Transaction) => Promise<boolean> = async () => true,
  ): Promise<boolean> {
    if (this.#reserve !== null) await this.#reserve.require(content.sizeOctets * waiting.length);
    return await keepWaiting(this.#database.sql, content, waiting, take);
  }

  /** What waits for each of these accounts; those for which nothing does are left out. @throws {StorageError} 'unavailable' */
  async waitingUse(accounts: Iterable<AccountId>): Promise<ReadonlyMap<AccountId, WaitingUse>> {
    return await asStorageErrors(() => waitingUse(this.#database.sql, accounts));
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
}

/** Takes their rows in the order in which all take them, whichever of them is changed first. */
async function takeAccounts(tx: Transaction, ascending: readonly AccountId[]): Promise<void> {
  for (const account of ascending) {
    await tx`select from accounts where account_id = ${account}::bigint for no key update`;
  }
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
