import { limits } from './limits.ts';

/** Characters that nobody sees and that join nothing: soft hyphens, zero width spaces, marks of direction. */
const unseen = /[\0\u00ad\u200b\u200e\u200f\u2060\ufeff]|\u034f/g;

/** A character has at most two units. */
const maxUnits = 2 * limits.previewCharacters;

/**
 * The beginning of a text given in pieces of any size, on one line. Lines that quote another message (`>`) are left out unless
 * there is nothing else.
 */
export class PreviewText {
  readonly #own = new OneLine();
  readonly #quoted = new OneLine();
  readonly #hasQuotes: boolean;
  #isAtLineStart = true;
  #isQuoted = false;

  /** @param hasQuotes whether lines may quote, as in plain text */
  constructor(hasQuotes: boolean) {
    this.#hasQuotes = hasQuotes;
  }

  add(text: string): void {
    if (!this.#hasQuotes) {
      this.#own.add(text, 0, text.length);
      return;
    }
    let start = 0;
    while (start < text.length && !this.#own.isFull) {
      if (this.#isAtLineStart) this.#isQuoted = text[start] === '>';
      const lineFeed = text.indexOf('\n', start);
      const end = lineFeed < 0 ? text.length : lineFeed + 1;
      (this.#isQuoted ? this.#quoted : this.#own).add(text, start, end);
      this.#isAtLineStart = lineFeed >= 0;
      start = end;
    }
  }

  end(): string {
    return this.#own.end() || this.#quoted.end();
  }
}

/** White space as one space, with the joiners behind it, by which senders push the rest of their text out of a preview. */
class OneLine {
  #text = '';
  #endsInSpace = true;

  get isFull(): boolean {
    return this.#text.length >= maxUnits;
  }

  add(text: string, from: number, end: number): void {
    for (let start = from; start < end && !this.isFull; start += maxUnits) {
      const seen = text.slice(start, Math.min(start + maxUnits, end)).replace(unseen, '');
      const collapsed = seen.replace(/\s[\s\u200c\u200d]*/g, ' ');
      const added = this.#endsInSpace ? collapsed.replace(/^[ \u200c\u200d]+/, '') : collapsed;
      if (added === '') continue;
      this.#text += added;
      this.#endsInSpace = added.endsWith(' ');
    }
  }

  end(): string {
    const text = this.#text;
    let end = 0;
    for (let count = 0; count < limits.previewCharacters && end < text.length; count++) {
      end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
    }
    return text.slice(0, end).trimEnd().toWellFormed();
  }
}
