import {
  type AccountId,
  type AnnotationChange,
  HIERARCHY_DELIMITER,
  type MailboxId,
  type ModSeq,
  type WatchedMailbox,
} from '@postel/storage';
import { No } from './command.ts';
import type { EventGroups, SelectedEvents } from './event-groups.ts';
import { FetchAnswer } from './fetch-answer.ts';
import { KnownNames } from './known-names.ts';
import { OUTPUT_HIGH_WATER_OCTETS, UNTOLD_NAMES, WATCHED_MAILBOXES } from './limits.ts';
import { MailboxesOfOthers } from './mailboxes-of-others.ts';
import { MetadataNews } from './metadata-news.ts';
import { isOfOtherUsers } from './other-users.ts';
import type { Session } from './session.ts';
import type { AccountChange, AccountListener, WatchedAccount } from './watched-accounts.ts';

const NONE = new Uint32Array(0);
const NO_NAMES: ReadonlySet<string> = new Set();
/** Entries that are nobody's but who keeps them. */
const PRIVATE = '/private/';
/** More than may be on their way to be heard of. */
const OWN_CHANGES = 100;
const NOTHING_WANTED: SelectedEvents = { messages: false, flags: false, isDelayed: true, fetch: null };

/** A modseq of an account, or a name that is subscribed to, or no more. */
type OwnChange = { readonly account: AccountId; readonly modSeq: ModSeq } | { readonly name: string };

/** A name of which LIST is to be told. */
interface UntoldName {
  readonly oldName: string | null;
}

/** What is to be told of a mailbox by STATUS. */
interface UntoldStatus {
  readonly account: AccountId;
  readonly id: MailboxId;
  counts: boolean;
  unseen: boolean;
}

/**
 * What a client is told after NOTIFY (RFC 5465): of its selected mailbox, by `Session.tell`, only what it asked for; of all
 * others, of names, subscriptions and metadata, what is collected here until nothing else is being said. What happens to one
 * mailbox meanwhile is told together.
 *
 * Mailboxes of other accounts are those in which there is the right `l`; of what happens in them is told with `r` alone (§3.1).
 *
 * A change of messages by the client itself is told as those of others; one of a name or a subscription is not (§5).
 */
export class Notifications implements AccountListener {
  readonly #session: Session;
  #groups: EventGroups | null;
  #account: WatchedAccount | null = null;
  #others: MailboxesOfOthers | null = null;
  /** By who keeps it; empty if none is to be told. */
  readonly #metadata = new Map<AccountId, MetadataNews>();
  readonly #untoldNames = new Map<string, UntoldName>();
  readonly #untoldStatus = new Map<string, UntoldStatus>();
  /** Changes that the client made itself. */
  readonly #own = new Set<string>();
  #hasNews = false;
  #hasOverflown = false;
  /** Who tells the client now; the connection, between commands, if nobody else does. */
  #come: (() => void) | null = null;

  private constructor(session: Session, groups: EventGroups | null) {
    this.#session = session;
    this.#groups = groups;
  }

  /**
   * @param groups null: nothing is to be told
   * @throws {No} if the account has too many mailboxes
   * @throws {StorageError} 'unavailable'
   */
  static async begin(session: Session, groups: EventGroups | null): Promise<Notifications> {
    const notifications = new Notifications(session, groups);
    if (groups?.watchesOthers !== true) return notifications;
    const { accountId } = session.account;
    const account = await session.services.watchedAccounts.watch(accountId, notifications);
    notifications.#account = account;
    try {
      if (account.mailboxes.size > WATCHED_MAILBOXES)
        throw new No('The account has too many mailboxes to watch them', 'NOTIFICATIONOVERFLOW');
      if (groups.mayWantOthers) await notifications.#beginOthers(groups);
      if (groups.hasAny('MailboxMetadataChange') || groups.hasAny('ServerMetadataChange'))
        notifications.#metadata.set(accountId, await MetadataNews.begin(session));
      await notifications.#beginMetadataOfOthers();
    } catch (error) {
      notifications.close();
      throw error;
    }
    return notifications;
  }

