import type { SmtpListenerKind } from '@postel/config';
import type { SmtpReply } from './replies.ts';
import type { Session } from './session.ts';

/**
 * How far a session must be for a command to be legal, each step on top of the one before (RFC 5321 §4.1.4). Only on a
 * submission port there is a login.
 */
export type Step = 'connection' | 'greeting' | 'login' | 'transaction';

/** One SMTP command. */
export interface Command<Args> {
  readonly name: string;
  readonly needs: Step;
  /** Where it is known at all, if not on every listener. */
  readonly listeners?: readonly SmtpListenerKind[];
  /** Its argument may hold more than ASCII: RFC 6531 §3.3. */
  readonly takesUtf8?: true;
  /** Its argument may stand in the log. */
  readonly showsArgument?: true;

  /**
   * Reads what follows the command's name and a space, printable ASCII (or UTF-8) without spaces at its end.
   *
   * @throws {SmtpError} what is wrong with it
   */
  parse(argument: string): Args;

  /**
   * Acts.
   *
   * @returns the reply, null if there is none to give. 221 and 421 end the connection.
   * @throws {SmtpError} a reply too; {Hangup} to end the connection; StorageError and DirectoryError have theirs in
   *   replies.ts
   */
  run(session: Session, args: Args): SmtpReply | Promise<SmtpReply | null>;
}
