import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LoginContext, SessionEnd } from '@postel/directory';
import {
  Arguments,
  type CommandLimits,
  type CommandParts,
  type CommandPolicy,
  CommandReader,
  type LiteralHeader,
  type LiteralUse,
  limitsAfterLogin,
  limitsBeforeLogin,
  type ReadResult,
  type RefusalReason,
  ResponseWriter,
  tagOf,
  withSmallLiterals,
} from '@postel/imap-wire';
import type { ConnectionSecurity } from '@postel/sasl';
import { clientAddress, hostNames, type Logger, type ServerCertificates } from '@postel/supervision';
import { capabilities } from './capabilities.ts';
import { ClientSocket } from './client-socket.ts';
import { Abandoned, Bad, InputEnded, No, type Ok } from './command.ts';
import { commands } from './commands/table.ts';
import { failureOf } from './failure.ts';
import {
  ANSWER_OCTETS,
  BAD_COMMANDS,
  BAD_COMMANDS_BEFORE_LOGIN,
  COMMANDS_A_TURN,
  DISCARDED_OCTETS,
  IDLE_TIMEOUT_MS,
  LOGIN_TIMEOUT_MS,
  PROGRESS_MS,
  SESSION_END_MS,
} from './limits.ts';
import { logInByKey } from './log-in.ts';
import { type ResponseCode, writeResponseCode } from './response-code.ts';
import type { Services } from './services.ts';
import { Session } from './session.ts';
import type { Transport, WorkProgress } from './transport.ts';

/** What all connections of a listener share. */
export interface ConnectionOptions {
  readonly allowPlaintextLogin: boolean;
  readonly asksClientCertificate: boolean;
  readonly certificates: ServerCertificates;
}

interface Farewell {
  readonly code: ResponseCode | null;
  readonly text: string;
}

/** RFC 5530 §3. */
const sessionEnds = {
  account: { code: 'CONTACTADMIN', text: 'The account was disabled or removed' },
  credential: { code: 'EXPIRED', text: 'What you logged in with was changed or removed, or has expired: log in again' },
  rights: { code: 'NOPERM', text: 'Your rights to the mailbox have changed: connect again' },
} as const satisfies Record<SessionEnd | 'rights', Farewell>;

const refusals: Record<RefusalReason, string> = {
  'text-too-long': 'The command is too long',
  'literal-too-large': 'The literal is too large',
  'literals-too-large': 'The literal is too large',
  'too-many-literals': 'Too many literals',
  'literal-refused': 'The literal is too large',
};

const ID_CHARACTERS = 6;

/** One client: reads its commands one after the other, runs them, answers. */
export class Connection implements Transport, CommandPolicy {
  readonly id = randomInt(36 ** ID_CHARACTERS)
    .toString(36)
    .padStart(ID_CHARACTERS, '0');
  readonly out = new ResponseWriter();
  readonly #options: ConnectionOptions;
  readonly #log: Logger;
  readonly #session: Session;
  readonly #reader: CommandReader;
  readonly #client: ClientSocket;
  /** What comes between the next answer and what follows it. */
  #nextLayer: 'tls' | 'compression' | 'none' | null = null;
  /** What BYE is to say when the command in hand is answered: the server wants to end the connection. */
  #farewell: Farewell | null = null;
  #endTimer: NodeJS.Timeout | undefined;
  #loginTimer: NodeJS.Timeout | null;
  /** Where the message literal of the current command stands. */
  #literal: { readonly header: LiteralHeader; state: 'announced' | 'streaming' | 'read' } | null = null;
  #badCommands = 0;
  /** A command may come at any time; until it does, nothing is being said but what `#interlude` says. */
  #isWaiting = false;
  #interlude: Promise<void> | null = null;
  /** The client has closed its side, and nothing was said since to find out whether it is there. */
  #isEndNews = false;
  /** The command in hand works and says nothing; it may know how far it is. */
  #silence: { readonly progress: WorkProgress | null } | null = null;

