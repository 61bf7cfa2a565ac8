import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import type { ClientKey, LoginContext, SessionEnd } from '@postel/directory';
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
import { clientAddress, hostNames, type Logger, type ServerCertificates, TlsConnection } from '@postel/supervision';
import { capabilities } from './capabilities.ts';
import { Abandoned, Bad, InputEnded, No, type Ok } from './command.ts';
import { commands } from './commands/table.ts';
import { CompressedInput } from './compressed-input.ts';
import { deflate, deflateLast } from './deflate.ts';
import { failureOf } from './failure.ts';
import {
  ANSWER_OCTETS,
  BAD_COMMANDS,
  BAD_COMMANDS_BEFORE_LOGIN,
  COMMANDS_A_TURN,
  DISCARDED_OCTETS,
  IDLE_TIMEOUT_MS,
  LINGER_MS,
  LOGIN_TIMEOUT_MS,
  OUTPUT_HIGH_WATER_OCTETS,
  PROGRESS_MS,
  SESSION_END_MS,
  TLS_HANDSHAKE_MS,
  WRITE_TIMEOUT_MS,
} from './limits.ts';
import { logInByKey } from './log-in.ts';
import { type ResponseCode, writeResponseCode } from './response-code.ts';
import { type Services, Session, type Transport, type WorkProgress } from './session.ts';

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

const FLUSHED = Promise.resolve();
const ID_CHARACTERS = 6;

/** A last block of DEFLATE data, with nothing in it. */
const LAST_BLOCK = deflateLast([]);

