export interface SortSubject {
  /** The base subject of RFC 5256 §2.1. */
  readonly base: string;
  /** The subject alone says that the message is a reply or forward (RFC 5256 §3, REFERENCES). */
  readonly isReplyOrForward: boolean;
}

const LETTER_RE = /re/iy;
const LETTER_FW = /fwd?/iy;
const FORWARDED = '(fwd)';
const FORWARD_HEADER = '[fwd:';

/**
 * Takes the base subject out of a subject as RFC 5256 §2.1 says, prefixes in English alone, in time that grows with its length.
 * (What finds conversations is more lenient: `baseSubject`.)
 *
 * @param subject decoded
 */
export function sortSubject(subject: string): SortSubject {
  const text = subject.replace(/[ \t\r\n]+/g, ' ');
  let start = 0;
  let end = text.length;
  let isReplyOrForward = false;
  for (;;) {
    end = skipTrailers();
    start = skipLeaders();
    const isForward = end - start > FORWARD_HEADER.length && startsWith(FORWARD_HEADER, start) && text[end - 1] === ']';
    if (!isForward) return { base: text.slice(start, end), isReplyOrForward };
    isReplyOrForward = true;
    start += FORWARD_HEADER.length;
    end -= 1;
  }

  /** Step 2: `subj-trailer`. */
  function skipTrailers(): number {
    let at = end;
    for (;;) {
      const before = at - FORWARDED.length;
      if (at > start && text[at - 1] === ' ') at -= 1;
      else if (before >= start && startsWith(FORWARDED, before)) {
        at = before;
        isReplyOrForward = true;
      } else return at;
    }
  }

  /** Steps 3 to 5: `subj-leader`, and then the `subj-blob`s, as long as something stays. */
  function skipLeaders(): number {
    let at = start;
    for (;;) {
      if (at < end && text[at] === ' ') {
        at += 1;
        continue;
      }
      const { next, last } = skipBlobs(at);
      const behind = skipReplyWord(next);
      if (behind === null) return next < end ? next : last;
      isReplyOrForward = true;
      at = behind;
    }
  }

  /** `*subj-blob`: what follows all of them, and where the last of them begins. */
  function skipBlobs(from: number): { next: number; last: number } {
    let last = from;
    for (let next = from; ; ) {
      const behind = skipBlob(next);
      if (behind === null) return { next, last };
      last = next;
      next = behind;
    }
  }

  /** `subj-blob`: `[` and `]` with neither between them, and a space behind. Null if there is none. */
  function skipBlob(from: number): number | null {
    if (from >= end || text[from] !== '[') return null;
    for (let at = from + 1; at < end && text[at] !== '['; at++) {
      if (text[at] === ']') return at + 1 < end && text[at + 1] === ' ' ? at + 2 : at + 1;
    }
    return null;
  }

  /** `subj-refwd`. */
  function skipReplyWord(from: number): number | null {
    let at = wordEnd(LETTER_RE, from) ?? wordEnd(LETTER_FW, from);
    if (at === null) return null;
    if (text[at] === ' ') at += 1;
    at = skipBlob(at) ?? at;
    return at < end && text[at] === ':' ? at + 1 : null;
  }

  function wordEnd(word: RegExp, from: number): number | null {
    word.lastIndex = from;
    return word.test(text) && word.lastIndex <= end ? word.lastIndex : null;
  }

  function startsWith(lowerCase: string, from: number): boolean {
    return text.slice(from, from + lowerCase.length).toLowerCase() === lowerCase;
  }
}
