import postgres from 'postgres';
import { type Appended, appendMessages, findAppended, type NewMessage } from './append.ts';
import type { Sql, Transaction } from './database.ts';
import { ConnectionLost, StorageError, translateDatabaseError, wouldFailNext } from './errors.ts';
import type { AccountId } from './ids.ts';
import { LastWrites, leavingName, type WriteName } from './last-writes.ts';

/** Appends that wait share a transaction, up to these bounds: others of the account should not wait long for one. */
const BATCH_MESSAGES = 64;
const BATCH_OCTETS = 4 * 1024 * 1024;
/** Changes that wait share one too, as long as they touch no more messages together than this. */
const BATCH_CHANGES = 64;
const BATCH_CHANGED_MESSAGES = 1_000;
/** Writes waiting for one account; a client whose write would be one more hears that the server is busy. */
const WAITING_WRITES = 10_000;

type Waiting =
  | {
      readonly type: 'append';
      readonly message: NewMessage;
      resolve(done: Appended): void;
      reject(error: unknown): void;
    }
  | Change
  | { readonly type: 'task'; run(): Promise<void>; reject(error: unknown): void };

interface Change {
  readonly type: 'change';
  /** How many messages it touches at most. */
  readonly messages: number;
  /** Does it in a transaction that may have others, and keeps its answer. @throws what spoils the transaction */
  perform(tx: Transaction): Promise<void>;
  /** Gives the answer kept, after the commit. */
  tell(): void;
  /** Does it in a transaction of its own, and gives its answer. */
  runAlone(): Promise<void>;
  reject(error: unknown): void;
}

/**
 * The writes of this process to each account, one transaction at a time: so a busy account holds one connection, and
 * appends, or changes of few messages, that come while one is being written share the next transaction (group commit).
 *
 * What became of a write whose answer was lost is found out before anything is said, and before the account's next write.
 */
