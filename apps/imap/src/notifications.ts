import { HIERARCHY_DELIMITER, type MailboxId, type ModSeq, type WatchedMailbox } from '@postel/storage';
import { No } from './command.ts';
import type { EventGroups, SelectedEvents } from './event-groups.ts';
import { FetchAnswer } from './fetch-answer.ts';
import { KnownNames } from './known-names.ts';
import { OUTPUT_HIGH_WATER_OCTETS, UNTOLD_NAMES, WATCHED_MAILBOXES } from './limits.ts';
import { MetadataNews } from './metadata-news.ts';
import type { Session } from './session.ts';
import type { AccountChange, AccountListener, WatchedAccount } from './watched-accounts.ts';

const NONE = new Uint32Array(0);
/** More than may be on their way to be heard of. */
const OWN_CHANGES = 100;
const NOTHING_WANTED: SelectedEvents = { messages: false, flags: false, isDelayed: true, fetch: null };

/** A name of which LIST is to be told. */
interface UntoldName {
  readonly oldName: string | null;
}

/** What is to be told of a mailbox by STATUS. */
interface UntoldStatus {
  counts: boolean;
  unseen: boolean;
}

/**
 * What a client is told after NOTIFY (RFC 5465): of its selected mailbox, by `Session.tell`, only what it asked for; of all
 * others, of names, subscriptions and metadata, what is collected here until nothing else is being said. What happens to one
 * mailbox meanwhile is told together.
 *
 * A change of messages by the client itself is told as those of others; one of a name or a subscription is not (§5).
 */
