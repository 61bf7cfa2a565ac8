import { styleText } from 'node:util';

// A reader that goes away (a closed terminal, `| head`) must not end a server in the middle of its work, nor keep it
// from stopping in order: what cannot be said is not said. A file that does not take it has no reader who knows: half of a
// dump must not look like one.
const READER_GONE = ['EPIPE', 'EIO', 'EBADF', 'ERR_STREAM_DESTROYED'];
let isCutShort = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (isCutShort || READER_GONE.includes(error.code ?? '')) return;
  isCutShort = true;
  console.error(`postel: the output is not whole: ${error.message}`);
  process.once('exit', () => {
    process.exitCode ||= 1;
  });
});
process.stderr.on('error', () => {});

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
