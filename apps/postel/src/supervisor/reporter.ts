import type { Logger } from '@postel/supervision';
import type { Terminal } from '../terminal.ts';

/** The one line that scripts and tests wait for. */
const READY = 'postel ready';

/** What a supervisor tells of what it does and of what goes wrong. */
export interface Reporter {
  step(this: void, line: string): void;
  warn(this: void, line: string): void;
  failure(this: void, line: string, error: Error): void;
  /** A JSON log line of an app process, which is in its own log already. */
  problem(this: void, process: string, line: string): void;
  ready(this: void): void;
}

/** Tells the person at the terminal in short lines, what is an error in an app's log too; and the log, as JSON. */
export function reportToTerminal(terminal: Terminal, log: Logger): Reporter {
  const step = (line: string) => {
    terminal.say(line);
    log.info(line);
  };
  return {
    step,
    warn(line) {
      terminal.warn(line);
      log.warn(line);
    },
    failure(line, error) {
      terminal.warn(`${line}: ${error.message}`);
      log.error({ err: error }, line);
    },
    problem: (process, line) => terminal.warn(`${process}: ${summarize(line)}`),
    ready: () => step(READY),
  };
}

/** For a server that nobody watches: everything to the log, which the app processes share. */
export function reportToLog(terminal: Terminal, log: Logger): Reporter {
  return {
    step: (line) => log.info(line),
    warn: (line) => log.warn(line),
    failure: (line, error) => log.error({ err: error }, line),
    problem: () => {},
    ready: () => terminal.say(READY),
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
