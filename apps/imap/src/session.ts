import type { AuthenticatedAccount, Directory } from '@postel/directory';
import type { Arguments, LiteralHeader, ResponseWriter } from '@postel/imap-wire';
import type { ConnectionSecurity } from '@postel/sasl';
import type { Store } from '@postel/storage';
import type { Logger } from '@postel/supervision';
import { type AnyCommand, Bad, No, type Ok } from './command.ts';
import { flagListOctets, mailboxFlags } from './flags.ts';
import type { MailboxView } from './mailbox-view.ts';

/** What a session needs of the connection under it. */
export interface Transport {
  readonly id: string;
  readonly out: ResponseWriter;
  readonly security: ConnectionSecurity;
  readonly canStartTls: boolean;
  /** Sends what was written; resolves when the client has taken enough of it. */
  flush(): Promise<void>;
  /** Sends `+ text` and gives the line that the client answers with; null at the end of the connection. */
  ask(challenge: string): Promise<string | null>;
  /** Reads one line as soon as it comes; null at the end of the connection. */
  readLine(): Promise<string | null>;
  /** The octets of the command's message literal, after the continuation if the client waits for one. */
  receiveMessage(literal: LiteralHeader): AsyncIterable<Buffer>;
  /** The end of the line behind a message literal. @throws {Bad} if something stands there */
  endOfCommand(): Promise<void>;
  /** Begins TLS after the tagged OK that the caller returns. */
  startTlsAfterAnswer(): void;
}

/** What all sessions of a process share. */
export interface Services {
  readonly store: Store;
  readonly directory: Directory;
  readonly hostname: string;
}

/** The IMAP side of one connection: its state (RFC 9051 §3) and what its commands use. */
export class Session {
  readonly transport: Transport;
  readonly services: Services;
  readonly log: Logger;
  #account: AuthenticatedAccount | null = null;
  #view: MailboxView | null = null;
  isLoggedOut = false;
  loginFailures = 0;

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

  logIn(account: AuthenticatedAccount): void {
    this.#account = account;
    this.log.info({ account: account.name }, 'logged in');
  }

  select(view: MailboxView): void {
    this.unselect();
    this.#view = view;
  }

  unselect(): void {
    this.#view?.close();
    this.#view = null;
  }

  close(): void {
    this.unselect();
    this.isLoggedOut = true;
  }

  /** Parses and runs one command. @throws {No | Bad | ParseError | StorageError} */
  execute(command: AnyCommand, args: Arguments): Promise<Ok> {
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
    return command.prepare(args, this)();
  }

  /** Throws unless a mailbox is selected that may be changed. */
  requireWritable(): void {
    if (this.view.isReadOnly) throw new No('The mailbox was opened read-only', 'CANNOT');
  }

  /**
   * Tells the client what is new in its mailbox: removals (unless the numbers must not shift), arrivals, flags.
   *
   * @param ask 'database': what is new in the database; 'memory': what this process has heard of
   * @param hideFlagsOf UIDs whose flags the client knows, because it set them itself without wanting an answer
   */
  async sync({
    ask,
    expunges,
    hideFlagsOf,
  }: {
    ask: 'database' | 'memory';
    expunges: boolean;
    hideFlagsOf?: ReadonlySet<number>;
  }): Promise<void> {
    const view = this.#view;
    if (view === null) return;
    if (ask === 'database') await view.mailbox.refresh();
    else await view.mailbox.refreshTo(this.store.newestModSeq(view.mailbox.account));
    await this.tell({ expunges, ...(hideFlagsOf && { hideFlagsOf }) });
  }

  /** As `sync`, of what the shared mailbox knows already. */
  async tell({ expunges, hideFlagsOf }: { expunges: boolean; hideFlagsOf?: ReadonlySet<number> }): Promise<void> {
    const view = this.#view;
    if (view === null) return;
    const { out } = this;
    const { mailbox } = view;
    if (mailbox.lost !== null) {
      this.bye(mailbox.lost === 'deleted' ? 'The mailbox was deleted' : 'The database was restored: connect again');
      return;
    }
    if (expunges) {
      for (const { sequenceNumber } of view.takeRemovals()) out.text('* ').number(sequenceNumber).text(' EXPUNGE\r\n');
    }
    const changed = view.takeFlagChanges();
    if (view.takeArrivals()) {
      const newest = mailbox.uidNext - 1;
      if (!view.isReadOnly) view.addRecent(await mailbox.claimRecent(), newest);
      out.text('* ').number(view.count).text(' EXISTS\r\n');
      out.text('* ').number(view.recentCount).text(' RECENT\r\n');
    }
    this.#tellFlags(view, changed, hideFlagsOf);
  }

  #tellFlags(view: MailboxView, uids: Uint32Array, hidden: ReadonlySet<number> | undefined): void {
    const { out } = this;
    const { mailbox } = view;
    if (uids.length > 0) this.tellKeywords(view);
    for (const uid of uids) {
      if (hidden?.has(uid)) continue;
      const at = mailbox.table.position(uid);
      if (at < 0) continue;
      out.text('* ').number(view.sequenceNumber(uid)).text(' FETCH (UID ').number(uid).text(' FLAGS ');
      out.octets(flagListOctets(mailbox, mailbox.table.flags(at), mailbox.table.keywordSet(at), view.isRecent(uid)));
      out.text(')\r\n');
    }
  }

  /** FLAGS before the first FETCH that carries a keyword the client has not seen (RFC 9051 §7.3.5). */
  tellKeywords(view: MailboxView): void {
    if (view.toldKeywords === view.mailbox.keywordCount) return;
    view.toldKeywords = view.mailbox.keywordCount;
    this.out.text('* FLAGS ').flagList(mailboxFlags(view.mailbox)).crlf();
  }

  bye(text: string): void {
    this.out.text('* BYE ').humanText(`${text} (${this.transport.id})`).crlf();
    this.close();
  }
}