export class AccountWriter {
  readonly #sql: Sql;
  readonly #lastWrites: LastWrites;
  readonly #queues = new Map<AccountId, Waiting[]>();

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#lastWrites = new LastWrites(sql);
  }

  /** Removes what processes that are no more left about their last writes. */
  forgetOldWriters(): Promise<void> {
    return this.#lastWrites.forgetOld();
  }

  /** @throws {StorageError} this message's own failure */
  append(account: AccountId, message: NewMessage): Promise<Appended> {
    return new Promise((resolve, reject) => this.#enqueue(account, { type: 'append', message, resolve, reject }));
  }

  /**
   * Makes a change of messages in its turn, in one transaction with others that wait if they are small. Each keeps its modseq,
   * its answer and its failure.
   *
   * @param messages how many it touches at most
   * @param isRepeatable whether it does no more if it is made twice
   */
  change<Result>(
    account: AccountId,
    { messages, isRepeatable }: { readonly messages: number; readonly isRepeatable: boolean },
    work: (sql: Sql | Transaction) => Promise<Result>,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      let tell = () => {};
      const runAlone = () => (isRepeatable ? this.#repeat(account, work) : this.#transact(account, work));
      this.#enqueue(account, {
        type: 'change',
        messages,
        async perform(tx) {
          try {
            const value = await work(tx);
            tell = () => resolve(value);
          } catch (error) {
            if (!(error instanceof StorageError)) throw error;
            tell = () => reject(error);
          }
        },
        tell: () => tell(),
        runAlone: () => this.#settle(account, runAlone, resolve, reject),
        reject,
      });
    });
  }

  /** Runs one transaction in its turn: its answer is known before the commit, so that it can be given though that of the commit was lost. */
  transact<Result>(account: AccountId, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.inTurn(account, () => this.#transact(account, work));
  }

  /** One transaction in which this process writes to several accounts, which ascend, so that two such never wait for each other. */
  transactAll<Result>(accounts: readonly AccountId[], work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const [first, ...rest] = accounts;
    if (first === undefined) throw new Error('no account to write to');
    return rest.length === 0 ? this.transact(first, work) : this.inTurn(first, () => this.transactAll(rest, work));
  }

  async #transact<Result>(account: AccountId, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const name = this.#lastWrites.next(account);
    let result: { readonly value: Result } | null = null;
    const working = async (tx: Transaction) => {
      result = { value: await work(tx) };
      return result.value;
    };
    try {
      return await this.#sql.begin(working, { opening: leavingName(name) });
    } catch (error) {
      if (!mayBeDone(error)) throw error;
      const committed = await this.#lookUp(name, error, async () => result);
      if (committed === null) throw notDone(error);
      return committed.value;
    }
  }

  /** Runs one statement that does no more if it is run twice: it is, if its first answer is lost. */
  async #repeat<Result>(account: AccountId, work: (sql: Sql) => Promise<Result>): Promise<Result> {
    try {
      return await work(this.#sql);
    } catch (error) {
      if (!mayBeDone(error)) throw error;
      await this.#lookUp(this.#lastWrites.next(account), error, async () => null); // that it is over
      return await work(this.#sql);
    }
  }

  /** Lets no other write of this process to the account run meanwhile. */
  inTurn<Result>(account: AccountId, task: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#enqueue(account, { type: 'task', run: () => this.#settle(account, task, resolve, reject), reject });
    });
  }

  async #settle<Result>(
    account: AccountId,
    task: () => Promise<Result>,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
  ): Promise<void> {
    try {
      resolve(await task());
    } catch (error) {
      this.#refuseIfHopeless(account, error);
      reject(translateDatabaseError(error, true));
    }
  }

  async #lookUp<Result>(
    name: WriteName,
    lost: ConnectionLost,
    read: (tx: Transaction, xid: string) => Promise<Result>,
  ): Promise<Result | null> {
    return await this.#lastWrites.lookUp(name, lost, read, () => this.#refuseWaiting(name.account, lost));
  }

  #enqueue(account: AccountId, waiting: Waiting): void {
    const queue = this.#queues.get(account);
    if (queue === undefined) {
      this.#queues.set(account, [waiting]);
      void this.#work(account);
    } else if (queue.length < WAITING_WRITES) {
      queue.push(waiting);
    } else {
      waiting.reject(new StorageError('unavailable', 'Too many changes wait for this account'));
    }
  }

  /** When the database is away, or another process holds the account: each in its turn would wait as long as the first has. */
  #refuseIfHopeless(account: AccountId, error: unknown): void {
    if (wouldFailNext(translateDatabaseError(error, true))) this.#refuseWaiting(account, error);
  }

  #refuseWaiting(account: AccountId, error: unknown): void {
    for (const waiting of this.#queues.get(account)?.splice(0) ?? [])
      waiting.reject(new StorageError('unavailable', 'The database cannot do this now', { cause: error }));
  }

  async #work(account: AccountId): Promise<void> {
    for (let queue = this.#queues.get(account); queue !== undefined && queue.length > 0; ) {
      const appends = takeAppends(queue);
      const changes = appends.length > 0 ? [] : takeChanges(queue);
      if (appends.length > 0) {
        await this.#append(account, appends);
      } else if (changes.length > 0) {
        await this.#change(account, changes);
      } else {
        const next = queue.shift();
        if (next?.type === 'task') await next.run();
      }
    }
    this.#queues.delete(account);
  }

  async #change(account: AccountId, changes: readonly Change[]): Promise<void> {
    const [first, ...others] = changes;
    if (others.length === 0) return await first?.runAlone();
    try {
      await this.#transact(account, async (tx) => {
        for (const change of changes) await change.perform(tx);
      });
    } catch (error) {
      const translated = translateDatabaseError(error, true);
      this.#refuseIfHopeless(account, error);
      // What the database refused spoils the transaction, and may be the fault of one: each then stands alone.
      if (translated instanceof postgres.PostgresError) for (const change of changes) await change.runAlone();
      else for (const change of changes) change.reject(translated);
      return;
    }
    for (const change of changes) change.tell();
  }

  async #append(account: AccountId, batch: readonly (Waiting & { type: 'append' })[]): Promise<void> {
    try {
      const results = await this.#appendOnce(
        account,
        batch.map(({ message }) => message),
      );
      batch.forEach((waiting, index) => {
        const result = results[index];
        if (result === undefined) waiting.reject(new Error('append_messages gave no answer for a message'));
        else if (result instanceof StorageError) waiting.reject(result);
        else waiting.resolve(result);
      });
    } catch (error) {
      const translated = translateDatabaseError(error, true);
      this.#refuseIfHopeless(account, error);
      // What the database refused as a whole may be the fault of one message: each then stands alone.
      if (batch.length > 1 && translated instanceof postgres.PostgresError) {
        for (const waiting of batch) await this.#append(account, [waiting]);
      } else {
        for (const waiting of batch) waiting.reject(translated);
      }
    }
  }

  async #appendOnce(
    account: AccountId,
    messages: readonly NewMessage[],
  ): Promise<readonly (Appended | StorageError)[]> {
    const name = this.#lastWrites.next(account);
    try {
      return await appendMessages(this.#sql, account, messages, name);
    } catch (error) {
      if (!mayBeDone(error)) throw error;
      const appended = await this.#lookUp(name, error, (tx, xid) => findAppended(tx, account, messages, xid));
      if (appended === null) throw notDone(error);
      return appended;
    }
  }
}

/** Whether the answer to a write was lost, so that it may have been done or be under way. */
function mayBeDone(error: unknown): error is ConnectionLost {
  return error instanceof ConnectionLost && !error.isUnsent;
}

const notDone = (lost: ConnectionLost) => new StorageError('unavailable', lost.message, { cause: lost });

/** Takes the appends at the head of the queue, as many as fit in a batch: those to one mailbox by its name, or those to any by id. */
function takeAppends(queue: Waiting[]): (Waiting & { type: 'append' })[] {
  const batch: (Waiting & { type: 'append' })[] = [];
  let octets = 0;
  for (const waiting of queue) {
    if (waiting.type !== 'append' || batch.length >= BATCH_MESSAGES) break;
    const [first] = batch;
    if (first !== undefined && nameIn(first.message) !== nameIn(waiting.message)) break;
    const { octets: inline, text } = waiting.message.content;
    octets += (inline?.length ?? 0) + text.searchText.length + text.headerText.length;
    if (batch.length > 0 && octets > BATCH_OCTETS) break;
    batch.push(waiting);
  }
  queue.splice(0, batch.length);
  return batch;
}

/** Null: it names its mailbox by id. */
const nameIn = ({ mailbox }: NewMessage) => (typeof mailbox === 'string' ? mailbox : null);

/** Takes the changes at the head of the queue, as many as may share a transaction. */
function takeChanges(queue: Waiting[]): Change[] {
  const batch: Change[] = [];
  let messages = 0;
  for (const waiting of queue) {
    if (waiting.type !== 'change' || batch.length >= BATCH_CHANGES) break;
    messages += waiting.messages;
    if (batch.length > 0 && messages > BATCH_CHANGED_MESSAGES) break;
    batch.push(waiting);
  }
  queue.splice(0, batch.length);
  return batch;
}
