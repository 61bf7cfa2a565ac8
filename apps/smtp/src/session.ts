import { isUtf8 } from 'node:buffer';
import { setImmediate } from 'node:timers/promises';
import type { SmtpListener, SmtpListenerKind } from '@postel/config';
import {
  type AuthenticatedAccount,
  type ClientKey,
  DirectoryError,
  type LoginContext,
  type SessionEnd,
} from '@postel/directory';
import type { ConnectionSecurity } from '@postel/sasl';
import { type AccountId, StorageError } from '@postel/storage';
import { hostNames, type Logger } from '@postel/supervision';
import type { Command, Step } from './command.ts';
import { findCommand } from './command-table.ts';
import type { InputLine } from './input.ts';
import {
  COMMAND_LINE_OCTETS,
  COMMANDS_A_TURN,
  COMMANDS_BEFORE_LOGIN,
  COMMANDS_WITHOUT_PROGRESS,
  FAILED_LOGINS,
  FAULTS,
  GREETING_MS,
  LOGIN_MS,
  SESSION_END_MS,
  UNKNOWN_RECIPIENT_MS,
  UNKNOWN_RECIPIENTS,
  UNKNOWN_RECIPIENTS_AT_ONCE,
} from './limits.ts';
import { listenerName } from './listener-name.ts';
import { logInByKey } from './log-in-by-key.ts';
import type { MailTransaction } from './mail-transaction.ts';
import type { Use } from './network-use.ts';
import { SessionRecord } from './record/session-record.ts';
import { formatReply, Hangup, replies, SmtpError, type SmtpReply, storageReplies } from './replies.ts';
import type { Services } from './services.ts';
import type { Wire } from './wire.ts';

/** How a client introduced itself. */
export interface Greeting {
  readonly verb: 'EHLO' | 'HELO' | 'LHLO';
  readonly clientName: string;
}

/** A command's name and, after a space, its argument. */
const COMMAND = /^([a-z]+)(?: +(.*))?$/i;
const PRINTABLE_ASCII = /^[ -~]*$/;
/** Control characters, ends of lines, and what turns the direction of a line in a log around. */
const NEVER_IN_COMMANDS = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;
/** What comes behind it is no commands, even if the line cannot be read (RFC 3030 §2). */
const BDAT = /^bdat(?![!-~])/i;
/** What a browser may be made to send to any port. */
const HTTP = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE|PRI) .*HTTP\/|^HOST:/i;

const sessionEnds = {
  account: replies.accountEnded,
  credential: replies.credentialEnded,
} as const satisfies Record<SessionEnd, SmtpReply>;

/** What is said to the rest of a pipelined group whose MAIL or RCPTs were refused: it is the fault of nobody. */
const CONSEQUENCES: ReadonlySet<SmtpReply> = new Set([replies.needsMail, replies.noRecipientsLmtp]);

/** One client's dialogue: what it has told so far, and the loop that reads its commands and answers them. */
export class Session {
  readonly wire: Wire;
  readonly services: Services;
  readonly listener: SmtpListener;
  log: Logger;
  greeting: Greeting | null = null;
  account: AuthenticatedAccount | null = null;
  transaction: MailTransaction | null = null;
  messages = 0;
  readonly record = new SessionRecord(this);
  /** Whom the RCPT in hand leads to. */
  concerned: AccountId | null = null;
  #commands = 0;
  #commandsWithoutProgress = 0;
  #greetedAt = 0;
  #unknownRecipients = 0;
  /** What SPF says of the name in a greeting. */
  #vouching: { readonly greeting: Greeting | null; readonly passes: Promise<boolean> } | null = null;
  #faults = 0;
  /** In the count of the account's sessions. */
  #place: Disposable | null = null;
  #failedLogins = 0;
  /** The session is to end with it, after the mail transaction in hand. */
  #farewell: SmtpReply | null = null;
  #watch: Disposable | null = null;
  #endTimer: NodeJS.Timeout | undefined;
  #lastReply: SmtpReply | null = null;

