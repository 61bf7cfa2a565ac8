import type { AuthenticatedAccount, LoginAttempt } from '@postel/directory';
import type { Arguments, ResponseWriter } from '@postel/imap-wire';
import type { QuotaLevel } from '@postel/quota';
import { type Rights, rangesOf, type Store } from '@postel/storage';
import type { Logger } from '@postel/supervision';
import { Abandoned, type AnyCommand, Bad, No, type Ok } from './command.ts';
import type { Extension } from './extensions.ts';
import { notPermitted } from './find-mailbox.ts';
import { permanentFlags } from './flags.ts';
import { OUTPUT_HIGH_WATER_OCTETS } from './limits.ts';
import type { MailboxView } from './mailbox-view.ts';
import type { MetadataNews } from './metadata-news.ts';
import type { Notifications } from './notifications.ts';
import { type ResponseCode, writeResponseCode } from './response-code.ts';
import { isGranted, type Need } from './rights.ts';
import { SearchContexts } from './search-contexts.ts';
import type { Services } from './services.ts';
import type { RememberedTarget } from './target-mailbox.ts';
import { tellFlags } from './tell-flags.ts';
import type { Transport } from './transport.ts';
import { requireNoNumbers } from './uid-only.ts';
import { uidUnion } from './uid-union.ts';
import { tellVanished } from './vanished.ts';

const NONE = new Uint32Array(0);
const NO_TAG = '';
const NO_RIGHTS: Rights = new Set();
const REMOVING: ReadonlySet<string> = new Set(['EXPUNGE', 'UID EXPUNGE', 'MOVE', 'UID MOVE', 'REPLACE', 'UID REPLACE']);
/** Before NOTIFY. */
const ALL_EVENTS = { messages: true, flags: true } as const;

export interface TellOptions {
  /** Whether EXPUNGE may be sent: not where it would shift the numbers of a command (RFC 9051 §7.5.1). */
  readonly expunges: boolean;
  /** Whether all is told, also what NOTIFY has not asked for. */
  readonly isSnapshot?: boolean;
  /** Whether the client knows the flags of a message already, because it set them and wants no answer; its modseq it does not know. */
  readonly isKnown?: (uid: number, at: number) => boolean;
  /** Whether the client was just told of a message as it is. */
  readonly isTold?: (uid: number, at: number) => boolean;
  /** Messages, ascending, whose flags are told whether they changed or not. */
  readonly asked?: Uint32Array;
}

/** The IMAP side of one connection: its state (RFC 9051 §3) and what its commands use. */
export class Session {
  readonly transport: Transport;
  readonly services: Services;
  readonly log: Logger;
  #account: AuthenticatedAccount | null = null;
  #watch: Disposable | null = null;
  #view: MailboxView | null = null;
  /** What a client of CONDSTORE takes for HIGHESTMODSEQ now (RFC 7162 §6): what it was told as such, or the highest modseq told since. */
  #clientModSeq = 0;
  #tag = NO_TAG;
  readonly #enabled = new Set<Extension>();
  isLoggedOut = false;
  #notifications: Notifications | null = null;
  /** The command in hand removes messages, and is answered by what went. */
  #removes = false;
  /** Removals were told since it began. */
  #hasToldRemovals = false;
  /** Settles when all changes of rights to the selected mailbox that were heard of are looked at. */
  #rightsChecked: Promise<void> = Promise.resolve();
  /** Of a client that enabled METADATA. */
  metadataNews: MetadataNews | null = null;
  /** Searches of the selected mailbox that are kept up to date. */
  readonly contexts = new SearchContexts();
  /** The client has said what it is. */
  isIdentified = false;
  loginFailures = 0;
  /** As the client was last told of it; see warnOfQuota. */
  quotaLevel: QuotaLevel = 'low';
  /** Of the last command, if that was an APPEND and the next one need not look for it. */
  lastTarget: RememberedTarget | null = null;
  #attempt: LoginAttempt | null = null;
  #program: string | null = null;
  /** In the count of the account's sessions. */
  #place: Disposable | null = null;

  constructor(transport: Transport, services: Services, log: Logger) {
    this.transport = transport;
    this.services = services;
    this.log = log;
  }

  get out(): ResponseWriter {
    return this.transport.out;
  }

  get store(): Store {
    return this.services.store;
  }

  get isAuthenticated(): boolean {
    return this.#account !== null;
  }