  async #beginOthers(groups: EventGroups): Promise<void> {
    this.#others = await MailboxesOfOthers.begin(this.#session, {
      isWanted: (owner) => groups.mayWantOf(owner, this.#subscriptions),
      changed: (changes) => this.changed(changes),
      moved: () => this.moved(),
    });
  }

  /** Of accounts that share mailboxes, from now on. */
  async #beginMetadataOfOthers(): Promise<void> {
    if (this.#groups?.hasAny('MailboxMetadataChange') !== true) return;
    for (const owner of this.#others?.owners ?? [])
      if (!this.#metadata.has(owner)) this.#metadata.set(owner, await MetadataNews.begin(this.#session, owner));
  }

  get selected(): SelectedEvents {
    return this.#groups?.selected ?? NOTHING_WANTED;
  }

  get hasNews(): boolean {
    return this.#hasNews;
  }

  close(): void {
    this.#account?.remove(this);
    this.#account = null;
    this.#others?.close();
    this.#others = null;
    this.#groups = null;
    this.#untoldNames.clear();
    this.#untoldStatus.clear();
  }

  /** Calls `come` when there is something to tell, in place of the connection, until the function returned is called. */
  watch(come: () => void): () => void {
    this.#come = come;
    return () => {
      this.#come = null;
    };
  }

  /** The client has made a change itself: one of an account, or of what it is subscribed to. */
  made(change: OwnChange): void {
    if (this.#account === null) return;
    this.#own.add(keyOfChange(change));
    const [oldest] = this.#own;
    if (this.#own.size > OWN_CHANGES && oldest !== undefined) this.#own.delete(oldest);
  }

  /** Something is new in the selected mailbox. */
  readonly selectedChanged = (): void => {
    if (this.selected.messages) this.#arrived();
  };

  moved(): void {
    if (this.#metadata.size > 0) this.#arrived();
  }

  changed(changes: readonly AccountChange[]): void {
    for (const change of changes) this.#collect(change);
    if (this.#untoldNames.size > UNTOLD_NAMES) this.#hasOverflown = true;
    if (this.#untoldNames.size > 0 || this.#untoldStatus.size > 0 || this.#hasOverflown) this.#arrived();
  }

  /** STATUS of all that is watched: RFC 5465 §3.1. */
  async tellStatus(): Promise<void> {
    const { out, transport } = this.#session;
    for (const mailbox of this.#watched()) {
      if (this.#isSelected(mailbox) || !this.#wants('MessageNew', mailbox.name)) continue;
      const flags = this.#wants('FlagChange', mailbox.name) ? ['UNSEEN', 'HIGHESTMODSEQ'] : [];
      this.#writeStatus(mailbox, ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY', ...flags]);
      if (out.length > OUTPUT_HIGH_WATER_OCTETS) await transport.flushMuch();
    }
  }

  /** LIST of mailboxes of which the client may know, and asks for more than that: RFC 5465 §3.1. */
  async tellInaccessible(): Promise<void> {
    for (const { name, isReadable } of this.#others?.all() ?? [])
      if (!isReadable && this.#groups?.wantsAny(name, this.#subscriptions) === true) this.#addName(name, null);
    await this.#tellNames();
  }

  /** Tells what has come since; of the selected mailbox, whoever calls. @throws {Abandoned} @throws {StorageError} 'unavailable' */
  async tell(): Promise<void> {
    this.#hasNews = false;
    if (this.#hasOverflown) {
      this.#hasOverflown = false;
      this.close();
      this.#session.out.text('* OK [NOTIFICATIONOVERFLOW] Too much to tell: nothing is watched any more\r\n');
      return;
    }
    await this.#tellNames();
    await this.#tellUntoldStatus();
    await this.#tellMetadata();
  }

  /** FETCH of messages that came into the selected mailbox, of which EXISTS was just told: RFC 5465 §5.2. */
  async tellArrivals(toldUid: number): Promise<void> {
    const { fetch } = this.selected;
    if (fetch === null) return;
    await new FetchAnswer(this.#session, fetch, NONE).write(this.#session.view.uidsAbove(toldUid));
  }

  #arrived(): void {
    this.#hasNews = true;
    if (this.#come === null) this.#session.transport.tellBetweenCommands();
    else this.#come();
  }

  #wants(event: Parameters<EventGroups['wants']>[0], name: string): boolean {
    return this.#groups?.wants(event, name, this.#subscriptions) === true;
  }

  get #subscriptions(): ReadonlySet<string> {
    return this.#account?.subscriptions ?? NO_NAMES;
  }

  /** All that may be read, under the names that they have here. */
  *#watched(): Generator<WatchedMailbox, void> {
    yield* this.#account?.mailboxes.values() ?? [];
    for (const { account, id } of this.#others?.all() ?? []) {
      const mailbox = this.#others?.read(account, id);
      if (mailbox !== undefined) yield mailbox;
    }
  }

  #find({ account, id }: Pick<WatchedMailbox, 'account' | 'id'>): WatchedMailbox | undefined {
    return account === this.#session.account.accountId
      ? this.#account?.mailboxes.get(id)
      : this.#others?.read(account, id);
  }

  #collect(change: AccountChange): void {
    switch (change.type) {
      case 'overflow':
        this.#hasOverflown = true;
        break;
      case 'subscription':
        this.#others?.lookAgain(); // more may be asked for, or less
        if (this.#own.delete(keyOfChange({ name: change.name }))) break;
        if (!this.#wants('SubscriptionChange', change.name)) break;
        this.#addName(change.name, null);
        break;
      case 'created':
      case 'deleted': {
        const { name } = change.mailbox;
        if (this.#isOwn(change.mailbox)) break;
        // The one above may have got its first below, or lost its last: RFC 5465 §5.4.
        const parent = name.slice(0, Math.max(name.lastIndexOf(HIERARCHY_DELIMITER), 0));
        for (const affected of parent === '' ? [name] : [parent, name])
          if (this.#wants('MailboxName', affected)) this.#addName(affected, null);
        break;
      }
      case 'renamed': {
        const { mailbox, oldName, isBelow } = change;
        if (isBelow || this.#isOwn(mailbox)) break;
        if (this.#wants('MailboxName', mailbox.name) || this.#wants('MailboxName', oldName))
          this.#addName(mailbox.name, oldName);
        break;
      }
      case 'messages':
        this.#collectStatus(change);
        break;
      case 'rights':
        // Of mailboxes of others it is how much may be told: RFC 5465 §5.9. One's own are one's own.
        if (isOfOtherUsers(change.mailbox.name) && this.#groups?.wantsAny(change.mailbox.name, this.#subscriptions))
          this.#addName(change.mailbox.name, null);
        break;
      default:
        change satisfies never;
    }
  }

  #isOwn({ account, modSeq }: Pick<WatchedMailbox, 'account' | 'modSeq'>): boolean {
    return this.#own.has(keyOfChange({ account, modSeq }));
  }

  #addName(name: string, oldName: string | null): void {
    const untold = this.#untoldNames.get(name);
    this.#untoldNames.set(name, { oldName: oldName ?? untold?.oldName ?? null });
  }

  #collectStatus({ mailbox, counts, unseen }: Extract<AccountChange, { type: 'messages' }>): void {
    const flags = unseen || this.#session.hasEnabled('CONDSTORE');
    const event = counts ? 'MessageNew' : 'FlagChange';
    if (!(counts || flags) || !this.#wants(event, mailbox.name)) return;
    const { account, id } = mailbox;
    const key = `${account}:${id}`;
    const untold = this.#untoldStatus.get(key);
    this.#untoldStatus.set(key, {
      account,
      id,
      counts: counts || untold?.counts === true,
      unseen: unseen || untold?.unseen === true,
    });
  }

  #isSelected({ account, id }: Pick<WatchedMailbox, 'account' | 'id'>): boolean {
    const mailbox = this.#session.selected?.mailbox;
    return mailbox?.id === id && mailbox.account === account;
  }

  async #tellNames(): Promise<void> {
    if (this.#untoldNames.size === 0 || this.#account === null) return;
    const untold = [...this.#untoldNames];
    this.#untoldNames.clear();
    const { out, transport } = this.#session;
    const others = new Map([...(this.#others?.all() ?? [])].map(({ name, isReadable }) => [name, isReadable]));
    const mailboxes = [...this.#account.mailboxes.values(), ...[...others.keys()].map(withoutUse)];
    const names = await KnownNames.of(mailboxes, [...this.#subscriptions], () => transport.flushMuch());
    for (const [name, { oldName }] of untold) {
      const { exists, specialUse, isSubscribed } = names.get(name);
      const attributes = [names.hasChildren(name) ? '\\HasChildren' : '\\HasNoChildren'];
      if (!exists) attributes.unshift('\\NonExistent');
      if (others.get(name) === false) attributes.unshift('\\NoAccess');
      if (isSubscribed) attributes.push('\\Subscribed');
      if (specialUse !== null) attributes.push(specialUse);
      out.text('* LIST ').flagList(attributes).text(` "${HIERARCHY_DELIMITER}" `);
      this.#session.writeMailboxName(name);
      if (oldName !== null && exists) {
        out.text(' ("OLDNAME" (');
        this.#session.writeMailboxName(oldName).text('))');
      }
      out.crlf();
      if (out.length > OUTPUT_HIGH_WATER_OCTETS) await transport.flushMuch();
    }
  }

  async #tellUntoldStatus(): Promise<void> {
    const { out, transport } = this.#session;
    for (const [key, { counts, unseen, ...place }] of [...this.#untoldStatus]) {
      this.#untoldStatus.delete(key);
      const mailbox = this.#find(place);
      if (mailbox === undefined || this.#isSelected(place)) continue; // gone, or told otherwise
      const items = counts ? ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY'] : ['UIDVALIDITY'];
      if (unseen) items.push('UNSEEN');
      if (this.#session.hasEnabled('CONDSTORE')) items.push('HIGHESTMODSEQ');
      this.#writeStatus(mailbox, items);
      if (out.length > OUTPUT_HIGH_WATER_OCTETS) await transport.flushMuch();
    }
  }

  async #tellMetadata(): Promise<void> {
    try {
      for (const [keeper, metadata] of this.#metadata) {
        if (this.#groups === null) return;
        await metadata.tell(null, (change) =>
          this.#isOwn({ account: keeper, modSeq: change.modseq }) ? null : this.#nameFor(change, keeper),
        );
      }
      await this.#beginMetadataOfOthers();
    } catch (error) {
      this.#hasNews = true; // to be told behind the next command
      throw error;
    }
  }

  /** The name of the mailbox, or the empty one of the server, if the client wants to hear of its metadata. */
  #nameFor({ entry, owner, mailbox }: AnnotationChange, keeper: AccountId): string | null {
    const { accountId } = this.#session.account;
    const isTold = owner === accountId && this.#session.metadataNews !== null; // to who enabled METADATA
    if (isTold || (keeper !== accountId && entry.startsWith(PRIVATE))) return null;
    if (mailbox === null) return keeper === accountId && this.#groups?.hasAny('ServerMetadataChange') ? '' : null;
    const name = this.#find({ account: owner, id: mailbox.id })?.name;
    return name !== undefined && this.#wants('MailboxMetadataChange', name) ? name : null;
  }

  #writeStatus(mailbox: WatchedMailbox, items: readonly string[]): void {
    const { out } = this.#session;
    out.text('* STATUS ');
    this.#session.writeMailboxName(mailbox.name).text(' (');
    items.forEach((item, index) => {
      if (index > 0) out.sp();
      out.text(item).sp().number(statusValue(mailbox, item));
    });
    out.text(')\r\n');
  }
}

const keyOfChange = (change: OwnChange): string =>
  'name' in change ? `name ${change.name}` : `${change.account}:${change.modSeq}`;

/** What special use a mailbox of somebody else has is its owner's (RFC 6154 §2). */
const withoutUse = (name: string) => ({ name, specialUse: null });

function statusValue(mailbox: WatchedMailbox, item: string): number {
  switch (item) {
    case 'MESSAGES':
      return mailbox.messages;
    case 'UIDNEXT':
      return mailbox.uidNext;
    case 'UIDVALIDITY':
      return mailbox.uidvalidity;
    case 'UNSEEN':
      return mailbox.unseen;
    default:
      return mailbox.highestModSeq;
  }
}
