import { HIERARCHY_DELIMITER } from '@postel/storage';

/**
 * A LIST pattern (RFC 9051 §6.3.9): `*` stands for anything, `%` for anything but the delimiter; INBOX is matched in any case.
 *
 * No backtracking: it keeps the set of places in the name that the pattern so far can end at. Neighbouring wildcards are one, and
 * a letter moves every place on, so a name costs at most twice its length squared, however long the pattern.
 */
export class ListPattern {
  readonly #wanted: readonly string[];
  /** Every name that the pattern matches is this, or is below it; null if the pattern begins with a wildcard. */
  readonly under: string | null;
  /** Characters of names looked at so far. */
  steps = 0;

  /** @param pattern as `canonicalName` gives it */
  constructor(pattern: string) {
    this.#wanted = pattern
      .replace(/[*%]*\*[*%]*/g, '*')
      .replace(/%+/g, '%')
      .split('');
    const wildcard = pattern.search(/[*%]/);
    const lastDelimiter = pattern.lastIndexOf(HIERARCHY_DELIMITER, wildcard);
    this.under = wildcard < 0 ? pattern : lastDelimiter > 0 ? pattern.slice(0, lastDelimiter) : null;
  }

  get endsInPercent(): boolean {
    return this.#wanted.at(-1) === '%';
  }

  matches(name: string): boolean {
    const inbox = name === 'INBOX' || name.startsWith(`INBOX${HIERARCHY_DELIMITER}`) ? 5 : 0;
    // reached[i]: the pattern so far can end before character i of the name.
    let reached = new Uint8Array(name.length + 1);
    let next = new Uint8Array(name.length + 1);
    reached[0] = 1;
    for (const wanted of this.#wanted) {
      next.fill(0);
      const canGoOn =
        wanted === '*' || wanted === '%'
          ? passWildcard(wanted, name, reached, next)
          : passCharacter(wanted, name, inbox, reached, next);
      this.steps += name.length + 1;
      if (!canGoOn) return false;
      [reached, next] = [next, reached];
    }
    return reached[name.length] === 1;
  }
}

function passWildcard(wildcard: '*' | '%', name: string, from: Uint8Array, to: Uint8Array): boolean {
  let isOpen = false; // it began at or before here and may go on
  for (let i = 0; i <= name.length; i++) {
    if (wildcard === '%' && name[i - 1] === HIERARCHY_DELIMITER) isOpen = false;
    isOpen ||= from[i] === 1;
    if (isOpen) to[i] = 1;
  }
  return true;
}

/** @param inbox so many characters of the name are matched in any case */
function passCharacter(wanted: string, name: string, inbox: number, from: Uint8Array, to: Uint8Array): boolean {
  const upper = wanted >= 'a' && wanted <= 'z' ? wanted.toUpperCase() : wanted; // only of US-ASCII: not the dotless i
  let canGoOn = false;
  for (let i = 0; i < name.length; i++) {
    if (from[i] === 0 || name[i] !== (i < inbox ? upper : wanted)) continue;
    to[i + 1] = 1;
    canGoOn = true;
  }
  return canGoOn;
}
