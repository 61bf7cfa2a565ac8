import { htmlEntities } from './html-entities.ts';
import { lowerCase } from './octet-string.ts';

/** Elements that begin and end lines of their own. */
const lineElements = new Set(
  (
    'address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption figure footer ' +
    'form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol option p pre section summary table tbody tfoot ' +
    'thead tr ul'
  ).split(' '),
);

/** Elements within a line that a reader sees apart. */
const cellElements = new Set(['td', 'th', 'button', 'input', 'select', 'textarea', 'img', 'object', 'iframe']);

/** Elements whose content is no text that a reader sees, and in which no other element can begin. */
const hiddenElements = new Set(['script', 'style', 'title']);

/** No name of an element or entity that we know is longer. */
const nameCharacters = 32;

type State =
  | 'text'
  | 'open' // after `<`
  | 'end-open' // after `</`
  | 'name'
  | 'tag'
  | 'value' // after `=` in a tag
  | 'double-quoted'
  | 'single-quoted'
  | 'declaration' // after `<!`
  | 'bogus' // a comment that `>` ends
  | 'comment'
  | 'entity'
  | 'hidden';

/**
 * Makes text of HTML given in pieces of any size: what a reader would see, in the simplest form. Tags, comments and hidden
 * elements go, entities are decoded, white space is one space, and elements that stand apart are put apart by a line end or
 * space. Takes anything without throwing, in one pass; holds no more than the name of one element.
 */
export class HtmlText {
  #state: State = 'text';
  /** The name or entity in hand, or the end of the comment or hidden text passed last. */
  #token = '';
  #isEndTag = false;
  /** The hidden element we are in. */
  #hidden = '';
  #text: string[] = [];
  /** What separates the text to come from that before: a line end counts more than a space. */
  #separator: '' | ' ' | '\n' = '';
  #hasText = false;

  write(html: string): string {
    let position = 0;
    while (position < html.length) position = this.#step(html, position);
    return this.#take();
  }

  end(): string {
    if (this.#state === 'entity') this.#endEntity(false);
    else if (this.#state === 'open') this.#addText('<');
    this.#state = 'text';
    return this.#take();
  }

  #take(): string {
    const text = this.#text.join('');
    this.#text = [];
    return text;
  }

  #step(html: string, position: number): number {
    const character = html[position] ?? '';
    switch (this.#state) {
      case 'text':
        return this.#stepText(html, position);
      case 'open':
        if (isLetter(character)) return this.#beginName(false, position);
        this.#state = 'text';
        if (character === '/') this.#state = 'end-open';
        else if (character === '!') this.#state = 'declaration';
        else if (character === '?') this.#state = 'bogus';
        else {
          this.#addText('<');
          return position;
        }
        this.#token = '';
        return position + 1;
      case 'end-open':
        if (isLetter(character)) return this.#beginName(true, position);
        this.#state = character === '>' ? 'text' : 'bogus';
        return position + 1;
      case 'name':
        if (character !== '>' && character !== '/' && !isSpace(character)) {
          if (this.#token.length < nameCharacters) this.#token += character;
          return position + 1;
        }
        this.#state = 'tag';
        return position;
      case 'tag': {
        const next = findFirst(html, position, '>', '=');
        if (html[next] === '=') this.#state = 'value';
        else if (html[next] === '>') this.#endTag();
        return next + 1;
      }
      case 'value':
        if (isSpace(character)) return position + 1;
        this.#state = character === '"' ? 'double-quoted' : character === "'" ? 'single-quoted' : 'tag';
        return this.#state === 'tag' ? position : position + 1;
      case 'double-quoted':
      case 'single-quoted': {
        const end = html.indexOf(this.#state === 'double-quoted' ? '"' : "'", position);
        if (end < 0) return html.length;
        this.#state = 'tag';
        return end + 1;
      }
      case 'declaration':
        if (character === '-' && this.#token === '') {
          this.#token = '-';
          return position + 1;
        }
        this.#state = character === '-' ? 'comment' : 'bogus';
        this.#token = '--'; // `<!-->` is a whole comment
        return this.#state === 'comment' ? position + 1 : position;
      case 'bogus': {
        const end = html.indexOf('>', position);
        if (end < 0) return html.length;
        this.#state = 'text';
        return end + 1;
      }
      case 'comment':
        return this.#stepComment(html, position);
      case 'entity':
        if (character === ';' || this.#token.length >= nameCharacters || !isEntityCharacter(character)) {
          this.#endEntity(character === ';');
          return character === ';' ? position + 1 : position;
        }
        this.#token += character;
        return position + 1;
      case 'hidden':
        return this.#stepHidden(html, position);
      default:
        return this.#state satisfies never;
    }
  }

  #stepText(html: string, position: number): number {
    const end = findFirst(html, position, '<', '&');
    if (end > position) this.#addText(html.slice(position, end));
    if (end < html.length) {
      this.#state = html[end] === '<' ? 'open' : 'entity';
      this.#token = '';
    }
    return end + 1;
  }

  #beginName(isEndTag: boolean, position: number): number {
    this.#state = 'name';
    this.#isEndTag = isEndTag;
    this.#token = '';
    return position;
  }

