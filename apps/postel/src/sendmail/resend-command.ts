import { dirname } from 'node:path';
import { defaultPlaces } from './keep-places.ts';
import type { OpenMessage } from './kept-mail.ts';

/** What a person types to send what is kept where this message is. @param id only this one; null for all */
export function resendCommand({ file }: OpenMessage, id: string | null): string {
  const directory = dirname(file);
  const isFound = defaultPlaces(process.env).includes(directory);
  return `postel sendmail -q${id === null ? '' : `I${id}`}${isFound ? '' : ` --keep ${quoted(directory)}`}`;
}

/** As one word of a shell. */
function quoted(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
