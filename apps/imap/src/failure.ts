import { DirectoryError } from '@postel/directory';
import { ParseError } from '@postel/imap-wire';
import { StorageError } from '@postel/storage';
import type { Logger } from '@postel/supervision';
import { Abandoned, Bad, No } from './command.ts';
import { type ResponseCode, storageErrorCode } from './response-code.ts';

/** The tagged answer of a command that did not succeed. */
export interface Failure {
  readonly condition: 'NO' | 'BAD';
  readonly code: ResponseCode | null;
  readonly text: string;
}

/**
 * Turns what a command threw into its answer; what the client did not ask for is logged.
 *
 * @throws {Abandoned} if there is none: neither yes nor no would be true, or the client is gone
 */
export function failureOf(error: unknown, log: Logger): Failure {
  if (error instanceof Abandoned) throw error;
  if (error instanceof Bad) return { condition: 'BAD', code: error.code, text: error.message };
  if (error instanceof No) return no(error.code, error.message);
  if (error instanceof ParseError) {
    if (error.kind === 'mailbox-name') return no('CANNOT', error.message);
    return { condition: 'BAD', code: error.kind === 'limit' ? 'LIMIT' : null, text: error.message };
  }
  if (error instanceof StorageError) {
    const code = storageErrorCode[error.kind];
    if (code === null) {
      log.error({ err: error }, 'the outcome of a write is not known: closing');
      throw new Abandoned(error.message); // the client finds out when it looks
    }
    // A line for each command, but no more: what is wrong with the database or the disk is told by itself, once.
    if (code === 'UNAVAILABLE') log.warn({ reason: reasonOf(error) }, 'storage unavailable');
    return no(code, error.message);
  }
  if (error instanceof DirectoryError && error.kind === 'unavailable') {
    log.warn({ reason: reasonOf(error) }, 'directory unavailable');
    return no('UNAVAILABLE', error.message);
  }
  if (error instanceof DirectoryError && error.kind === 'too-many-failures') return no('LIMIT', error.message);
  log.error({ err: error }, 'command failed');
  return no('SERVERBUG', 'Internal error, which the log tells more of');
}

function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

const no = (code: ResponseCode | null, text: string): Failure => ({ condition: 'NO', code, text });
