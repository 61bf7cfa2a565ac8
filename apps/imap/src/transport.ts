import type { LoginContext, SessionEnd } from '@postel/directory';
import type { Arguments, LiteralHeader, ResponseWriter } from '@postel/imap-wire';
import type { ConnectionSecurity } from '@postel/sasl';

/** What a session needs of the connection under it. */
export interface Transport {
  readonly id: string;
  readonly out: ResponseWriter;
  readonly security: ConnectionSecurity;
  readonly loginContext: LoginContext;
  readonly canStartTls: boolean;
  readonly isCompressed: boolean;
  /** Aborted, with Abandoned as its reason, when the client is gone: for work that nobody would hear the end of. */
  readonly gone: AbortSignal;
  /** Sends what was written; resolves when the client has taken enough of it. @throws {Abandoned} if it is gone */
  flush(): Promise<void>;
  /** As `flush`, for those who write much: others get their turn in between. */
  flushMuch(): Promise<void>;
  /**
   * Waits for work that may be long and writes nothing, at the beginning of a line. If it is long, the client is told now and then
   * how far it is (RFC 9585); and one that has closed its side at once: one that only says no more hears it, one that is gone
   * is found out.
   *
   * @param progress what the work writes to, if it knows
   */
  whileSilent<Result>(work: Promise<Result>, progress?: WorkProgress | null): Promise<Result>;
  /** Sends `+ text` and gives the line that the client answers with. @throws {InputEnded} */
  ask(challenge: string): Promise<string>;
  /** Reads one line as soon as it comes. @throws {InputEnded} */
  readLine(): Promise<string>;
  /** The octets of the command's message literal, after the continuation if the client waits for one. */
  receiveMessage(literal: LiteralHeader): AsyncIterable<Buffer>;
  /**
   * What follows the octets of a message literal: up to the end of the command, or to one more message literal.
   *
   * @param takesMessage of another literal: whether it is one, or to be an argument
   * @throws {Bad}
   * @throws {InputEnded}
   */
  readOn(takesMessage: (args: Arguments) => boolean): Promise<Arguments>;
  /** Says BYE at once or when the command in hand is answered, for which it does not wait long. */
  endSession(reason: SessionEnd | 'rights'): void;
  /** Has `Session.tellNews` called as soon as no command is in hand; it is called behind each anyway. */
  tellBetweenCommands(): void;
  /** Begins TLS after the tagged OK that the caller returns. */
  startTlsAfterAnswer(): void;
  /** As said for TLS: from the end of the tagged OK on, both sides compress (RFC 4978). */
  compressAfterAnswer(): void;
  /** From the end of the tagged OK on nobody is logged in, and only TLS is left of what was between the two sides (RFC 8437). */
  beginAnewAfterAnswer(): void;
}

/** How far long work is. */
export interface WorkProgress {
  done: number;
  readonly goal: number;
}
