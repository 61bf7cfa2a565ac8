import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { type AccountNews, accountModSeqs } from './accounts.ts';
import type { Database } from './database.ts';
import type { AccountId } from './ids.ts';
import type { OwnChanges } from './own-change.ts';
import { markRewound } from './rewound.ts';

const CHANNEL = 'postel_mail';
/** A lost NOTIFY costs at most this long. */
const POLL_MS = 1_000;
/** The first change is told at once, and what comes within this time after it goes together: a NOTIFY costs 0.1 ms of CPU. */
const NOTIFY_EVERY_MS = 10;
const CLOSE_TIMEOUT_MS = 1_000;
/** Well under the 8,000 octets that one NOTIFY carries, at two numbers of up to 16 digits each. */
const ACCOUNTS_A_NOTIFY = 200;

export interface FeedOptions {
  /** What happens to an error of the feed's own queries, the first in a row: the next poll mends what they missed. */
  onError(error: unknown): void;
  readonly pollMs?: number;
}

/**
 * Hears of an account's newest modseq whenever it rises, and every second besides, so that a listener that failed to act
 * on it gets another chance. Null: the account is gone, or went back in time, as after a restore.
 *
 * @param changes all that happened under this modseq, if this process made it and says so
 */
export type FeedListener = (modseq: number | null, changes?: OwnChanges) => void;

interface Watched {
  newest: number;
  readonly listeners: Set<FeedListener>;
}

/**
 * Knows the newest modseq of every account that this process serves: from its own commits, from NOTIFY of other
 * processes, and from one query a second over all of them, so that a lost NOTIFY costs a second and never a change.
 */
export class ChangeFeed {
  readonly #database: Database;
  readonly #options: FeedOptions;
  readonly #watched = new Map<AccountId, Watched>();
  readonly #untold = new Map<AccountId, number>();
  #telling: Promise<void> | null = null;
  #unlisten: (() => Promise<void>) | null = null;
  #pollTimer: NodeJS.Timeout | undefined;
  #isPolling = false;
  #isFailing = false;
  #isClosed = false;

  constructor(database: Database, options: FeedOptions) {
    this.#database = database;
    this.#options = options;
  }

  /** @throws {StorageError} 'unavailable' */
  async start(): Promise<void> {
    this.#unlisten = await this.#database.listen(CHANNEL, {
      heard: (payload) => this.#heard(payload),
      listening: () => void this.#poll(),
    });
    this.#pollTimer = setInterval(() => void this.#poll(), this.#options.pollMs ?? POLL_MS).unref();
  }

  /**
   * Calls `listener` until the function returned is called.
   *
   * @param seen a modseq that the account is known to have reached: what the database holds may not fall below it
   */
  watch(account: AccountId, listener: FeedListener, seen = 0): () => void {
    const watched = this.#watched.get(account) ?? { newest: 0, listeners: new Set() };
    this.#watched.set(account, watched);
    watched.listeners.add(listener);
    this.#raise(account, seen);
    return () => {
      watched.listeners.delete(listener);
      if (watched.listeners.size === 0 && this.#watched.get(account) === watched) this.#watched.delete(account);
    };
  }

  /** The newest modseq known, 0 if the account is not watched or nothing was heard of it yet. */
  newest(account: AccountId): number {
    return this.#watched.get(account)?.newest ?? 0;
  }

  /**
   * To be called after every commit of this process. Others hear of it in one NOTIFY with whatever else is new by then.
   *
   * @param changes all that happened under this modseq, if the caller knows
   */
  committed(account: AccountId, modseq: number, changes?: OwnChanges): void {
    this.#database.seen.raise(account, modseq);
    this.#raise(account, modseq, changes);
    this.#untold.set(account, Math.max(modseq, this.#untold.get(account) ?? 0));
    this.#telling ??= this.#tell();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#pollTimer);
    await Promise.race([this.#telling, delay(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
    await this.#unlisten?.();
  }

  #raise(account: AccountId, modseq: number, changes?: OwnChanges): void {
    const watched = this.#watched.get(account);
    if (watched === undefined || modseq <= watched.newest) return;
    watched.newest = modseq;
    for (const listener of watched.listeners) listener(modseq, changes);
  }

  async #tell(): Promise<void> {
    await Promise.resolve(); // commits of the same turn go together
    while (this.#untold.size > 0) {
      const told = [...this.#untold].slice(0, ACCOUNTS_A_NOTIFY);
      for (const [account] of told) this.#untold.delete(account);
      const payload = told.map(([account, modseq]) => `${account}:${modseq}`).join(' ');
      try {
        await this.#database.sql`select pg_notify(${CHANNEL}, ${payload})`;
        this.#isFailing = false;
      } catch (error) {
        this.#failed(error);
        if (isQueueFull(error)) await this.#tidyQueue();
      }
      await delay(NOTIFY_EVERY_MS);
    }
    this.#telling = null;
  }

  /**
   * Postgres drops what all listeners have taken only when a NOTIFY succeeds: a queue that was full once, because a listener had
   * a transaction open, stays full when that one is gone (seen with 18.4). Asking how full it is drops it too.
   */
  async #tidyQueue(): Promise<void> {
    await this.#database.sql.read`select pg_notification_queue_usage()`.catch((error) => this.#failed(error));
  }

  #heard(payload: string): void {
    for (const entry of payload.split(' ')) {
      const [account, modseq] = entry.split(':').map(Number);
      if (Number.isSafeInteger(account) && Number.isSafeInteger(modseq))
        this.#raise(account as AccountId, modseq as number);
    }
  }

  async #poll(): Promise<void> {
    if (this.#isPolling || this.#isClosed || this.#watched.size === 0) return;
    this.#isPolling = true;
    try {
      const before = [...this.#watched].map(([account, watched]) => ({ account, watched, newest: watched.newest }));
      const current = await accountModSeqs(this.#database.sql, this.#watched.keys());
      await this.#compareWithSeen(current);
      for (const { account, watched, newest } of before) {
        const { modseq, isRewound } = current.get(account) ?? { isRewound: false };
        const isTrusted = modseq !== undefined && modseq >= newest && !isRewound;
        // What this process committed or heard while the query ran is newer than the query's answer.
        watched.newest = isTrusted ? Math.max(modseq, watched.newest) : (modseq ?? 0);
        for (const listener of watched.listeners) listener(isTrusted ? watched.newest : null);
      }
      this.#isFailing = false;
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#isPolling = false;
    }
  }

  /** A database may be replaced without an end of our connections: a pooler between us hides it. */
  async #compareWithSeen(current: ReadonlyMap<AccountId, AccountNews>): Promise<void> {
    const { sql, seen } = this.#database;
    const behind = [...current].filter(([account, { modseq }]) => modseq < seen.highest(account));
    for (const [account, { modseq, isRewound }] of current) if (!isRewound) seen.raise(account, modseq);
    if (behind.every(([, { isRewound }]) => isRewound)) return;
    await markRewound(
      sql,
      behind.map(([id]) => ({ id, modseq: seen.highest(id), uidvalidity: 0 })),
    );
  }

  /** A database that is away must not fill the log, a line a second. */
  #failed(error: unknown): void {
    if (!this.#isFailing) this.#options.onError(error);
    this.#isFailing = true;
  }
}

function isQueueFull(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === '54000';
}