  constructor(wire: Wire, services: Services, listener: SmtpListener, log: Logger) {
    this.wire = wire;
    this.services = services;
    this.listener = listener;
    this.log = log;
  }

  get kind(): SmtpListenerKind {
    return this.listener.kind;
  }

  get listenerName(): string {
    return listenerName(this.listener);
  }

  get clientKey(): ClientKey | null {
    return this.wire.tls?.clientKey ?? null;
  }

  get security(): ConnectionSecurity {
    return {
      isTls: this.wire.tls !== null,
      allowPlaintextWithoutTls: this.listener.allowPlaintextLogin,
      channelBinding: this.wire.tls?.channelBinding ?? null,
      hasExternalIdentity: this.clientKey !== null,
      service: 'smtp',
      hostNames: hostNames(this.services.hostname, this.wire.tls),
    };
  }

  get loginContext(): LoginContext {
    const { clientKey } = this;
    const { remoteAddress, tls } = this.wire;
    const { protocol: tlsVersion = null, unknownKey = null } = tls ?? {};
    return { service: 'smtp', clientAddress: remoteAddress, tlsVersion, clientKey, unknownKey };
  }

  /** As SPF knows it (RFC 7208 §2.3). */
  get client(): { readonly clientAddress: string; readonly clientName: string } {
    return { clientAddress: this.wire.remoteAddress, clientName: this.greeting?.clientName ?? '' };
  }

  /** By which the reply, the log and Received name the next message. */
  get nextMessageId(): string {
    return `${this.wire.id}-${this.messages + 1}`;
  }