export class Notifications implements AccountListener {
  readonly #session: Session;
  #groups: EventGroups | null;
  #account: WatchedAccount | null = null;
  #metadata: MetadataNews | null = null;
  readonly #untoldNames = new Map<string, UntoldName>();
  readonly #untoldStatus = new Map<MailboxId, UntoldStatus>();
  /** Changes that the client made itself. */
  readonly #own = new Set<ModSeq | string>();
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
      if (groups.hasAny('MailboxMetadataChange') || groups.hasAny('ServerMetadataChange'))
        notifications.#metadata = await MetadataNews.begin(session);
    } catch (error) {
      notifications.close();
      throw error;
    }
    return notifications;
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

  /** A change of its own account that the client made itself: its modseq, or the name that it subscribed to or not. */
  made(change: ModSeq | string | null): void {
    if (change === null || this.#account === null) return;
    this.#own.add(change);
    const [oldest] = this.#own;
    if (this.#own.size > OWN_CHANGES && oldest !== undefined) this.#own.delete(oldest);
  }

  /** Something is new in the selected mailbox. */
  readonly selectedChanged = (): void => {
    if (this.selected.messages) this.#arrived();
  };

  moved(): void {
    if (this.#metadata !== null) this.#arrived();
  }

  changed(changes: readonly AccountChange[]): void {
    for (const change of changes) this.#collect(change);
    if (this.#untoldNames.size > UNTOLD_NAMES) this.#hasOverflown = true;
    if (this.#untoldNames.size > 0 || this.#untoldStatus.size > 0 || this.#hasOverflown) this.#arrived();
  }

  /** STATUS of all that is watched: RFC 5465 §3.1. */
  async tellStatus(): Promise<void> {
    const { out, transport } = this.#session;
    for (const mailbox of this.#account?.mailboxes.values() ?? []) {
      if (this.#isSelected(mailbox.id) || !this.#wants('MessageNew', mailbox.name)) continue;
      const flags = this.#wants('FlagChange', mailbox.name) ? ['UNSEEN', 'HIGHESTMODSEQ'] : [];
      this.#writeStatus(mailbox, ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY', ...flags]);
      if (out.length > OUTPUT_HIGH_WATER_OCTETS) await transport.flushMuch();
    }
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
    return this.#groups?.wants(event, name, this.#account?.subscriptions ?? new Set()) === true;
  }

  #collect(change: AccountChange): void {
    switch (change.type) {
      case 'overflow':
        this.#hasOverflown = true;
        break;
      case 'subscription':
        if (this.#own.delete(change.name) || !this.#wants('SubscriptionChange', change.name)) break;
        this.#addName(change.name, null);
        break;
      case 'created':
      case 'deleted': {
        const { name, modSeq } = change.mailbox;
        if (this.#own.has(modSeq)) break;
        // The one above may have got its first below, or lost its last: RFC 5465 §5.4.
        const parent = name.slice(0, Math.max(name.lastIndexOf(HIERARCHY_DELIMITER), 0));
        for (const affected of parent === '' ? [name] : [parent, name])
          if (this.#wants('MailboxName', affected)) this.#addName(affected, null);
        break;
      }
      case 'renamed': {
        const { mailbox, oldName, isBelow } = change;
        if (isBelow || this.#own.has(mailbox.modSeq)) break;
        if (this.#wants('MailboxName', mailbox.name) || this.#wants('MailboxName', oldName))
          this.#addName(mailbox.name, oldName);
        break;
      }
      case 'messages':
        this.#collectStatus(change);
        break;
      default:
        change satisfies never;
    }
  }

  #addName(name: string, oldName: string | null): void {
    const untold = this.#untoldNames.get(name);
    this.#untoldNames.set(name, { oldName: oldName ?? untold?.oldName ?? null });
  }

  #collectStatus({ mailbox, counts, unseen }: Extract<AccountChange, { type: 'messages' }>): void {
    const flags = unseen || this.#session.hasEnabled('CONDSTORE');
    const event = counts ? 'MessageNew' : 'FlagChange';
    if (!(counts || flags) || !this.#wants(event, mailbox.name)) return;
    const untold = this.#untoldStatus.get(mailbox.id);
    this.#untoldStatus.set(mailbox.id, {
      counts: counts || untold?.counts === true,
      unseen: unseen || untold?.unseen === true,
    });
  }

  /** Of the mailboxes that are watched, which are the account's own: that of somebody else may have the same id. */
  #isSelected(id: MailboxId): boolean {
    const { selected, account } = this.#session;
    return selected?.mailbox.id === id && selected.mailbox.account === account.accountId;
  }

  async #tellNames(): Promise<void> {
    if (this.#untoldNames.size === 0 || this.#account === null) return;
    const untold = [...this.#untoldNames];
    this.#untoldNames.clear();
    const { out, transport } = this.#session;
    const { mailboxes, subscriptions } = this.#account;
    const names = await KnownNames.of([...mailboxes.values()], [...subscriptions], () => transport.flushMuch());
    for (const [name, { oldName }] of untold) {
      const { exists, specialUse, isSubscribed } = names.get(name);
      const attributes = [names.hasChildren(name) ? '\\HasChildren' : '\\HasNoChildren'];
      if (!exists) attributes.unshift('\\NonExistent');
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
    for (const [id, { counts, unseen }] of [...this.#untoldStatus]) {
      this.#untoldStatus.delete(id);
      const mailbox = this.#account?.mailboxes.get(id);
      if (mailbox === undefined || this.#isSelected(id)) continue; // gone, or told otherwise
      const items = counts ? ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY'] : ['UIDVALIDITY'];
      if (unseen) items.push('UNSEEN');
      if (this.#session.hasEnabled('CONDSTORE')) items.push('HIGHESTMODSEQ');
      this.#writeStatus(mailbox, items);
      if (out.length > OUTPUT_HIGH_WATER_OCTETS) await transport.flushMuch();
    }
  }

  async #tellMetadata(): Promise<void> {
    if (this.#metadata === null || this.#session.metadataNews !== null) return; // or it is told anyway
    try {
      await this.#metadata.tell(null, ({ modseq, mailbox }) => {
        if (this.#own.has(modseq)) return false;
        return mailbox === null
          ? this.#groups?.hasAny('ServerMetadataChange') === true
          : this.#wants('MailboxMetadataChange', mailbox.name);
      });
    } catch (error) {
      this.#hasNews = true; // to be told behind the next command
      throw error;
    }
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
