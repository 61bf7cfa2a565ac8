import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import {
  Arguments,
  type CommandPolicy,
  CommandReader,
  type LiteralHeader,
  limitsAfterLogin,
  limitsBeforeLogin,
  ParseError,
  type ReadResult,
  ResponseWriter,
  tagOf,
} from '@postel/imap-wire';
import type { ConnectionSecurity } from '@postel/sasl';
import { StorageError } from '@postel/storage';
import type { Logger } from '@postel/supervision';
import { capabilities } from './capabilities.ts';
import { Abandoned, Bad, No, type Ok } from './command.ts';
import { commands } from './commands/table.ts';
import {
  BAD_COMMANDS,
  DISCARDED_OCTETS,
  IDLE_TIMEOUT_MS,
  LOGIN_TIMEOUT_MS,
  OUTPUT_HIGH_WATER_OCTETS,
  TLS_HANDSHAKE_MS,
  WRITE_TIMEOUT_MS,
} from './limits.ts';
import type { ImapMetrics } from './metrics.ts';
import { type ResponseCode, storageErrorCode, writeResponseCode } from './response-code.ts';
import { type Services, Session, type Transport } from './session.ts';

/** The longest line that a client may answer a challenge with (RFC 9051 §6.2.2 asks for 12,288 octets). */
const ANSWER_OCTETS = 12_288;

export interface ConnectionOptions {
  readonly isTls: boolean;
  readonly allowPlaintextLogin: boolean;
  readonly secureContext: () => SecureContext;
  readonly metrics: ImapMetrics;
}

/** One client: reads its commands one after the other, runs them, answers. */
export class Connection implements Transport {
  readonly id = randomBytes(5).toString('base64url').slice(0, 6);
  readonly out = new ResponseWriter();
  readonly #options: ConnectionOptions;
  readonly #log: Logger;
  readonly #session: Session;
  readonly #reader: CommandReader;
  #socket: Socket;
  #isTls: boolean;
  #startTls = false;
  #isClosing = false;
  /** Where the message literal of the current command stands. */
  #literal: { readonly header: LiteralHeader; state: 'announced' | 'streaming' | 'read' } | null = null;
  #badCommands = 0;