  constructor(socket: Socket, services: Services, options: ConnectionOptions, log: Logger) {
    this.#options = options;
    this.#log = log.child({ connection: this.id, client: clientAddress(socket) });
    this.#session = new Session(this, services, this.#log);
    this.#reader = new CommandReader({ onFlow: (paused) => this.#client.hold(paused) });
    this.#client = new ClientSocket(socket, {
      ...options,
      directory: services.directory,
      reader: this.#reader,
      log: this.#log,
      ended: () => this.#ended(),
      timedOut: this.#timedOut,
      damaged: () => this.#end({ code: null, text: 'That is no DEFLATE data' }),
    });
    this.#loginTimer = setTimeout(this.#timedOut, LOGIN_TIMEOUT_MS);
  }

  get security(): ConnectionSecurity {
    const { tls, clientKey } = this.#client;
    return {
      isTls: tls !== null,
      allowPlaintextWithoutTls: this.#options.allowPlaintextLogin,
      channelBinding: tls?.channelBinding ?? null,
      hasExternalIdentity: clientKey !== null,
      service: 'imap',
      hostNames: hostNames(this.#session.services.hostname, tls),
    };
  }

  get loginContext(): LoginContext {
    return this.#client.loginContext;
  }

  get gone(): AbortSignal {
    return this.#client.gone;
  }

  get canStartTls(): boolean {
    return this.#client.tls === null;
  }

  get isCompressed(): boolean {
    return this.#client.isCompressed;
  }

  /** Serves the client until either side ends. Never rejects. */
  async serve(): Promise<void> {
    try {
      await this.#client.begin();
      await this.#greet();
      await this.#converse();
    } catch (error) {
      if (!(error instanceof Abandoned)) this.#log.error({ err: error }, 'connection failed');
    } finally {
      this.#session.close();
      if (this.#loginTimer !== null) clearTimeout(this.#loginTimer);
      clearTimeout(this.#endTimer);
      this.#client.hangUp();
    }
  }

  /** Says BYE when the command in hand is answered, and closes. */
  stop(): void {
    this.#end({ code: null, text: 'Postel is stopping: connect again' });
  }

  /** Closes without a word. */
  destroy(): void {
    this.#client.destroy();
  }

  flush(): Promise<void> {
    return this.#client.send(this.out.take());
  }

  async flushMuch(): Promise<void> {
    await this.flush();
    await nextTurn();
  }

  async whileSilent<Result>(work: Promise<Result>, progress: WorkProgress | null = null): Promise<Result> {
    this.#silence = { progress };
    if (this.#isEndNews) this.#tellOfWork(progress);
    const timer = setInterval(() => this.#tellOfWork(progress), PROGRESS_MS);
    try {
      return await work;
    } finally {
      clearInterval(timer);
      this.#silence = null;
    }
  }

  async ask(challenge: string): Promise<string> {
    this.out.text('+ ').text(challenge).crlf();
    await this.flush();
    return this.readLine();
  }

  async readLine(): Promise<string> {
    const line = await this.#reader.readLine(ANSWER_OCTETS);
    if (line.type === 'end') throw new InputEnded();
    if (line.type === 'text-too-long') {
      this.#session.bye('The line is too long');
      throw new Bad('The line is too long');
    }
    if (line.literal !== null) {
      // Its octets may follow already, and must not be taken for commands.
      this.#session.bye('No literal is expected here');
      throw new Bad('No literal is expected here');
    }
    return line.text.toString('latin1');
  }

  async *receiveMessage(literal: LiteralHeader): AsyncGenerator<Buffer> {
    if (this.#literal === null) throw new Error('the command has no message literal');
    this.#literal.state = 'streaming';
    if (literal.sync) {
      this.sendContinuation();
      await this.flush();
    }
    yield* this.#reader.streamLiteral(literal.size);
  }

  async readOn(takesMessage: (args: Arguments) => boolean): Promise<Arguments> {
    const utf8 = this.#session.hasUtf8Names;
    const rest = await this.#reader.readRest({
      limits: this.limits,
      sendContinuation: () => this.sendContinuation(),
      onLiteral: (parts, messageLiteral) =>
        takesMessage(new Arguments(parts, { utf8, messageLiteral })) ? 'message' : 'buffer',
    });
    if (rest.type === 'end') throw new InputEnded();
    if (rest.type === 'message-literal') {
      this.#literal = { header: rest.literal, state: 'announced' };
      return new Arguments(rest.parts, { utf8, messageLiteral: rest.literal });
    }
    if (this.#literal !== null) this.#literal.state = 'read';
    if (rest.type === 'command') return new Arguments(rest.parts, { utf8 });
    const text = refusals[rest.reason];
    const code = rest.reason === 'literal-refused' ? null : 'TOOBIG';
    if (!rest.inStep) this.#session.bye(text, code);
    throw new Bad(text, code);
  }

  endSession(reason: SessionEnd | 'rights'): void {
    this.#log.info({ reason }, 'ending the session: who is logged in may not go on');
    this.#end(sessionEnds[reason]);
    this.#endTimer ??= setTimeout(() => {
      this.#log.info('the command in hand takes too long: closing');
      this.destroy();
    }, SESSION_END_MS);
  }

  tellBetweenCommands(): void {
    if (this.#isWaiting) this.#interlude ??= this.#tellNews();
  }

  startTlsAfterAnswer(): void {
    this.#nextLayer = 'tls';
  }

  compressAfterAnswer(): void {
    this.#nextLayer = 'compression';
  }

  beginAnewAfterAnswer(): void {
    this.#nextLayer = 'none';
    this.#client.setTimeout(0);
    this.#loginTimer = setTimeout(this.#timedOut, LOGIN_TIMEOUT_MS);
  }

  // --- How commands are read: CommandPolicy ---

  get limits(): CommandLimits {
    const { isAuthenticated, services } = this.#session;
    const limits = isAuthenticated ? limitsAfterLogin : limitsBeforeLogin;
    return services.literals === 'LITERAL-' ? withSmallLiterals(limits) : limits;
  }

  sendContinuation(): void {
    if (this.#interlude !== null) {
      this.#interlude.then(() => this.sendContinuation());
      return;
    }
    this.out.text('+ OK\r\n');
    this.flush().catch(() => {}); // the wait for the literal ends with the connection
  }

  onLiteral(partial: CommandParts, literal: LiteralHeader): LiteralUse {
    if (!this.#session.isAuthenticated) return 'buffer';
    const args = new Arguments(partial, { messageLiteral: literal, utf8: this.#session.hasUtf8Names });
    try {
      args.tag();
      return commands.find(args.sp())?.takesMessage(args) ? 'message' : 'buffer';
    } catch {
      return 'buffer'; // what is malformed is told when the command is whole
    }
  }

  // --- Commands ---

  /** RFC 9051 §7.1: PREAUTH for a client whose key says whose it is, if that is not left to AUTHENTICATE EXTERNAL. */
  async #greet(): Promise<void> {
    const isKnown = this.#client.clientKey?.isImapPreauth === true && (await logInByKey(this.#session));
    if (isKnown) this.#endLoginTimer();
    this.out.text(isKnown ? '* PREAUTH ' : '* OK ');
    writeResponseCode(this.out, { type: 'CAPABILITY', names: capabilities(this.#session) });
    this.out.text(isKnown ? 'Postel ready, and you are logged in' : 'Postel ready').crlf();
    await this.flush();
  }

  async #converse(): Promise<void> {
    try {
      for (let count = 1; !this.#session.isLoggedOut && this.#farewell === null; count++) {
        const result = await this.#nextCommand();
        if (result.type === 'end') break;
        await this.#answer(result);
        if (this.#nextLayer === null) await this.flush();
        else await this.#changeLayer(this.#nextLayer);
        if (this.#session.isAuthenticated) this.#endLoginTimer();
        // A client with thousands of commands on their way must not keep the others waiting.
        if (count % COMMANDS_A_TURN === 0) await nextTurn();
      }
    } catch (error) {
      if (!(error instanceof InputEnded)) throw error;
    }
    if (this.#farewell !== null && !this.#session.isLoggedOut) {
      this.#session.bye(this.#farewell.text, this.#farewell.code);
      await this.flush();
    }
  }

  /** What the client asked to hear at any time is told before, and while nothing comes. */
  async #nextCommand(): Promise<ReadResult> {
    this.#isWaiting = true;
    if (this.#session.notifications?.hasNews === true) this.tellBetweenCommands();
    const result = await this.#reader.readCommand(this);
    this.#isWaiting = false;
    await this.#interlude;
    return this.#session.isLoggedOut ? { type: 'end' } : result;
  }

  async #tellNews(): Promise<void> {
    try {
      // Also what comes meanwhile; but a command that has come waits no longer than for what is being told.
      do await this.#session.tellNews();
      while (this.#isWaiting && this.#session.notifications?.hasNews === true);
    } catch (error) {
      if (error instanceof Abandoned) return; // the reader finds out
      if (!(error instanceof No)) this.#log.error({ err: error }, 'news could not be told');
      if (this.out.isWithinLine) this.destroy();
      else await this.flush().catch(() => {});
    } finally {
      this.#interlude = null;
      if (this.#session.isLoggedOut) this.#reader.end();
    }
  }

  async #answer(result: Exclude<ReadResult, { type: 'end' }>): Promise<void> {
    if (result.type === 'refused') {
      this.#refuse(result);
      return;
    }
    const isMessage = result.type === 'message-literal';
    this.#literal = isMessage ? { header: result.literal, state: 'announced' } : null;
    const utf8 = this.#session.hasUtf8Names;
    const args = new Arguments(result.parts, isMessage ? { utf8, messageLiteral: result.literal } : { utf8 });
    const tag = tagOf(result.parts);
    let name = 'unknown';
    try {
      if (tag === null) throw new Bad('A command begins with a tag');
      args.tag();
      const command = commands.find(args.sp());
      if (command === null) throw new Bad('Unknown command');
      name = command.name;
      this.#succeeded(tag, name, await this.#session.execute(tag, command, args));
    } catch (error) {
      await this.#skipLiteral();
      this.#failed(tag, name, error);
    }
    this.#literal = null;
  }

  #succeeded(tag: string, name: string, { code, text }: Ok): void {
    this.#badCommands = 0;
    this.#session.services.metrics.commands.inc({ command: name, outcome: 'OK' });
    this.#tagged(tag, 'OK', code, text);
  }

  #failed(tag: string | null, name: string, error: unknown): void {
    const { condition, code, text } = failureOf(error, this.#log);
    this.#session.services.metrics.commands.inc({ command: name, outcome: condition });
    if (this.out.isWithinLine) throw new Abandoned('an answer broke off'); // whatever is said would be taken for part of it
    const most = this.#session.isAuthenticated ? BAD_COMMANDS : BAD_COMMANDS_BEFORE_LOGIN;
    if (condition === 'BAD' && ++this.#badCommands >= most) {
      this.#session.bye('Too many commands that are none', 'CLIENTBUG');
    }
    this.#tagged(tag ?? '*', condition, code, this.#withId(text));
  }

  #refuse({ tag, reason, inStep }: Extract<ReadResult, { type: 'refused' }>): void {
    const text = refusals[reason];
    if (!inStep) this.#session.bye(text, reason === 'literal-refused' ? null : 'TOOBIG'); // RFC 7888 §5
    this.#tagged(tag ?? '*', 'BAD', reason === 'literal-refused' ? null : 'TOOBIG', this.#withId(text));
  }

  /** After an error: what the client still sends of the message must not be taken for commands. */
  async #skipLiteral(): Promise<void> {
    const literal = this.#literal;
    if (literal === null || literal.state === 'read') return;
    const rest = await this.#reader.skipRest(literal.state === 'announced' ? literal.header : null, DISCARDED_OCTETS);
    if (rest === 'out-of-step') this.#session.bye('The message is too large', 'TOOBIG');
    if (rest === 'end') throw new InputEnded();
  }

  #tagged(tag: string, condition: 'OK' | 'NO' | 'BAD', code: ResponseCode | null, text: string): void {
    this.out.text(tag).sp().text(condition).sp();
    if (code !== null) writeResponseCode(this.out, code);
    this.out.humanText(text).crlf();
  }

  #withId(text: string): string {
    return `${text} (${this.id})`;
  }

  // --- What becomes of the connection ---

  #ended(): void {
    this.#isEndNews = true;
    if (this.#silence !== null) this.#tellOfWork(this.#silence.progress);
  }

  /** RFC 9585. To a client that is gone it cannot be sent, and the socket closes. One that reads nothing is told nothing more. */
  #tellOfWork(progress: WorkProgress | null): void {
    this.#isEndNews = false;
    if (this.#client.isFull) return;
    writeResponseCode(this.out.text('* OK '), { type: 'INPROGRESS', tag: this.#session.tag, progress });
    this.out.text('Still at work').crlf();
    this.flush().catch(() => {}); // the work is given up with the connection
  }

  readonly #timedOut = (): void => {
    this.#end({ code: null, text: 'Autologout: nothing heard for too long' });
  };

  #end(farewell: Farewell): void {
    this.#farewell ??= farewell;
    this.#reader.end();
  }

  #endLoginTimer(): void {
    if (this.#loginTimer === null) return;
    clearTimeout(this.#loginTimer);
    this.#loginTimer = null;
    this.#client.setTimeout(IDLE_TIMEOUT_MS);
  }

  async #changeLayer(layer: 'tls' | 'compression' | 'none'): Promise<void> {
    this.#nextLayer = null;
    if (layer === 'none' && this.#client.isCompressed) {
      await this.#client.endCompression(this.out.take());
      return;
    }
    await this.flush();
    if (layer === 'compression') this.#client.compress();
    if (layer !== 'tls') return;
    await this.#client.startTls();
    this.#session.forgetProgram(); // which anybody may have named
  }
}
