import { styleText } from 'node:util';

// A reader that goes away (a closed terminal, `| head`) must not end a server in the middle of its work, nor keep it
// from stopping in order: what cannot be said is not said.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/** Where a command speaks to the person: results on standard output, the rest on standard error. */
export interface Terminal {
  /** A line of the answer. */
  say(line?: string): void;
  /** What is being done, or what is wrong and does not end the command. */
  note(line: string): void;
  warn(line: string): void;
}

export const terminal: Terminal = {
  say: (line = '') => console.log(line),
  note: (line) => console.error(line),
  warn: (line) => console.error(`${styleText('yellow', 'warning', { stream: process.stderr })} ${line}`),
};
