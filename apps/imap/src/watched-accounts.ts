import { type AccountId, HIERARCHY_DELIMITER, type MailboxId, type Store, type WatchedMailbox } from '@postel/storage';
import type { Logger } from '@postel/supervision';
import { WATCHED_MAILBOXES } from './limits.ts';

/** What says which mailbox it is, and when that was last said of it. */
type NamedMailbox = Pick<WatchedMailbox, 'account' | 'id' | 'name' | 'modSeq'>;

/** Something that happened to an account; what is told of it depends on who asked for what. */
export type AccountChange =
  | { readonly type: 'created' | 'deleted'; readonly mailbox: NamedMailbox }
  /** Mailboxes below a renamed one are renamed with it, and are not told one by one. */
  | { readonly type: 'renamed'; readonly mailbox: NamedMailbox; readonly oldName: string; readonly isBelow: boolean }
  | {
      readonly type: 'messages';
      readonly mailbox: WatchedMailbox;
      /** Messages came or went. */
      readonly counts: boolean;
      readonly unseen: boolean;
    }
  /** Somebody may do more or less with it than before. */
  | { readonly type: 'rights'; readonly mailbox: NamedMailbox }
  | { readonly type: 'subscription'; readonly name: string }
  /** The account has more mailboxes than are watched. */
  | { readonly type: 'overflow' };

export interface AccountListener {
  changed(changes: readonly AccountChange[]): void;
  /** Something has changed, though perhaps nothing of the above. */
  moved(): void;
}

/** The accounts whose mailboxes some connection watches, each watched once for all of them. */
export class WatchedAccounts {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #accounts = new Map<AccountId, Promise<WatchedAccount>>();

