import { NAME_CHARACTERS, TEXT_CHARACTERS } from './limits.ts';

/** Characters that no terminal, log or page should be given: controls, and those that turn the direction of text. */
const UNSEEN = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+/gu;

/** A text as a stranger wrote it, on one line and of bounded length. */
export function reportedText(text: string, most = TEXT_CHARACTERS): string {
  return text
    .slice(0, most * 4)
    .replace(UNSEEN, ' ')
    .trim()
    .slice(0, most)
    .toWellFormed();
}

/** The same of the name of a domain, host or selector, in lower case. */
export function reportedName(text: string): string {
  return reportedText(text, NAME_CHARACTERS).toLowerCase().replace(/\.$/, '');
}
