import { ParseError } from './parse-error.ts';

/** Numbers from `first` to `last`, both included; `first` is not above `last`. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

const MAX_NUMBER = 0xffffffff;
const ASTERISK = 0x2a;
const COMMA = 0x2c;
const COLON = 0x3a;
const DOLLAR = 0x24;

/**
 * A sequence-set: RFC 9051 §9, with `$` from RFC 5182. Of message sequence numbers or of UIDs, as the command says.
 *
 * Held as ranges, never as single numbers: `1:4294967295` costs what `1` costs.
 */
export class SequenceSet {
  /** Sorted, and neither overlapping nor adjacent. Ranges with `*` are not among them. */
  readonly explicit: readonly NumberRange[];
  /** The lowest `n` of all ranges `n:*` and `*:n`; 2^32-1 for `*` alone, `null` if the set has no `*`. */
  readonly starFrom: number | null;
  /** Whether the set includes `$`, the saved result of a SEARCH. */
  readonly includesSaved: boolean;

  constructor(ranges: readonly NumberRange[], starFrom: number | null = null, includesSaved = false) {
    this.explicit = merged(ranges);
    this.starFrom = starFrom;
    this.includesSaved = includesSaved;
  }

  /**
   * The ranges of the set, sorted and merged, where `*` is `max`, without what lies above `max`. `n:*` with `n` above
   * `max` is `max` alone, as RFC 9051 §9 says of seq-range. What `$` stands for is for the caller to add.
   *
   * @param max the highest number in use; 0 if there is none, which gives no range
   */
  ranges(max: number): NumberRange[] {
    const ranges: NumberRange[] = [];
    const star = this.starFrom === null || max === 0 ? null : Math.min(this.starFrom, max);
    for (const { first, last } of this.explicit) {
      if (first > max) break;
      if (star !== null && last >= star - 1) {
        ranges.push({ first: Math.min(first, star), last: max });
        return ranges;
      }
      ranges.push({ first, last: Math.min(last, max) });
    }
    if (star !== null) ranges.push({ first: star, last: max });
    return ranges;
  }

  /**
   * Whether the set names a number above `max`. For message sequence numbers that deserves BAD (RFC 9051 §9,
   * seq-number); `n:*` does not, since the client cannot know that messages went away before its command came.
   */
  exceeds(max: number): boolean {
    return (this.explicit.at(-1)?.last ?? 0) > max;
  }
}

/**
 * Parses a sequence-set. Its work is linear in its length, but for a sort if the ranges are not in ascending order.
 *
 * @throws {ParseError}
 */
export function parseSequenceSet(octets: Uint8Array): SequenceSet {
  const ranges: NumberRange[] = [];
  let starFrom: number | null = null;
  let includesSaved = false;
  let at = 0;

  // A number, or "*" as infinity. Zero and what has more than 32 bits are no numbers of messages.
  function seqNumber(): number {
    if (octets[at] === ASTERISK) {
      at += 1;
      return Number.POSITIVE_INFINITY;
    }
    let number = 0;
    for (let digit = digitAt(octets, at); digit >= 0; digit = digitAt(octets, at)) {
      number = Math.min(number * 10 + digit, MAX_NUMBER + 1);
      at += 1;
    }
    if (number === 0 || number > MAX_NUMBER) throw new ParseError('Invalid number in message set');
    return number;
  }

  for (;;) {
    if (octets[at] === DOLLAR) {
      includesSaved = true;
      at += 1;
    } else {
      const one = seqNumber();
      let other = one;
      if (octets[at] === COLON) {
        at += 1;
        other = seqNumber();
      }
      const first = Math.min(one, other);
      const last = Math.max(one, other);
      if (last <= MAX_NUMBER) ranges.push({ first, last });
      else starFrom = Math.min(first, starFrom ?? MAX_NUMBER);
    }
    if (at === octets.length) return new SequenceSet(ranges, starFrom, includesSaved);
    if (octets[at] !== COMMA) throw new ParseError('Invalid message set');
    at += 1;
  }
}

/** The digit at that place, or a negative number if there is none. */
function digitAt(octets: Uint8Array, at: number): number {
  const digit = (octets[at] ?? 0) - 0x30;
  return digit <= 9 ? digit : -1;
}

function merged(ranges: readonly NumberRange[]): NumberRange[] {
  const sorted = isAscending(ranges) ? ranges : ranges.toSorted((a, b) => a.first - b.first);
  const result: NumberRange[] = [];
  let open: NumberRange | null = null;
  for (const range of sorted) {
    if (open !== null && range.first <= open.last + 1) {
      open = { first: open.first, last: Math.max(open.last, range.last) };
      result[result.length - 1] = open;
    } else {
      open = range;
      result.push(range);
    }
  }
  return result;
}

function isAscending(ranges: readonly NumberRange[]): boolean {
  let before = 0;
  for (const { first } of ranges) {
    if (first < before) return false;
    before = first;
  }
  return true;
}