  constructor(socket: Socket, services: Services, options: ConnectionOptions, log: Logger) {
    this.#socket = socket;
    this.#options = options;
    this.#isTls = options.isTls;
    this.#log = log.child({ connection: this.id, client: socket.remoteAddress });
    this.#session = new Session(this, services, this.#log);
    this.#reader = new CommandReader({
      onFlow: (paused) => (paused ? this.#socket.pause() : this.#socket.resume()),
    });
    this.#attach();
  }

  get security(): ConnectionSecurity {
    return { isTls: this.#isTls, allowPlaintextWithoutTls: this.#options.allowPlaintextLogin };
  }

  get canStartTls(): boolean {
    return !this.#isTls;
  }

  /** Serves the client until either side ends. Never rejects. */
  async serve(): Promise<void> {
    try {
      this.#socket.setNoDelay(true);
      this.out.text('* OK ');
      writeResponseCode(this.out, { type: 'CAPABILITY', names: capabilities(this.#session) });
      this.out.text('Postel ready').crlf();
      await this.flush();
      while (!this.#session.isLoggedOut && !this.#isClosing) {
        const result = await this.#reader.readCommand(this.#policy());
        if (result.type === 'end') break;
        await this.#answer(result);
        await this.flush();
        if (this.#startTls) await this.#upgrade();
        if (this.#session.isAuthenticated) this.#socket.setTimeout(IDLE_TIMEOUT_MS);
      }
    } catch (error) {
      if (!(error instanceof Abandoned)) this.#log.error({ err: error }, 'connection failed');
    } finally {
      this.#session.close();
      this.#socket.end();
      this.#socket.setTimeout(TLS_HANDSHAKE_MS);
    }
  }

  /** Says BYE, unless in the middle of an answer, and closes. */
  async shutDown(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (this.out.length === 0) this.out.text('* BYE Postel is stopping: connect again\r\n');
    await this.flush().catch(() => {});
    this.#reader.end();
    this.#socket.end();
  }

  async flush(): Promise<void> {
    const pieces = this.out.take();
    const socket = this.#socket;
    if (socket.destroyed) {
      if (pieces.length > 0) throw new Abandoned('the client is gone');
      return;
    }
    if (pieces.length > 1) socket.cork();
    for (const piece of pieces) socket.write(piece);
    if (pieces.length > 1) socket.uncork();
    if (socket.writableLength > OUTPUT_HIGH_WATER_OCTETS) await this.#drained();
  }

  async ask(challenge: string): Promise<string | null> {
    this.out.text('+ ').text(challenge).crlf();
    await this.flush();
    return this.readLine();
  }

  async readLine(): Promise<string | null> {
    const line = await this.#reader.readLine(ANSWER_OCTETS);
    if (line.type === 'text-too-long') throw new Bad('The line is too long');
    if (line.type === 'line' && line.literal !== null) throw new Bad('No literal is expected here');
    return line.type === 'end' ? null : line.text.toString('latin1');
  }

  async *receiveMessage(literal: LiteralHeader): AsyncGenerator<Buffer> {
    if (this.#literal === null) throw new Error('the command has no message literal');
    this.#literal.state = 'streaming';
    if (literal.sync) {
      this.out.text('+ OK\r\n');
      await this.flush();
    }
    yield* this.#reader.streamLiteral(literal.size);
  }

  async endOfCommand(): Promise<void> {
    const rest = await this.#reader.readRest({ ...this.#policy(), onLiteral: () => 'refuse' });
    if (rest.type === 'end') throw new Abandoned('the client is gone');
    if (this.#literal !== null) this.#literal.state = 'read';
    if (rest.type !== 'command' || !new Arguments(rest.parts).isAtEnd())
      throw new Bad('Unexpected arguments behind the message');
  }

  startTlsAfterAnswer(): void {
    this.#startTls = true;
  }

  #policy(): CommandPolicy {
    return {
      limits: this.#session.isAuthenticated ? limitsAfterLogin : limitsBeforeLogin,
      sendContinuation: () => {
        this.out.text('+ OK\r\n');
        void this.flush().catch(() => {});
      },
      onLiteral: (partial, literal) => {
        if (!this.#session.isAuthenticated) return 'buffer';
        const args = new Arguments(partial, { messageLiteral: literal });
        try {
          args.tag();
          const { takesMessage } = commands.find(args.sp()) ?? {};
          return takesMessage?.(args) ? 'message' : 'buffer';
        } catch {
          return 'buffer'; // what is malformed is told when the command is whole
        }
      },
    };
  }

  async #answer(result: Exclude<ReadResult, { type: 'end' }>): Promise<void> {
    if (result.type === 'refused') {
      this.#refuse(result);
      return;
    }
    this.#literal = result.type === 'message-literal' ? { header: result.literal, state: 'announced' } : null;
    const args = new Arguments(
      result.parts,
      result.type === 'message-literal' ? { messageLiteral: result.literal } : {},
    );
    const tag = tagOf(result.parts);
    let name = 'unknown';
    try {
      if (tag === null) throw new Bad('A command begins with a tag');
      args.tag();
      const command = commands.find(args.sp());
      if (command === null) throw new Bad('Unknown command');
      name = command.name;
      const ok = await this.#session.execute(command, args);
      this.#badCommands = 0;
      this.#ended(tag, name, ok);
    } catch (error) {
      await this.#skipLiteral();
      this.#failed(tag, name, error);
    }
    this.#literal = null;
  }

  #ended(tag: string, name: string, { code, text }: Ok): void {
    this.#options.metrics.commands.inc({ command: name, outcome: 'OK' });
    this.#tagged(tag, 'OK', code, text);
  }

  #failed(tag: string | null, name: string, error: unknown): void {
    const { metrics } = this.#options;
    if (error instanceof Abandoned) throw error;
    if (error instanceof Bad || (error instanceof ParseError && error.kind !== 'mailbox-name')) {
      metrics.commands.inc({ command: name, outcome: 'BAD' });
      this.#tagged(tag ?? '*', 'BAD', error instanceof Bad ? error.code : null, this.#withId(error.message));
      if (++this.#badCommands >= BAD_COMMANDS) this.#session.bye('Too many commands that are none');
      return;
    }
    const [code, text] = this.#noOf(error);
    metrics.commands.inc({ command: name, outcome: 'NO' });
    this.#tagged(tag ?? '*', 'NO', code, this.#withId(text));
  }

  #noOf(error: unknown): readonly [ResponseCode | null, string] {
    if (error instanceof No) return [error.code, error.message];
    if (error instanceof ParseError) return ['CANNOT', error.message];
    if (error instanceof StorageError) {
      const code = storageErrorCode[error.kind];
      if (code === null) {
        // Neither yes nor no would be true: the client finds out when it looks.
        this.#log.error({ err: error }, 'the outcome of a write is not known: closing');
        throw new Abandoned(error.message);
      }
      if (code === 'UNAVAILABLE') this.#log.error({ err: error }, 'storage unavailable');
      return [code, error.message];
    }
    this.#log.error({ err: error }, 'command failed');
    return ['SERVERBUG', 'Internal error, which the log tells more of'];
  }

  #refuse({ tag, reason, inStep }: Extract<ReadResult, { type: 'refused' }>): void {
    const text = reason === 'text-too-long' ? 'The command is too long' : 'The literal is too large';
    if (!inStep) {
      this.out.text('* BYE [ALERT] ').humanText(this.#withId(text)).crlf();
      this.#session.close();
    }
    this.#tagged(tag ?? '*', 'BAD', reason === 'literal-refused' ? null : 'TOOBIG', this.#withId(text));
  }

  /** After an error: what the client still sends of the message must not be taken for commands. */
  async #skipLiteral(): Promise<void> {
    const literal = this.#literal;
    if (literal === null || literal.state === 'read') return;
    const rest = await this.#reader.skipRest(literal.state === 'announced' ? literal.header : null, DISCARDED_OCTETS);
    if (rest === 'out-of-step') this.#session.bye('The message is too large');
    if (rest === 'end') throw new Abandoned('the client is gone');
  }

  #tagged(tag: string, condition: 'OK' | 'NO' | 'BAD', code: ResponseCode | null, text: string): void {
    this.out.text(tag).sp().text(condition).sp();
    if (code !== null) writeResponseCode(this.out, code);
    this.out.humanText(text).crlf();
  }

  #withId(text: string): string {
    return `${text} (${this.id})`;
  }

  #attach(): void {
    const socket = this.#socket;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onEnd);
    socket.on('error', this.#onError);
    socket.setTimeout(LOGIN_TIMEOUT_MS);
    socket.on('timeout', this.#onTimeout);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#reader.push(chunk);
  };

  readonly #onEnd = (): void => {
    this.#isClosing = true;
    this.#reader.end();
  };

  readonly #onError = (error: Error): void => {
    this.#log.debug({ err: error }, 'socket error');
  };

  readonly #onTimeout = (): void => {
    if (!this.#isClosing) this.#socket.write('* BYE Autologout: nothing heard for too long\r\n');
    this.#socket.destroySoon();
  };

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
      const timer = setTimeout(() => socket.destroy(), WRITE_TIMEOUT_MS);
      socket.on('drain', done);
      socket.on('close', done);
    });
  }

  /** RFC 9051 §6.2.1. What was sent in the clear behind STARTTLS, by the client or somebody in between, is dropped. */
  async #upgrade(): Promise<void> {
    this.#startTls = false;
    const plain = this.#socket;
    const dropped = this.#reader.discardBuffered();
    if (dropped > 0) {
      this.#log.warn({ octets: dropped }, 'commands were sent in the clear behind STARTTLS: closing');
      throw new Abandoned('plaintext behind STARTTLS');
    }
    for (const event of ['data', 'end', 'close', 'timeout'] as const) plain.removeAllListeners(event);
    plain.setTimeout(0);
    const secure = new TLSSocket(plain, { isServer: true, secureContext: this.#options.secureContext() });
    this.#socket = secure;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => secure.destroy(new Error('TLS handshake timed out')), TLS_HANDSHAKE_MS);
      secure.once('secure', () => resolve(clearTimeout(timer)));
      secure.once('error', (error) => {
        clearTimeout(timer);
        this.#log.info({ err: error }, 'TLS handshake failed: no TLS, or nothing in common');
        reject(new Abandoned('TLS handshake failed'));
      });
      secure.once('close', () => {
        clearTimeout(timer);
        reject(new Abandoned('the client is gone'));
      });
    });
    this.#isTls = true;
    this.#attach();
  }
}