  #endTag(): void {
    const name = lowerCase(this.#token);
    this.#state = 'text';
    if (lineElements.has(name)) this.#separate('\n');
    else if (cellElements.has(name)) this.#separate(' ');
    else if (!this.#isEndTag && hiddenElements.has(name)) {
      this.#state = 'hidden';
      this.#hidden = name;
      this.#token = '';
    }
  }

  /** To the `-->` or `--!>` that ends a comment. The token holds up to three characters that may begin it. */
  #stepComment(html: string, position: number): number {
    const end = html.indexOf('>', position);
    const passed =
      this.#token + html.slice(Math.max(position, (end < 0 ? html.length : end) - 3), end < 0 ? html.length : end);
    this.#token = passed.slice(-3);
    if (end < 0) return html.length;
    if (this.#token.endsWith('--') || this.#token === '--!') {
      this.#state = 'text';
    } else {
      this.#token = '';
    }
    return end + 1;
  }

  /** To the end tag of the hidden element, of which the token holds what has been seen. */
  #stepHidden(html: string, position: number): number {
    const wanted = `</${this.#hidden}`;
    if (this.#token === '') {
      const start = html.indexOf('<', position);
      if (start < 0) return html.length;
      this.#token = '<';
      return start + 1;
    }
    const character = html[position] ?? '';
    if (this.#token.length < wanted.length) {
      if (lowerCase(character) !== wanted[this.#token.length]) {
        this.#token = '';
        return position; // it may be a `<` itself
      }
      this.#token += lowerCase(character);
      return position + 1;
    }
    if (character !== '>' && character !== '/' && !isSpace(character)) {
      this.#token = '';
      return position;
    }
    this.#state = 'tag';
    this.#isEndTag = true;
    this.#token = this.#hidden;
    return position;
  }

  #endEntity(isClosed: boolean): void {
    const decoded = decodeEntity(this.#token, isClosed);
    this.#state = 'text';
    this.#addText(decoded ?? `&${this.#token}${isClosed ? ';' : ''}`);
  }

  #addText(text: string): void {
    const collapsed = text.replace(/[ \t\r\n\f]+/g, ' ');
    if (collapsed.startsWith(' ')) this.#separate(' ');
    const start = collapsed.startsWith(' ') ? 1 : 0;
    const end = collapsed.endsWith(' ') ? collapsed.length - 1 : collapsed.length;
    if (end > start) {
      if (this.#hasText && this.#separator !== '') this.#text.push(this.#separator);
      this.#text.push(collapsed.slice(start, end));
      this.#hasText = true;
      this.#separator = '';
      if (end < collapsed.length) this.#separate(' ');
    }
  }

  #separate(separator: ' ' | '\n'): void {
    if (this.#separator !== '\n') this.#separator = separator;
  }
}

function findFirst(text: string, position: number, one: string, other: string): number {
  const first = one.charCodeAt(0);
  const second = other.charCodeAt(0);
  let at = position;
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === first || unit === second) break;
  }
  return at;
}

function isLetter(character: string): boolean {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\n' || character === '\t' || character === '\r' || character === '\f';
}

function isEntityCharacter(character: string): boolean {
  return isLetter(character) || (character >= '0' && character <= '9') || character === '#';
}

/** The character of an entity (without `&` and `;`), null if it is none. */
function decodeEntity(name: string, isClosed: boolean): string | null {
  if (name.startsWith('#')) return decodeReference(name);
  const entity = htmlEntities.get(name);
  // Without its semicolon only an entity of Latin-1 is one, as in HTML 4 and before.
  return entity !== undefined && (isClosed || (entity.codePointAt(0) ?? 0) <= 0xff) ? entity : null;
}

function decodeReference(name: string): string | null {
  const isHex = name[1] === 'x' || name[1] === 'X';
  const digits = name.slice(isHex ? 2 : 1);
  if (!(isHex ? /^[0-9a-fA-F]+$/ : /^[0-9]+$/).test(digits)) return null;
  const code = Number.parseInt(digits, isHex ? 16 : 10);
  if (code >= 0x80 && code <= 0x9f) return new TextDecoder('windows-1252').decode(Uint8Array.of(code));
  const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : '\ufffd';
}