  /** Serves the client to the end. @param refusal the only reply there is, if the client may not come in */
  async run(refusal: SmtpReply | null): Promise<void> {
    try {
      await this.#greet(refusal);
      for (;;) await this.#serve();
    } catch (error) {
      if (!(error instanceof Hangup)) this.log.error({ err: error }, 'the session ends by a fault of ours');
      if (error instanceof Hangup && error.reply !== null) this.reply(error.reply);
      const why = error instanceof Hangup ? error.message : 'error';
      const { messages } = this;
      if (this.transaction !== null) this.record.breakOff(this.transaction, why);
      this.log.info({ why, commands: this.#commands, messages, tls: this.wire.tls?.protocol }, 'disconnecting');
    } finally {
      void this.endTransaction();
      this.#loggedOut();
      clearTimeout(this.#endTimer);
      this.wire.close();
    }
  }

  /** Ends the session with `reply` as soon as it waits for the client. */
  hangUp(reply: SmtpReply): void {
    this.#lastReply ??= reply;
    this.wire.stopReading();
  }

  /** Ends the session with `reply` once its mail transaction, if there is one, has ended. */
  stop(reply: SmtpReply): void {
    this.#farewell ??= reply;
    if (this.transaction === null) this.hangUp(reply);
  }

  reply(reply: SmtpReply): void {
    this.wire.write(formatReply(reply, this.wire.id));
  }

  /** Gives one of the replies of a command that has several. */
  answer(command: Command<unknown>, reply: SmtpReply): void {
    this.reply(reply[0] >= 400 ? this.#refuse(command, '', reply) : reply);
  }

  /** Sends an intermediate reply (3yz), which the client waits for. */
  async ask(reply: SmtpReply): Promise<void> {
    this.reply(reply);
    await this.wire.flush();
  }

  /** To be thrown when the client sends nothing more. */
  ended(): Hangup {
    return new Hangup(this.#lastReply, this.#lastReply === null ? 'the client closed' : describe(this.#lastReply));
  }

  /** RFC 3207 §4.2, and what EHLO and RSET do as well: RFC 5321 §4.1.1.1, §4.1.1.5. */
  forgetEverything(): void {
    this.greeting = null;
    this.#loggedOut();
    void this.endTransaction();
  }

  /** Forgets the mail transaction, if there is one, and what came of its message. */
  async endTransaction(): Promise<void> {
    const { transaction } = this;
    this.transaction = null;
    this.record.forgetRefusedMail();
    if (transaction !== null) this.record.breakOff(transaction, 'the client began anew, or ended, without a message');
    await transaction?.chunks
      ?.abort()
      .catch((err: unknown) => this.log.warn({ err }, 'what came of a message stays behind'));
  }

  /** @throws {Hangup} if the account has too many sessions */
  loggedIn(account: AuthenticatedAccount): void {
    const { connectionCount, sessionCount } = this.services;
    if (!connectionCount.isTrusted(this.wire.remoteAddress)) {
      this.#place = sessionCount.enter(account.accountId);
      if (this.#place === null) throw new Hangup(replies.tooManyOfAccount, 'too many sessions of the account');
    }
    this.account = account;
    this.#watch = this.services.directory.watchSession(account, this.#endSession);
    this.log = this.log.child({ account: account.name });
    this.services.metrics.logins.inc({ outcome: 'success' });
    this.log.info('logged in');
  }

  #loggedOut(): void {
    this.account = null;
    this.#watch?.[Symbol.dispose]();
    this.#watch = null;
    this.#place?.[Symbol.dispose]();
    this.#place = null;
  }

  readonly #endSession = (reason: SessionEnd): void => {
    this.log.info({ reason }, 'ending the session: who is logged in may not be any more');
    const reply = sessionEnds[reason];
    this.stop(reply);
    this.#endTimer = setTimeout(() => this.hangUp(reply), SESSION_END_MS);
  };

  /** @throws {Hangup} once there were too many */
  loginFailed(outcome: 'failure' | 'limited'): void {
    this.services.metrics.logins.inc({ outcome });
    if (++this.#failedLogins >= FAILED_LOGINS) throw new Hangup(replies.tooManyLogins, 'too many refused logins');
  }

  /** There was too much of it from the client's network; only MX counts. */
  isBeyond(use: Use): boolean {
    return this.kind === 'mx' && this.services.networkUse.isBeyond(this.wire.remoteAddress, use);
  }

  /** A message from <> may have several recipients: SPF passes for the client's name. It is asked once for each greeting. */
  mayBounceToMany(): Promise<boolean> {
    const { greeting, client } = this;
    const { incoming } = this.services;
    if (incoming.isExempt(client.clientAddress)) return Promise.resolve(true);
    if (this.#vouching?.greeting !== greeting) this.#vouching = { greeting, passes: incoming.namePasses(client) };
    return this.#vouching?.passes ?? Promise.resolve(false);
  }

  /** A message was accepted, or a recipient. */
  count(use: 'messages' | 'recipients'): void {
    if (this.kind === 'mx') this.services.networkUse.add(this.wire.remoteAddress, use);
  }

  /** A recipient or a message was accepted. */
  progressed(): void {
    this.#commandsWithoutProgress = 0;
  }

  /**
   * Makes guessing addresses slow. LMTP is for a server that is trusted and knows its addresses from elsewhere.
   *
   * @throws {Hangup} once there were too many
   */
  async unknownRecipient(): Promise<void> {
    if (this.kind !== 'mx') return;
    const beyond = ++this.#unknownRecipients - UNKNOWN_RECIPIENTS_AT_ONCE;
    if (this.#unknownRecipients >= UNKNOWN_RECIPIENTS) {
      throw new Hangup(replies.tooManyUnknown, 'asked for too many addresses that do not exist');
    }
    const { networkUse, wait } = this.services;
    networkUse.add(this.wire.remoteAddress, 'failures');
    const delayMs = Math.max(beyond * UNKNOWN_RECIPIENT_MS, networkUse.failureDelayMs(this.wire.remoteAddress));
    if (delayMs >= UNKNOWN_RECIPIENT_MS) await wait(delayMs);
  }

  async #greet(refusal: SmtpReply | null): Promise<void> {
    if (refusal !== null) {
      this.record.connectionRefused(refusal);
      throw new Hangup(refusal, describe(refusal));
    }
    // Whoever talks before being greeted does not listen (RFC 5321 §3.1), so what is said is not for us. Reading begins in
    // one turn of the event loop, and what is here already comes in the next. Programs that send junk are given some time.
    await setImmediate();
    await setImmediate();
    if (this.kind === 'mx') await this.services.wait(GREETING_MS);
    if (this.wire.hasOctets) {
      this.record.connectionRefused(replies.earlyTalker);
      throw new Hangup(replies.earlyTalker, 'spoke before the greeting');
    }
    this.#greetedAt = this.services.now();
    this.log.info({ tls: this.wire.tls?.protocol }, 'connected');
    this.reply([220, null, `${this.services.hostname} ${this.kind === 'lmtp' ? 'LMTP' : 'ESMTP'} Postel`]);
  }

  async #serve(): Promise<void> {
    if (this.#farewell !== null && this.transaction === null) {
      throw new Hangup(this.#farewell, describe(this.#farewell));
    }
    await this.wire.flushUnlessMore();
    const line = await this.wire.readLine();
    this.#count();
    if (this.#commands % COMMANDS_A_TURN === 0) await setImmediate();

    const reply = await this.#answer(line);
    if (reply === null) return;
    this.reply(reply);
    if (reply[0] === 221 || reply[0] === 421) throw new Hangup(null, describe(reply));
  }

  #count(): void {
    this.#commands++;
    if (this.kind === 'lmtp') return; // the server in front may have many addresses to ask for that are gone
    if (this.kind === 'mx') {
      if (++this.#commandsWithoutProgress <= COMMANDS_WITHOUT_PROGRESS) return;
      throw new Hangup(replies.noProgress, 'too many commands that brought nothing');
    }
    if (this.account !== null) return;
    if (this.#commands > COMMANDS_BEFORE_LOGIN) {
      throw new Hangup(replies.tooManyCommands, 'too many commands without a login');
    }
    if (this.services.now() - this.#greetedAt > LOGIN_MS) {
      throw new Hangup(replies.loginTooLate, 'no login in time');
    }
  }

  async #answer(line: InputLine): Promise<SmtpReply | null> {
    switch (line.type) {
      case 'line':
        return await this.#dispatch(line.octets);
      case 'bare-line-feed':
        return this.#refuseLine(line.start, replies.bareLineFeed);
      case 'too-long':
        return this.#refuseLine(line.start, replies.lineTooLong);
      case 'endless':
        throw new Hangup(replies.lineTooLong, 'a line without end');
      case 'too-slow':
        throw new Hangup(replies.tooSlow, 'a line that took too long');
      case 'tls':
        throw new Hangup(replies.tlsTooEarly, 'the client spoke TLS where plain text and STARTTLS were due');
      case 'end':
        throw this.ended();
      default:
        return line satisfies never;
    }
  }

  /** @param start how it begins. @throws {Hangup} */
  #refuseLine(start: Buffer, reply: SmtpReply): SmtpReply {
    if (BDAT.test(start.toString('latin1'))) throw new Hangup(reply, 'a chunk whose end cannot be found');
    return this.#refuse(null, '', reply);
  }

  async #dispatch(octets: Buffer): Promise<SmtpReply | null> {
    const text = withoutSpacesAtEnd(octets.toString(isUtf8(octets) ? 'utf8' : 'latin1'));
    const [, name = '', argument = ''] = COMMAND.exec(text) ?? [];
    const command = findCommand(name, this.kind);
    if (BDAT.test(text) && (octets.length > COMMAND_LINE_OCTETS || !PRINTABLE_ASCII.test(text))) {
      throw new Hangup(replies.badChunk, 'a chunk whose end cannot be found');
    }
    if (octets.length > COMMAND_LINE_OCTETS && command?.name !== 'AUTH') {
      return this.#refuse(command, '', replies.lineTooLong);
    }
    const isUtf8Text = () => command?.takesUtf8 === true && isUtf8(octets) && !NEVER_IN_COMMANDS.test(text);
    if (!PRINTABLE_ASCII.test(text) && !isUtf8Text()) return this.#refuse(command, '', replies.badCharacters);
    if (command === null) {
      if (HTTP.test(text)) throw new Hangup(replies.notHttp, 'HTTP');
      return this.#refuse(null, '', replies.unknownCommand);
    }
    // Only EHLO tells of PIPELINING (RFC 2920 §3.1). Servers wait; programs that send junk often do not.
    if (this.kind === 'mx' && this.greeting?.verb !== 'EHLO' && this.wire.hasOctets) {
      throw new Hangup(replies.pipelinedTooEarly, 'sent commands ahead without having read EHLO');
    }
    this.concerned = null;
    try {
      await this.require(command.needs);
      const reply = await command.run(this, command.parse(argument));
      return reply !== null && reply[0] >= 400 ? this.#refuse(command, argument, reply) : reply;
    } catch (error) {
      return this.#refuse(command, argument, this.replyTo(error));
    }
  }

  /** @throws {SmtpError} if the session is not there yet; {DirectoryError} */
  async require(step: Step): Promise<void> {
    if (step === 'connection') return;
    if (this.greeting === null) {
      throw new SmtpError(this.kind === 'lmtp' ? replies.needsGreetingLmtp : replies.needsGreeting);
    }
    if (step === 'greeting') return;
    // Whoever has shown the key of an account needs no AUTH.
    if (this.kind === 'submission' && this.account === null && !(await logInByKey(this))) {
      // It would be, perhaps: who has a key and no password must not give up for good.
      if (this.wire.tls?.isClientUnclear === true) throw new SmtpError(replies.unavailable);
      const { isTls, allowPlaintextWithoutTls } = this.security;
      throw new SmtpError(isTls || allowPlaintextWithoutTls ? replies.needsLogin : replies.needsTlsAndLogin);
    }
    if (step === 'transaction' && this.transaction === null) throw new SmtpError(replies.needsMail);
  }

  /** The one place where an error becomes an answer. @throws {Hangup} where there is none to give */
  replyTo(error: unknown): SmtpReply {
    if (error instanceof SmtpError) return error.reply;
    if (error instanceof Hangup) throw error;
    if (error instanceof StorageError) {
      const reply = storageReplies[error.kind];
      this.log.warn({ err: error, kind: error.kind }, 'the message was not stored');
      if (reply === null) throw new Hangup(null, 'it is not known whether the message was stored');
      return reply;
    }
    if (error instanceof DirectoryError && error.kind === 'unavailable') {
      this.log.warn({ err: error }, 'the directory does not answer');
      return replies.unavailable;
    }
    this.log.error({ err: error }, 'a command failed by a fault of ours');
    return replies.unavailable;
  }

  /** Counts and logs a refusal. What a client sent is logged only for commands that bear no secret. */
  #refuse(command: Command<unknown> | null, argument: string, reply: SmtpReply): SmtpReply {
    const [code] = reply;
    const name = command?.name ?? 'unknown';
    this.services.metrics.refusals.inc({ listener: this.listenerName, command: name, class: Math.floor(code / 100) });
    const shown: { argument?: string } = command?.showsArgument === true && argument !== '' ? { argument } : {};
    this.log.info({ command: name, reply: describe(reply), ...shown }, 'refused');
    this.record.commandRefused(name, shown.argument ?? '', reply, this.concerned);

    const isFault = ((code >= 500 && code <= 504) || code === 555) && !CONSEQUENCES.has(reply);
    if (isFault && ++this.#faults >= FAULTS) throw new Hangup(replies.tooManyFaults, 'too many errors');
    return reply;
  }
}

function withoutSpacesAtEnd(text: string): string {
  let end = text.length;
  while (text[end - 1] === ' ') end--;
  return text.slice(0, end);
}

function describe([code, enhancedStatusCode]: SmtpReply): string {
  return enhancedStatusCode === null ? String(code) : `${code} ${enhancedStatusCode}`;
}
