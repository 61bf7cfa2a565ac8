import { openSync } from 'node:fs';
import type { LogLevel } from '@postel/config';
import { type Logger, multistream, pino, stdTimeFunctions } from 'pino';

export interface LogOptions {
  /** The process, as `process` in every line. */
  readonly name: string;
  /** A file to append to, or a file descriptor; without one, standard output. */
  readonly file?: string | number;
  readonly level?: LogLevel;
  /** Is given each line of level error or above as well. */
  readonly onProblem?: (line: string) => void;
}

/**
 * Log fields that never show what they hold, here and one level down. A last line of defence: what must not be logged
 * is not passed to the log in the first place.
 */
const SECRET_FIELDS = ['password', 'pass', 'secret', 'token', 'authorization', 'credentials'];

/** Lines that a full disk keeps back, in characters; later ones are dropped until there is room again. */
const MAX_WAITING = 1024 * 1024;

/**
 * The structured log of one process: JSON lines, written before the call returns, so that the last words of a process
 * are in the file when it dies. Logging never throws: when the disk is full, mail comes before the log.
 */
export function createLog({ name, file, level = 'info', onProblem }: LogOptions): Logger {
  const destination = pino.destination({
    dest: file ?? 1,
    append: true,
    sync: true,
    mode: 0o600,
    maxLength: MAX_WAITING,
  });
  destination.on('error', () => {}); // what could not be written is tried again with the next line
  const options = {
    level,
    base: { process: name, pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]),
  };
  if (onProblem === undefined) return pino(options, destination);
  return pino(
    options,
    multistream([
      { level: 'trace', stream: destination },
      { level: 'error', stream: { write: onProblem } },
    ]),
  );
}

/** A log file for what a child process prints, to be closed; 'ignore' if it cannot be opened: the process comes before its log. */
export function openLog(file: string): number | 'ignore' {
  try {
    return openSync(file, 'a', 0o600);
  } catch {
    return 'ignore';
  }
}