  /** Of the account logged in; commands run only in a state that has one. */
  get account(): AuthenticatedAccount {
    if (this.#account === null) throw new Error('no account in this state');
    return this.#account;
  }

  get view(): MailboxView {
    if (this.#view === null) throw new Error('no mailbox in this state');
    return this.#view;
  }

  get selected(): MailboxView | null {
    return this.#view;
  }

  /** Of the command in hand, for the untagged responses that name it (RFC 4466 §2.6.2); empty if there is none. */
  get tag(): string {
    return this.#tag;
  }

  hasEnabled(extension: Extension): boolean {
    return this.#enabled.has(extension);
  }

  /** What the client is told beside answers; null before the first NOTIFY: then what RFC 9051 has. */
  get notifications(): Notifications | null {
    return this.#notifications;
  }

  /**
   * Replaces what was asked for before: RFC 5465 §3.1.
   *
   * @returns which is the caller's to close
   */
  notify(notifications: Notifications | null): Notifications | null {
    const before = this.#notifications;
    this.#notifications = notifications;
    this.watchSelected();
    return before;
  }

  /** Has news of the selected mailbox told between commands, if the client asked for that. */
  watchSelected(): void {
    if (this.#view !== null) this.#view.onChange = this.#notifications?.selectedChanged ?? null;
  }

  /** @returns whether it was not enabled before */
  enable(extension: Extension): boolean {
    if (this.#enabled.has(extension)) return false;
    this.#enabled.add(extension);
    if (extension === 'IMAP4rev2') this.#view?.forgetRecent();
    return true;
  }

  /** For every command that enables CONDSTORE (RFC 7162 §3.1): the first says HIGHESTMODSEQ, if a mailbox is selected. */
  enableCondstore(): void {
    if (this.enable('CONDSTORE')) this.tellHighestModSeq();
  }

  /** Whether names of mailboxes are UTF-8 on the wire, in both directions; if not, they are modified UTF-7 (RFC 3501 §5.1.3). */
  get hasUtf8Names(): boolean {
    return this.hasEnabled('UTF8=ACCEPT') || this.hasEnabled('IMAP4rev2');
  }

  /** The name of a mailbox, in UTF-8 to a client that enabled it and in modified UTF-7 to others. */
  writeMailboxName(name: string): ResponseWriter {
    return this.out.mailboxName(name, this.hasUtf8Names);
  }

  /** @param mechanism as registered, or how else it is made */
  beginLogin(mechanism: string): LoginAttempt {
    const attempt = this.services.directory.beginLogin(this.transport.loginContext, mechanism);
    if (this.#program !== null) attempt.nameProgram(this.#program);
    this.#attempt = attempt;
    return attempt;
  }

  /** What the client says that it is, for the history of logins: before the login, or soon after it. */
  nameProgram(program: string): void {
    this.#program = program;
    this.#attempt?.nameProgram(program);
  }

  /** The client may say anew what it is. */
  forgetProgram(): void {
    this.isIdentified = false;
    this.#program = null;
    this.#attempt = null;
  }

  /** @throws {No} if the account has too many sessions */
  logIn(account: AuthenticatedAccount): void {
    const { connectionCount, sessionCount } = this.services;
    if (!connectionCount.isTrusted(this.transport.loginContext.clientAddress)) {
      this.#place = sessionCount.enter(account.accountId);
      if (this.#place === null) throw new No('Too many connections of this account', 'LIMIT');
    }
    this.#account = account;
    this.#watch = this.services.directory.watchSession(account, (reason) => this.transport.endSession(reason));
    this.log.info({ account: account.name }, 'logged in');
  }

  /** Forgets who was logged in and all that was done then: RFC 8437 §3. Failed logins count on, and what the client is stays known. */
  logOut(): void {
    this.#leave();
    this.#account = null;
    this.#attempt = null;
    this.quotaLevel = 'low';
    this.lastTarget = null;
    this.#enabled.clear();
    this.metadataNews = null;
  }

  select(view: MailboxView): void {
    this.unselect();
    this.#view = view;
    this.#clientModSeq = view.modSeq;
    this.watchSelected();
    view.onRightsChange = () => this.#checkRights(view);
    if (view.mayHaveOtherRights) this.#checkRights(view);
  }

  /** One after the other, so that none comes with what was true before the last. */
  #checkRights(view: MailboxView): void {
    this.#rightsChecked = this.#rightsChecked.then(() => this.#compareRights(view));
  }

  /**
   * Ends the session if it has lost a right to the mailbox that it has selected; what it has gained it has at once (RFC 4314
   * §5.1.1). The owner has all rights, whatever the list says.
   */
  async #compareRights(view: MailboxView): Promise<void> {
    const { account, id } = view.mailbox;
    const reader = this.#account?.accountId ?? account;
    if (reader === account) return;
    let rights: Rights = NO_RIGHTS;
    try {
      rights = await this.store.sharing.readRightsOf(reader, account, id);
    } catch (error) {
      this.log.warn({ err: error }, 'rights to a mailbox could not be read'); // so that nobody knows whether they are there still
    }
    if (this.#view !== view) return;
    if (!view.rights.isSubsetOf(rights)) this.transport.endSession('rights');
    else if (rights.size > view.rights.size) view.gain(rights);
  }

  unselect(): void {
    this.contexts.clear();
    this.#view?.close();
    this.#view = null;
  }

  close(): void {
    this.#leave();
    this.isLoggedOut = true;
  }

  #leave(): void {
    this.unselect();
    this.#notifications?.close();
    this.#notifications = null;
    this.#watch?.[Symbol.dispose]();
    this.#watch = null;
    this.#place?.[Symbol.dispose]();
    this.#place = null;
  }

  /** Parses and runs one command. @throws {No | Bad | ParseError | StorageError | DirectoryError} */
  async execute(tag: string, command: AnyCommand, args: Arguments): Promise<Ok> {
    this.#tag = tag;
    this.#removes = REMOVING.has(command.name);
    this.#hasToldRemovals = false;
    if (command.name !== 'APPEND') this.lastTarget = null;
    try {
      const end = await this.#run(command, args);
      const modSeq = this.#takeNewModSeq();
      if (modSeq !== null && end.code === null) return { ...end, code: { type: 'HIGHESTMODSEQ', modSeq } };
      if (modSeq !== null) this.tellHighestModSeq();
      return end;
    } catch (error) {
      if (!(error instanceof Abandoned)) this.correctModSeq();
      throw error;
    } finally {
      this.#tag = NO_TAG;
    }
  }

  #run(command: AnyCommand, args: Arguments): Promise<Ok> {
    switch (command.state) {
      case 'any':
        break;
      case 'not-authenticated':
        if (this.isAuthenticated) throw new Bad('Already logged in');
        break;
      case 'authenticated':
        if (!this.isAuthenticated) throw new Bad('Log in first');
        break;
      case 'selected':
        if (this.#view === null) throw new Bad(this.isAuthenticated ? 'Select a mailbox first' : 'Log in first');
        break;
      default:
        command.state satisfies never;
    }
    requireNoNumbers(this, command.name);
    return command.prepare(args, this)();
  }

  /** Throws unless a mailbox is selected that may be changed in that way. */
  requireWritable(need: Need): void {
    if (!isGranted(this.view.rights, need)) throw notPermitted();
    if (this.view.isReadOnly) throw new No('The mailbox was opened read-only', 'CANNOT');
  }

  /**
   * Tells the client what is new in its mailbox: removals (unless the numbers must not shift), arrivals, flags.
   *
   * @param options.ask 'database': what is new in the database; 'memory': what this process has heard of
   * @throws {No} the mailbox is gone, and the connection with it
   */
  async sync({ ask, ...options }: { ask: 'database' | 'memory' } & TellOptions): Promise<void> {
    const view = this.#view;
    if (view === null) return;
    if (ask === 'database') await this.store.refreshMailbox(view.mailbox);
    else await view.mailbox.refreshTo(this.store.newestModSeq(view.mailbox.account));
    await this.tell(options);
  }

  /**
   * As `sync`, behind what is done already: a message that is stored gets its OK, whatever fails now. A NO would have it
   * stored a second time; news that is not told now is told later.
   */
  async syncAfterChange(options: { ask: 'database' | 'memory' } & TellOptions): Promise<void> {
    try {
      await this.sync(options);
    } catch (error) {
      if (error instanceof Abandoned) throw error;
      if (!(error instanceof No)) this.log.error({ err: error }, 'news of the mailbox could not be told');
    }
  }

  /** As `sync`, of what the shared mailbox knows already. */
  async tell({ expunges, isSnapshot = false, asked = NONE, ...known }: TellOptions): Promise<void> {
    const view = this.#view;
    if (view === null) return;
    const { out } = this;
    const { mailbox } = view;
    if (mailbox.lost !== null) {
      this.bye(mailbox.lost === 'deleted' ? 'The mailbox was deleted' : 'The database was restored: connect again');
      throw new No('The mailbox is gone', 'NONEXISTENT');
    }
    this.#tellGain(view);
    const wanted = isSnapshot ? ALL_EVENTS : (this.#notifications?.selected ?? ALL_EVENTS);
    if (expunges && (wanted.messages || this.#removes)) {
      // Of all that is told behind it: more may go while a long update waits for the client.
      for (let told = 0; !this.contexts.isEmpty && told < view.removals.length; ) {
        const { removals } = view;
        told = removals.length;
        await this.contexts.tellRemovals(this, removals);
      }
      await this.#tellRemovals(view);
    }
    const changed = wanted.flags ? uidUnion(view.takeFlagChanges(), asked) : asked;
    const { toldUid } = view;
    if (wanted.messages && view.takeArrivals()) {
      await this.claimRecent(view);
      out.text('* ').number(view.count).text(' EXISTS\r\n');
      if (!this.hasEnabled('IMAP4rev2')) out.text('* ').number(view.recentCount).text(' RECENT\r\n');
    }
    await tellFlags(this, changed, known);
    if (!this.contexts.isEmpty)
      await this.contexts.tellChanges(this, uidUnion(changed, view.uidsAbove(toldUid)), toldUid);
    if (view.toldUid > toldUid) await this.#notifications?.tellArrivals(toldUid);
  }

  /** Rights that the client did not have before: RFC 4314 §5.1.1, RFC 3501 §7.1. */
  #tellGain(view: MailboxView): void {
    const gain = view.takeGain();
    if (gain === 'writable') this.out.text('* OK [READ-WRITE] You may change the mailbox from now on\r\n');
    if (gain !== 'none') this.tellPermanentFlags(view);
  }

  tellPermanentFlags(view: MailboxView): void {
    const flags = view.isReadOnly ? [] : permanentFlags(view);
    this.out.text('* OK [PERMANENTFLAGS ').flagList(flags).text('] Flags that are kept\r\n');
  }

  /** Whoever tells the modseq of a message says so: the client may take it for HIGHESTMODSEQ until it is told better. */
  noteModSeq(modSeq: number): void {
    this.#clientModSeq = Math.max(this.#clientModSeq, modSeq);
  }

  /** MODSEQ of a message, in a FETCH. */
  writeModSeq(modSeq: number): void {
    this.noteModSeq(modSeq);
    this.out.text('MODSEQ (').number(modSeq).text(')');
  }

  /** HIGHESTMODSEQ of the selected mailbox, if there is one. */
  tellHighestModSeq(): void {
    if (this.#view === null) return;
    this.#clientModSeq = this.#view.modSeq;
    writeResponseCode(this.out.text('* OK '), { type: 'HIGHESTMODSEQ', modSeq: this.#clientModSeq });
    this.out.text('Told so far\r\n');
  }

  /**
   * Says HIGHESTMODSEQ where the client would otherwise take another: a higher one, when not all was told that happened before
   * what was told, or a lower one, when what was told has no modseq (VANISHED). At the end of a command it stands in the
   * tagged OK, if there is room (RFC 7162 §6); of one that removes messages always (§3.2.7, §3.2.9).
   */
  correctModSeq(): void {
    if (this.#takeNewModSeq() !== null) this.tellHighestModSeq();
  }

  #takeNewModSeq(): number | null {
    const view = this.#view;
    if (view === null || !this.hasEnabled('CONDSTORE')) return null;
    const { modSeq } = view;
    const isDue = this.#removes && this.#hasToldRemovals;
    const isBetter = modSeq < this.#clientModSeq || (modSeq > this.#clientModSeq && !view.hasRemovals);
    if (!isDue && !isBetter) return null;
    this.#clientModSeq = modSeq;
    return modSeq;
  }

  /** Tells what NOTIFY asked for, while no command is in hand. @throws {No} the mailbox is gone, and the connection with it */
  async tellNews(): Promise<void> {
    const news = this.#notifications;
    if (news === null) return;
    await news.tell();
    if (news.selected.messages) await this.tell({ expunges: !news.selected.isDelayed });
    this.correctModSeq();
    await this.transport.flush();
  }

  /**
   * Makes recent to this session what no other has seen as such: not in IMAP4rev2, which knows of no such thing. Not worth an
   * error: RFC 3501 §2.3.2 asks for no more than an effort.
   */
  async claimRecent(view: MailboxView): Promise<void> {
    if (view.isReadOnly || this.hasEnabled('IMAP4rev2')) return;
    const { toldUid } = view;
    try {
      view.addRecent(await view.mailbox.claimRecent(), toldUid);
    } catch (error) {
      this.log.warn({ err: error }, 'recent messages could not be claimed');
    }
  }

  async #tellRemovals(view: MailboxView): Promise<void> {
    const { out } = this;
    this.#hasToldRemovals ||= view.hasRemovals;
    if (this.hasEnabled('UIDONLY') || this.hasEnabled('QRESYNC')) {
      await tellVanished(this, '* VANISHED ', rangesOf(view.takeRemovedUids()));
      return;
    }
    for (const sequenceNumber of view.takeRemovals()) {
      out.text('* ').number(sequenceNumber).text(' EXPUNGE\r\n');
      if (out.length > OUTPUT_HIGH_WATER_OCTETS) await this.transport.flushMuch();
    }
  }

  bye(text: string, code: ResponseCode | null = null): void {
    this.out.text('* BYE ');
    if (code !== null) writeResponseCode(this.out, code);
    this.out.humanText(`${text} (${this.transport.id})`).crlf();
    this.close();
  }
}
