import { limits } from './limits.ts';

/** Characters that nobody sees and that join nothing: soft hyphens, zero width spaces, marks of direction. */
const unseen = /[\0\u00ad\u200b\u200e\u200f\u2060\ufeff]|\u034f/g;

/** A character has at most two units. */
const maxUnits = 2 * limits.previewCharacters;

/**
 * The beginning of a text given in pieces of any size, on one line: white space is one space, with the joiners behind it, by
 * which senders push the rest of their text out of a preview.
 */
export class PreviewText {
  #text = '';
  #endsInSpace = true;

  add(text: string): void {
    for (let start = 0; start < text.length && this.#text.length < maxUnits; start += maxUnits) {
      const seen = text.slice(start, start + maxUnits).replace(unseen, '');
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
