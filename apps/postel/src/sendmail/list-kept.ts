import { join } from 'node:path';
import { formatMoment } from '../moment.ts';
import { printable, printableSize } from '../printable.ts';
import type { Terminal } from '../terminal.ts';
import { keptIds, readMessage } from './kept-mail.ts';
import type { KeptMessage } from './kept-message.ts';

const LINE_CHARACTERS = 300;

/** Tells what is kept, and why, the oldest first. */
export function listKept(places: readonly string[], terminal: Terminal): void {
  let found = 0;
  for (const place of places) {
    for (const id of keptIds(place)) {
      const lines = describe(place, id);
      if (lines === null) continue;
      found += 1;
      for (const line of lines) terminal.say(line);
    }
  }
  if (found === 0) terminal.say('Nothing is kept.');
}

/** Null if it was sent meanwhile. */
function describe(place: string, id: string): readonly string[] | null {
  const file = `${join(place, id)}.eml`;
  try {
    const message = readMessage(place, id);
    if (message === null) return null;
    const { at, input } = message;
    return [
      `${id}  ${formatMoment(at)}  ${printableSize(input.length)}  ${stateOf(message)}`,
      `    to ${printable(recipientsOf(message), LINE_CHARACTERS)}`,
      ...(message.failure?.text ?? 'being sent, or the program that did so has been ended')
        .split('\n')
        .map((line) => `    ${printable(line, LINE_CHARACTERS)}`),
      `    ${file}`,
    ];
  } catch (error) {
    return [`${file}: ${error instanceof Error ? error.message : error}`];
  }
}

function stateOf({ failure }: KeptMessage): string {
  if (failure === null) return 'not yet sent';
  return failure.isRefused ? 'refused' : 'waits';
}

function recipientsOf({ args }: KeptMessage): string {
  const all = [...args.recipients, ...(args.takesHeaderRecipients ? ['those in To, Cc and Bcc'] : [])];
  return all.join(', ') || 'nobody';
}
