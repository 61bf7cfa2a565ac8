import type { AccountId, MailboxId, ModSeq, Sharer, WatchedMailbox } from '@postel/storage';
import { No } from './command.ts';
import { WATCHED_MAILBOXES, WATCHED_SHARERS } from './limits.ts';
import { formatOwnedName } from './other-users.ts';
import type { Session } from './session.ts';
import {
  type AccountChange,
  type AccountListener,
  isRenamedWithParent,
  type WatchedAccount,
} from './watched-accounts.ts';

/** A mailbox of somebody else, as whoever is logged in may know of it. */
export interface MailboxOfOther {
  readonly account: AccountId;
  readonly id: MailboxId;
  /** What it is called here. */
  readonly name: string;
  /** Whether there is the right `r`; without it nothing is told of what happens in it. */
  readonly isReadable: boolean;
}

export interface OthersOptions {
  /** Whether the mailboxes of an account, by its name, are of interest. */
  isWanted(owner: string): boolean;
  /** What has happened, in the names that mailboxes have here: also that one may be known of now, which makes it, or no more. */
  changed(changes: readonly AccountChange[]): void;
  /** Something may have, perhaps nothing of the above. */
  moved(): void;
}

/**
 * The mailboxes of other accounts that a session may know of, with what happens to them, as long as it may (RFC 5465 §5.9). A
 * right that is given makes a mailbox, one that is taken away removes it: RFC 5465 §5.4.
 */
export class MailboxesOfOthers implements AccountListener {
  readonly #session: Session;
  readonly #options: OthersOptions;
  readonly #owners = new Map<AccountId, WatchedAccount>();
  #mailboxes: ReadonlyMap<string, MailboxOfOther> = new Map();
  /** When what happened to a mailbox that was made, deleted or renamed since they were looked through: somebody did that. */
  readonly #made = new Map<string, ModSeq>();
  /** Who shared what when they were looked through. */
  #sharers = '';
  #isStale = false;
  #looking: Promise<unknown> | null = null;
  #unwatch: (() => void) | null = null;

  private constructor(session: Session, options: OthersOptions) {
    this.#session = session;
    this.#options = options;
  }