  constructor(store: Store, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /**
   * As it is at the time of the call, or later.
   *
   * @throws {StorageError} 'unavailable'
   */
  async watch(id: AccountId, listener: AccountListener): Promise<WatchedAccount> {
    const known = this.#accounts.get(id);
    const opening = known ?? WatchedAccount.open(this.#store, id, this.#log, () => this.#accounts.delete(id));
    if (known === undefined) {
      this.#accounts.set(id, opening);
      opening.catch(() => this.#accounts.delete(id));
    }
    const account = await opening;
    if (!account.add(listener)) return this.watch(id, listener); // it was left in between
    try {
      if (known !== undefined) await account.refresh();
      return account;
    } catch (error) {
      account.remove(listener); // who is told NO gets no news either
      throw error;
    }
  }
}

/** All mailboxes of an account, and its subscriptions, as of one modseq. */
export class WatchedAccount {
  readonly mailboxes = new Map<MailboxId, WatchedMailbox>();
  readonly #store: Store;
  readonly #id: AccountId;
  readonly #log: Logger;
  readonly #listeners = new Set<AccountListener>();
  readonly #left: () => void;
  #subscriptions: ReadonlySet<string> = new Set();
  #subscriptionState = '';
  #seq = -1;
  #unwatch: (() => void) | null = null;
  #isOver = false;
  #refreshing: Promise<void> | null = null;
  #refreshAfter: Promise<void> | null = null;

  private constructor(store: Store, id: AccountId, log: Logger, left: () => void) {
    this.#store = store;
    this.#id = id;
    this.#log = log;
    this.#left = left;
  }

  /** @throws {StorageError} 'unavailable' */
  static async open(store: Store, id: AccountId, log: Logger, left: () => void): Promise<WatchedAccount> {
    const account = new WatchedAccount(store, id, log, left);
    account.#unwatch = store.watchAccount(id, (modseq) => account.#heard(modseq));
    try {
      await account.#read();
    } catch (error) {
      account.#unwatch();
      throw error;
    }
    return account;
  }

  get subscriptions(): ReadonlySet<string> {
    return this.#subscriptions;
  }

  /** @returns false if everybody has left it, and it is watched no more */
  add(listener: AccountListener): boolean {
    if (this.#isOver) return false;
    this.#listeners.add(listener);
    return true;
  }

  remove(listener: AccountListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0 || this.#isOver) return;
    this.#isOver = true;
    this.#unwatch?.();
    this.#left();
  }

  /**
   * Asks the database for what has changed. Calls that come while one is under way share the next one, so that each caller sees
   * everything committed before its call.
   *
   * @throws {StorageError} 'unavailable'
   */
  refresh(): Promise<void> {
    if (this.#refreshing === null) {
      this.#refreshing = this.#read().finally(() => {
        this.#refreshing = null;
      });
      return this.#refreshing;
    }
    this.#refreshAfter ??= this.#refreshing
      .catch(() => {})
      .then(() => {
        this.#refreshAfter = null;
        return this.refresh();
      });
    return this.#refreshAfter;
  }

  /** Every second besides, so that what failed is tried again. An account that is gone, or went back in time, ends its sessions. */
  #heard(modseq: number | null): void {
    if (modseq === null || modseq <= this.#seq) return;
    this.refresh().catch((error) => this.#log.debug({ err: error }, 'changes of an account could not be read'));
  }

  async #read(): Promise<void> {
    const { upTo, mailboxes, subscriptions } = await this.#store.accountChanges(this.#id, this.#seq);
    const changes: AccountChange[] = [];
    if (subscriptions !== this.#subscriptionState) {
      const names = new Set(await this.#store.mailboxes.listSubscriptions(this.#id));
      for (const name of names.symmetricDifference(this.#subscriptions)) changes.push({ type: 'subscription', name });
      this.#subscriptions = names;
      this.#subscriptionState = subscriptions;
    }
    if (upTo <= this.#seq) return;
    changes.push(...this.#take(mailboxes));
    this.#seq = upTo;
    if (this.mailboxes.size > WATCHED_MAILBOXES) changes.push({ type: 'overflow' });
    for (const listener of this.#listeners) {
      if (changes.length > 0) listener.changed(changes);
      listener.moved();
    }
  }

  #take(mailboxes: readonly WatchedMailbox[]): AccountChange[] {
    const changes: AccountChange[] = [];
    const renamed = new Map<string, string>();
    for (const { id, name, isDeleted } of mailboxes) {
      const before = this.mailboxes.get(id);
      if (before !== undefined && before.name !== name && !isDeleted) renamed.set(before.name, name);
    }
    for (const mailbox of mailboxes) {
      const before = this.mailboxes.get(mailbox.id);
      if (mailbox.isDeleted) {
        this.mailboxes.delete(mailbox.id);
        if (before !== undefined) changes.push({ type: 'deleted', mailbox });
        continue;
      }
      this.mailboxes.set(mailbox.id, mailbox);
      if (before === undefined) {
        changes.push({ type: 'created', mailbox });
        continue;
      }
      if (before.name !== mailbox.name) {
        const isBelow = isRenamedWithParent(before.name, mailbox.name, renamed);
        changes.push({ type: 'renamed', mailbox, oldName: before.name, isBelow });
      }
      if (before.aclSeq !== mailbox.aclSeq) changes.push({ type: 'rights', mailbox });
      if (before.highestModSeq === mailbox.highestModSeq) continue;
      const counts = before.uidNext !== mailbox.uidNext || before.messages !== mailbox.messages;
      changes.push({ type: 'messages', mailbox, counts, unseen: before.unseen !== mailbox.unseen });
    }
    return changes;
  }
}

/** @param renamed old names, and what they became */
export function isRenamedWithParent(oldName: string, name: string, renamed: ReadonlyMap<string, string>): boolean {
  for (
    let at = oldName.lastIndexOf(HIERARCHY_DELIMITER);
    at > 0;
    at = oldName.lastIndexOf(HIERARCHY_DELIMITER, at - 1)
  ) {
    const parent = renamed.get(oldName.slice(0, at));
    if (parent !== undefined && name === parent + oldName.slice(at)) return true;
  }
  return false;
}