/** One client: reads its commands one after the other, runs them, answers. */
export class Connection implements Transport, CommandPolicy {
  readonly id = randomInt(36 ** ID_CHARACTERS)
    .toString(36)
    .padStart(ID_CHARACTERS, '0');
  readonly out = new ResponseWriter();
  readonly remoteAddress: string;
  readonly #options: ConnectionOptions;
  readonly #log: Logger;
  readonly #session: Session;
  readonly #reader: CommandReader;
  /** Made when somebody first asks for it: a login does not. */
  #gone: AbortController | null = null;
  #isGone = false;
  #socket: Socket;
  #tls: TlsConnection | null = null;
  /** What comes between the next answer and what follows it. */
  #nextLayer: 'tls' | 'compression' | 'none' | null = null;
  #isCompressed = false;
  #compressedInput: CompressedInput | null = null;
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
    this.#socket = socket;
    this.#options = options;
    this.remoteAddress = clientAddress(socket);
    this.#log = log.child({ connection: this.id, client: this.remoteAddress });
    this.#session = new Session(this, services, this.#log);
    this.#reader = new CommandReader({
      onFlow: (paused) => (this.#compressedInput === null ? this.#flow(!paused) : this.#compressedInput.pause(paused)),
    });
    this.#loginTimer = setTimeout(this.#onTimeout, LOGIN_TIMEOUT_MS);
    this.#attach();
  }

  get security(): ConnectionSecurity {
    return {
      isTls: this.#tls !== null,
      allowPlaintextWithoutTls: this.#options.allowPlaintextLogin,
      channelBinding: this.#tls?.channelBinding ?? null,
      hasExternalIdentity: this.clientKey !== null,
      service: 'imap',
      hostNames: hostNames(this.#session.services.hostname, this.#tls),
    };
  }

  get loginContext(): LoginContext {
    const { remoteAddress, clientKey } = this;
    const { protocol: tlsVersion = null, unknownKey = null } = this.#tls ?? {};
    return { service: 'imap', clientAddress: remoteAddress, tlsVersion, clientKey, unknownKey };
  }

  get clientKey(): ClientKey | null {
    return this.#tls?.clientKey ?? null;
  }

  get gone(): AbortSignal {
    this.#gone ??= new AbortController();
    if (this.#isGone) this.#abort();
    return this.#gone.signal;
  }

  get canStartTls(): boolean {
    return this.#tls === null;
  }

  get isCompressed(): boolean {
    return this.#isCompressed;
  }

  /** Serves the client until either side ends. Never rejects. */
  async serve(): Promise<void> {
    try {
      this.#socket.setNoDelay(true);
      if (this.#socket instanceof TLSSocket) await this.#secured(this.#socket);
      await this.#greet();
      await this.#converse();
    } catch (error) {
      if (!(error instanceof Abandoned)) this.#log.error({ err: error }, 'connection failed');
    } finally {
      this.#session.close();
      this.#hangUp();
    }
  }

  /** Says BYE when the command in hand is answered, and closes. */
  stop(): void {
    this.#end({ code: null, text: 'Postel is stopping: connect again' });
  }

  /** Closes without a word. */
  destroy(): void {
    this.#reader.end();
    this.#socket.destroy();
  }

  flush(): Promise<void> {
    const pieces = this.out.take();
    return this.#send(this.#isCompressed ? deflate(pieces) : pieces);
  }

  #send(pieces: readonly Buffer[]): Promise<void> {
    const socket = this.#socket;
    if (socket.destroyed) return pieces.length > 0 ? Promise.reject(new Abandoned('the client is gone')) : FLUSHED;
    if (pieces.length > 1) socket.cork();
    for (const piece of pieces) socket.write(piece);
    if (pieces.length > 1) socket.uncork();
    return socket.writableLength > OUTPUT_HIGH_WATER_OCTETS ? this.#drained() : FLUSHED;
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
    this.#endTimer = setTimeout(() => {
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
    this.#socket.setTimeout(0);
    this.#loginTimer = setTimeout(this.#onTimeout, LOGIN_TIMEOUT_MS);
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
    const isKnown = this.clientKey?.isImapPreauth === true && (await logInByKey(this.#session));
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

  // --- The socket ---

  #attach(): void {
    const socket = this.#socket;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onClose);
    socket.on('error', this.#onError);
    socket.on('timeout', this.#onTimeout);
  }

  #detach(): void {
    const socket = this.#socket;
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('close', this.#onClose);
    socket.off('timeout', this.#onTimeout);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#compressedInput === null) this.#reader.push(chunk);
    else this.#compressedInput.push(chunk);
  };

  /** The client has closed its side, or is gone. Commands that came before are still answered. */
  readonly #onEnd = (): void => {
    this.#isEndNews = true;
    if (this.#compressedInput === null) this.#reader.end();
    else this.#compressedInput.end();
    if (this.#silence !== null) this.#tellOfWork(this.#silence.progress);
  };

  /** RFC 9585. To a client that is gone it cannot be sent, and the socket closes. One that reads nothing is told nothing more. */
  #tellOfWork(progress: WorkProgress | null): void {
    this.#isEndNews = false;
    if (this.#socket.writableNeedDrain) return;
    writeResponseCode(this.out.text('* OK '), { type: 'INPROGRESS', tag: this.#session.tag, progress });
    this.out.text('Still at work').crlf();
    this.flush().catch(() => {}); // the work is given up with the connection
  }

  readonly #onClose = (): void => {
    this.#isGone = true;
    this.#abort();
    this.#reader.end();
  };

  #abort(): void {
    this.#gone?.abort(new Abandoned('the client is gone'));
  }

  readonly #onError = (error: Error): void => {
    this.#log.debug({ err: error }, 'socket error');
  };

  readonly #onTimeout = (): void => {
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
    this.#socket.setTimeout(IDLE_TIMEOUT_MS);
  }

  /** Closes our side. What the client still sends is dropped, so that it can read what we said last. */
  #hangUp(): void {
    if (this.#loginTimer !== null) clearTimeout(this.#loginTimer);
    clearTimeout(this.#endTimer);
    const socket = this.#socket;
    this.#compressedInput = null;
    this.#reader.end();
    this.#reader.discardBuffered();
    socket.setTimeout(0);
    if (socket.destroyed) return;
    if (this.#isCompressed) socket.end(LAST_BLOCK);
    else socket.end();
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
  }

  /** Waits until the client has taken what was sent. */
  #drained(): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        socket.off('drain', done);
        socket.off('close', done);
        if (socket.destroyed) reject(new Abandoned('the client is gone'));
        else resolve();
      };
      const timer = setTimeout(() => {
        this.#log.info('the client takes nothing: closing');
        socket.destroy();
      }, WRITE_TIMEOUT_MS);
      socket.on('drain', done);
      socket.on('close', done);
    });
  }

  async #changeLayer(layer: 'tls' | 'compression' | 'none'): Promise<void> {
    this.#nextLayer = null;
    if (layer === 'none' && this.#isCompressed) {
      await this.#endCompression();
      return;
    }
    await this.flush();
    if (layer === 'tls') await this.#upgrade();
    if (layer === 'compression') this.#compress();
  }

  /** RFC 4978 §3. The client waits for our answer before it compresses; what came before would be taken for something else. */
  #compress(): void {
    if (this.#reader.discardBuffered() > 0) throw new Abandoned('commands behind COMPRESS');
    this.#isCompressed = true;
    this.#compressedInput = new CompressedInput(this.#reader, {
      flow: (flows) => this.#flow(flows),
      damaged: (error) => {
        this.#log.info({ err: error }, 'the client compresses wrongly: closing');
        this.#compressedInput = null;
        this.#end({ code: null, text: 'That is no DEFLATE data' });
      },
      left: () => {
        this.#compressedInput = null;
      },
    });
  }

  /** RFC 8437 §4.1. The answer is the last that is compressed; the client may have gone on without. */
  #endCompression(): Promise<void> {
    this.#isCompressed = false;
    const flushed = this.#send([deflateLast(this.out.take())]);
    this.#compressedInput?.leave();
    return flushed;
  }

  #flow(flows: boolean): void {
    if (flows) this.#socket.resume();
    else this.#socket.pause();
  }

  /** RFC 9051 §6.2.1. What was sent in the clear behind STARTTLS, by the client or somebody in between, is dropped. */
  async #upgrade(): Promise<void> {
    const dropped = this.#reader.discardBuffered();
    if (dropped > 0) {
      this.#log.warn({ octets: dropped }, 'commands were sent in the clear behind STARTTLS: closing');
      throw new Abandoned('plaintext behind STARTTLS');
    }
    this.#detach(); // but for errors, which may still come
    const { certificates, asksClientCertificate } = this.#options;
    const secure = new TLSSocket(this.#socket, {
      isServer: true,
      secureContext: certificates.context,
      SNICallback: certificates.choose,
      requestCert: asksClientCertificate,
      rejectUnauthorized: false, // the key says who it is, and no authority
    });
    this.#socket = secure;
    await this.#handshake(secure);
    this.#session.forgetProgram(); // which anybody may have named
    this.#attach();
    await this.#secured(secure);
  }

  async #secured(socket: TLSSocket): Promise<void> {
    this.#tls = new TlsConnection(socket, this.#options.certificates);
    const { directory } = this.#session.services;
    await this.#tls.identifyClient(directory, this.#log);
    if (this.#tls.unknownKey !== null) directory.recordUnknownKey(this.loginContext);
  }

  #handshake(secure: TLSSocket): Promise<void> {
    return new Promise((resolve, reject) => {
      let reason: unknown = null;
      const timer = setTimeout(() => secure.destroy(new Error('the TLS handshake took too long')), TLS_HANDSHAKE_MS);
      const failed = (error: unknown) => {
        reason = error;
      };
      const closed = () => {
        clearTimeout(timer);
        this.#log.info({ err: reason }, 'TLS handshake failed: the client speaks no TLS, or nothing in common');
        reject(new Abandoned('TLS handshake failed'));
      };
      secure.allowHalfOpen = false; // who closes now is gone
      secure.on('error', failed);
      secure.once('close', closed);
      secure.once('secure', () => {
        secure.allowHalfOpen = true;
        clearTimeout(timer);
        secure.off('error', failed);
        secure.off('close', closed);
        resolve();
      });
    });
  }
}
