import type { Logger } from '@postel/supervision';
import type { Terminal } from '../terminal.ts';

/**
 * Tells the person at the terminal, in short lines, what is being done and what goes wrong; and the supervisor's log,
 * as JSON. The logs of the app processes are theirs (DIR/logs); what is an error in them is told here as well.
 */
export class Reporter {
  readonly #terminal: Terminal;
  readonly #log: Logger;

  constructor(terminal: Terminal, log: Logger) {
    this.#terminal = terminal;
    this.#log = log;
  }

  readonly step = (line: string): void => {
    this.#terminal.say(line);
    this.#log.info(line);
  };

  readonly warn = (line: string): void => {
    this.#terminal.warn(line);
    this.#log.warn(line);
  };

  readonly failure = (line: string, error: Error): void => {
    this.#terminal.warn(`${line}: ${error.message}`);
    this.#log.error({ err: error }, line);
  };

  /** A JSON log line of an app process, which is in its own log already. */
  readonly problem = (process: string, line: string): void => {
    this.#terminal.warn(`${process}: ${summarize(line)}`);
  };
}

function summarize(line: string): string {
  try {
    const { msg, err }: { msg?: unknown; err?: { message?: unknown } } = JSON.parse(line);
    return [msg, err?.message].filter((part) => typeof part === 'string').join(': ');
  } catch {
    return line.trim();
  }
}