  /**
   * @throws {No} [NOTIFICATIONOVERFLOW] there are too many
   * @throws {StorageError} 'unavailable'
   */
  static async begin(session: Session, options: OthersOptions): Promise<MailboxesOfOthers> {
    const others = new MailboxesOfOthers(session, options);
    const { watchedSharers } = session.services;
    others.#unwatch = watchedSharers.watch(session.account.accountId, (sharers) => others.#heard(sharers));
    try {
      others.#looking = others.#look().finally(() => {
        others.#looking = null;
      });
      await others.#looking;
      if (others.#isStale) others.lookAgain();
      return others;
    } catch (error) {
      others.close();
      throw error;
    }
  }

  close(): void {
    this.#unwatch?.();
    this.#unwatch = null;
    for (const owner of this.#owners.values()) owner.remove(this);
    this.#owners.clear();
  }

  get owners(): Iterable<AccountId> {
    return this.#owners.keys();
  }

  all(): Iterable<MailboxOfOther> {
    return this.#mailboxes.values();
  }

  get(account: AccountId, id: MailboxId): MailboxOfOther | undefined {
    return this.#mailboxes.get(keyOf({ account, id }));
  }

  /** What is in one that may be read; undefined if there is none, or it may not be. */
  read(account: AccountId, id: MailboxId): WatchedMailbox | undefined {
    const seen = this.get(account, id);
    const mailbox = seen?.isReadable ? this.#owners.get(account)?.mailboxes.get(id) : undefined;
    return seen && mailbox && { ...mailbox, name: seen.name };
  }

  /** Of accounts that share mailboxes. */
  changed(changes: readonly AccountChange[]): void {
    const told: AccountChange[] = [];
    for (const change of changes) {
      switch (change.type) {
        case 'subscription':
          break; // the owner's
        case 'overflow':
          told.push(change);
          break;
        case 'messages': {
          const { account, id } = change.mailbox;
          const seen = this.get(account, id);
          if (seen?.isReadable) told.push({ ...change, mailbox: { ...change.mailbox, name: seen.name } });
          break;
        }
        case 'rights':
          this.#isStale = true;
          break;
        case 'created':
        case 'deleted':
        case 'renamed':
          this.#made.set(keyOf(change.mailbox), change.mailbox.modSeq);
          this.#isStale = true;
          break;
        default:
          change satisfies never;
      }
    }
    if (told.length > 0) this.#options.changed(told);
    if (this.#isStale) this.lookAgain();
  }

  moved(): void {
    this.#options.moved();
  }

  /** Looks through all of them again, and tells what is otherwise. */
  lookAgain(): void {
    this.#isStale = true;
    this.#looking ??= this.#lookWhileStale().finally(() => {
      this.#looking = null;
    });
  }

  #heard(sharers: readonly Sharer[]): void {
    if (this.#isStale || stateOf(sharers) !== this.#sharers) this.lookAgain();
  }

  async #lookWhileStale(): Promise<void> {
    while (this.#isStale && this.#unwatch !== null) {
      try {
        const changes = await this.#look();
        if (changes.length > 0 && this.#unwatch !== null) this.#options.changed(changes);
      } catch (error) {
        if (error instanceof No) this.#options.changed([{ type: 'overflow' }]);
        else this.#session.log.debug({ err: error }, 'mailboxes of others could not be read');
        this.#isStale = !(error instanceof No);
        return; // and looks again in a second
      }
    }
  }

  /** @returns what is otherwise than the last time */
  async #look(): Promise<readonly AccountChange[]> {
    this.#isStale = false;
    const earlier = new Map(this.#made);
    const { store, account } = this.#session;
    const { accountId } = account;
    const sharers = (await store.sharing.findSharers([accountId])).get(accountId) ?? [];
    await this.#watch(sharers.filter(({ name }) => this.#options.isWanted(name)));
    // Behind the last watch, so that what changes from now on is heard of.
    const mailboxes = await store.sharing.listMailboxes(accountId);
    this.#sharers = stateOf(sharers);
    const fresh = new Map<string, MailboxOfOther>();
    for (const mailbox of mailboxes) {
      const { account: owner, id, rights } = mailbox;
      if (!this.#owners.has(owner) || !rights.has('l')) continue;
      fresh.set(keyOf({ account: owner, id }), {
        account: owner,
        id,
        name: formatOwnedName(mailbox),
        isReadable: rights.has('r'),
      });
    }
    if (fresh.size > WATCHED_MAILBOXES) throw overflow();
    const before = this.#mailboxes;
    this.#mailboxes = fresh;
    const changes = this.#compare(before);
    for (const [key, modSeq] of earlier) if (this.#made.get(key) === modSeq) this.#made.delete(key);
    return changes;
  }

  /** Watches these, and no others. */
  async #watch(sharers: readonly Sharer[]): Promise<void> {
    if (sharers.length > WATCHED_SHARERS) throw overflow();
    const wanted = new Set(sharers.map(({ id }) => id));
    for (const [id, owner] of this.#owners) {
      if (wanted.has(id)) continue;
      owner.remove(this);
      this.#owners.delete(id);
    }
    for (const id of wanted) {
      if (this.#owners.has(id)) continue;
      const owner = await this.#session.services.watchedAccounts.watch(id, this);
      if (this.#unwatch === null) {
        owner.remove(this);
        return;
      }
      this.#owners.set(id, owner);
    }
  }

  #compare(old: ReadonlyMap<string, MailboxOfOther>): readonly AccountChange[] {
    const changes: AccountChange[] = [];
    const renamed = new Map<string, string>();
    const named = (key: string, { account, id, name }: MailboxOfOther) => {
      return { account, id, name, modSeq: this.#made.get(key) ?? (0 as ModSeq) };
    };
    for (const [key, { name }] of this.#mailboxes) {
      const before = old.get(key);
      if (before !== undefined && before.name !== name) renamed.set(before.name, name);
    }
    for (const [key, seen] of this.#mailboxes) {
      const before = old.get(key);
      const mailbox = named(key, seen);
      if (before === undefined) {
        changes.push({ type: 'created', mailbox });
        continue;
      }
      if (before.name !== seen.name) {
        const isBelow = isRenamedWithParent(before.name, seen.name, renamed);
        changes.push({ type: 'renamed', mailbox, oldName: before.name, isBelow });
      }
      if (before.isReadable !== seen.isReadable) changes.push({ type: 'rights', mailbox });
    }
    for (const [key, before] of old)
      if (!this.#mailboxes.has(key)) changes.push({ type: 'deleted', mailbox: named(key, before) });
    return changes;
  }
}

const keyOf = ({ account, id }: Pick<MailboxOfOther, 'account' | 'id'>): string => `${account}:${id}`;

const stateOf = (sharers: readonly Sharer[]): string => sharers.map(({ id, name }) => `${id}:${name}`).join(' ');

const overflow = () => new No('Others share too many mailboxes to watch them', 'NOTIFICATIONOVERFLOW');
