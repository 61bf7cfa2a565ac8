import { isUtf8 } from 'node:buffer';
import { characters, isOf } from './characters.ts';
import type { CommandParts, LiteralHeader, LiteralPart } from './command-parts.ts';
import { type DateTime, parseDate, parseDateTime } from './date-time.ts';
import { decodeMailboxName } from './mailbox-name.ts';
import { ParseError } from './parse-error.ts';
import { parseSection, parseSectionBinary, type Section } from './section.ts';
import { parseSequenceSet, type SequenceSet } from './sequence-set.ts';

const NUL = 0x00;
const CR = 0x0d;
const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Parentheses (and NOT, OR and the like in SEARCH) within one another. */
const MAX_DEPTH = 100;

const MAX_NUMBER = 0xffffffff;
const MAX_NUMBER64 = '9223372036854775807';

/** In any case of US-ASCII; `toUpperCase` would also take the dotless i for an I. */
const INBOX = /^inbox$/i;

/** The system flags a client may set, in the letter case in which they are sent: RFC 9051 §2.3.2. */
const systemFlags = new Map(
  ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft', '\\Recent'].map((flag) => [flag.toLowerCase(), flag]),
);

export interface ArgumentsOptions {
  /** Mailbox names come as UTF-8, not as modified UTF-7: the client enabled UTF8=ACCEPT or IMAP4rev2. */
  readonly utf8?: boolean;
  /** The message literal that follows the parts, if `readCommand` stopped before one. */
  readonly messageLiteral?: LiteralHeader;
}

/** What `partial()` gives: octets from `offset` on, counted from 0, and at most `count`. */
export interface Partial {
  readonly offset: number;
  readonly count: number;
}

/**
 * Reads the arguments of one command from left to right: RFC 9051 §9, RFC 4466.
 *
 * Every method takes one grammar element, or throws a ParseError and leaves the rest unread. Words are compared without
 * regard to case. Octets given out are views of what came; copy what lives longer than the command.
 */
export class Arguments {
  readonly #parts: CommandParts;
  readonly #utf8: boolean;
  readonly #messageLiteral: LiteralHeader | null;
  /** The text that is being read, and how many literals lie before it. */
  #text: Buffer;
  #index = 0;
  #at = 0;
  #depth = 0;

  constructor(parts: CommandParts, options: ArgumentsOptions = {}) {
    this.#parts = parts;
    this.#utf8 = options.utf8 ?? false;
    this.#messageLiteral = options.messageLiteral ?? null;
    this.#text = parts.texts[0] ?? Buffer.alloc(0);
  }

  // --- Words and punctuation ---

  /** tag: any ASTRING-CHAR but `+`. */
  tag(): string {
    return this.#run(characters.tag, 'a tag');
  }

  /** The name of a command, in upper case. */
  commandName(): string {
    return this.#run(characters.atom, 'a command').toUpperCase();
  }

  /** Exactly one space. */
  sp(): this {
    if (this.#text[this.#at] !== SPACE) throw this.#expected('a space');
    this.#at += 1;
    return this;
  }

  /** The end of the command. One space before it is let pass: several clients send it. */
  end(): void {
    if (!this.isAtEnd()) throw new ParseError('Unexpected arguments at the end of the command');
  }

  /** Whether nothing follows, but perhaps a space. */
  isAtEnd(): boolean {
    if (this.#index < this.#parts.literals.length || this.#messageLiteral !== null) return false;
    const left = this.#text.length - this.#at;
    return left === 0 || (left === 1 && this.#text[this.#at] === SPACE);
  }

  /** Takes `word`, a word or punctuation in US-ASCII, or throws. */
  expect(word: string): this {
    if (!this.skip(word)) throw this.#expected(`"${word}"`);
    return this;
  }

  /** Takes `word` if it comes next, and says whether it did. */
  skip(word: string): boolean {
    if (!this.peek(word)) return false;
    this.#at += word.length;
    return true;
  }

  /** Whether `word` comes next. It may go on: `peek('BODY')` also sees `BODYSTRUCTURE`. */
  peek(word: string): boolean {
    for (let index = 0; index < word.length; index += 1) {
      if (lowerCase(this.#text[this.#at + index] ?? NUL) !== lowerCase(word.charCodeAt(index))) return false;
    }
    return true;
  }

  /** Whether a digit comes next, behind `before` if that is given. */
  peekDigit(before = ''): boolean {
    return this.peek(before) && isOf(this.#text[this.#at + before.length], characters.digit);
  }

  /** Whether a sequence-set comes next, behind `before` if that is given: what tells a set from a key in SEARCH. */
  peekSequenceSet(before = ''): boolean {
    return this.peek(before) && isOf(this.#text[this.#at + before.length], characters.sequenceSet);
  }

  /**
   * A word of the protocol, in upper case: the name of a fetch item, search key, status item, option or modifier
   * (tagged-ext-label of RFC 4466 §3). Take keys from a Map or switch on it: it may be `CONSTRUCTOR`.
   */
  label(): string {
    return this.#run(characters.label, 'a word').toUpperCase();
  }

  // --- Structure ---

  /** `[SP what]` at the end of a command: `null` if nothing follows. */
  optional<T>(what: (args: this) => T): T | null {
    return this.isAtEnd() ? null : what(this.sp());
  }

  /** A list in parentheses, of none or more items with one space between them. */
  list<T>(item: (args: this) => T): T[] {
    return this.nested(() => {
      this.expect('(');
      const items: T[] = [];
      if (this.skip(')')) return items;
      do items.push(item(this));
      while (this.skip(' '));
      this.expect(')');
      return items;
    });
  }

  /** Runs what may call itself, such as the parser of a search key, and refuses the hundredth call within another. */
  nested<T>(what: (args: this) => T): T {
    if (this.#depth === MAX_DEPTH) throw new ParseError('Too many parentheses within one another', 'limit');
    this.#depth += 1;
    const result = what(this);
    this.#depth -= 1; // Not after an error, since that ends the command.
    return result;
  }

  /**
   * A list of named parameters in parentheses, such as the options of a search (RFC 4466 §2): each name at most once,
   * in any order, none but those in `table`.
   *
   * @param table by name in upper case, what reads the rest of the parameter: `(value) => value.sp().modSeq()`
   */
  parameters<V>(table: { readonly [Name in keyof V]: (value: Arguments) => V[Name] }): { [Name in keyof V]?: V[Name] } {
    const found: { [Name in keyof V]?: V[Name] } = {};
    this.list(() => {
      const name = this.label();
      if (!isKeyOf(table, name)) throw new ParseError('Unknown parameter');
      if (Object.hasOwn(found, name)) throw new ParseError('Parameter given twice');
      found[name] = table[name](this);
    });
    return found;
  }

  /** As `parameters`, of which there must be one: those of SELECT and FETCH (RFC 4466 §2.1, §2.4). */
  someParameters<V>(table: { readonly [Name in keyof V]: (value: Arguments) => V[Name] }): {
    [Name in keyof V]?: V[Name];
  } {
    const found = this.parameters(table);
    if (Object.keys(found).length === 0) throw this.#expected('a parameter');
    return found;
  }

  /**
   * One optional parameter in parentheses before further arguments, and the space behind it: `(NAME value) `, as in
   * STORE (RFC 7162 §3.1.3).
   *
   * @returns `null` if no parenthesis comes next
   */
  modifier<T>(name: string, value: (args: this) => T): T | null {
    if (!this.skip('(')) return null;
    const result = value(this.expect(name).sp());
    this.expect(')').sp();
    return result;
  }

  // --- Numbers ---

  /** number: 0 to 2^32-1. */
  number(): number {
    const number = Number(this.#run(characters.digit, 'a number'));
    if (number > MAX_NUMBER) throw new ParseError('Number too large');
    return number;
  }

  /** nz-number: 1 to 2^32-1. */
  nzNumber(): number {
    const number = this.number();
    if (number === 0) throw new ParseError('Number must not be zero');
    return number;
  }

  /** number64: 0 to 2^63-1. Above 2^53-1 it is given as 2^53-1: nothing here grows so large. */
  number64(): number {
    const digits = this.#run(characters.digit, 'a number').replace(/^0+/, '');
    const isTooLarge = digits.length > 19 || (digits.length === 19 && digits > MAX_NUMBER64);
    if (isTooLarge) throw new ParseError('Number too large');
    return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
  }

  /**
   * mod-sequence-valzer: RFC 7162 §7, limited as `number64`. Zero is taken also where the grammar asks for more
   * (CHANGEDSINCE): it can only mean everything.
   */
  modSeq(): number {
    return this.number64();
  }

  /** sequence-set, with `*`, and `$`, the result that a SEARCH saved (RFC 5182 §2.1). */
  sequenceSet(): SequenceSet {
    return parseSequenceSet(this.#runOctets(characters.sequenceSet, 'a message set'));
  }

  /** A set of UIDs without `*` and `$`: known-uids of RFC 7162 §7, uid-set of RFC 9051 §9. */
  uidSet(): SequenceSet {
    const set = this.sequenceSet();
    if (set.starFrom !== null || set.includesSaved) throw new ParseError('Only numbers may stand in this set');
    return set;
  }

  // --- Strings ---

  atom(): string {
    return this.#run(characters.atom, 'an atom');
  }

  /** astring as text: UTF-8, which RFC 9051 §9 allows in quoted strings and every client sends. */
  astring(): string {
    return decodeUtf8(this.astringOctets());
  }

  /** astring as it came: for passwords, and for SEARCH with a CHARSET. */
  astringOctets(): Buffer {
    return this.#isAtString() ? this.stringOctets() : this.#runOctets(characters.astring, 'a string');
  }

  /** string, quoted or literal, as text in UTF-8. */
  string(): string {
    return decodeUtf8(this.stringOctets());
  }

  stringOctets(): Buffer {
    if (this.#text[this.#at] === DOUBLE_QUOTE) return this.#quoted();
    const { octets, binary } = this.literal();
    if (binary) throw new ParseError('A literal8 has no place here');
    if (octets.includes(NUL)) throw new ParseError('NUL in a literal');
    return octets;
  }

  /** nstring as text in UTF-8; `null` for NIL. */
  nstring(): string | null {
    const octets = this.nstringOctets();
    return octets === null ? null : decodeUtf8(octets);
  }

  nstringOctets(): Buffer | null {
    if (this.#isAtString()) return this.stringOctets();
    this.expect('NIL');
    return null;
  }

  /** A literal or literal8, whose octets may be any: METADATA values (RFC 5464 §5). */
  literal(): LiteralPart {
    const literal = this.#at === this.#text.length ? this.#parts.literals[this.#index] : undefined;
    if (literal === undefined) throw this.#expected('a string');
    this.#index += 1;
    this.#text = this.#parts.texts[this.#index] ?? Buffer.alloc(0);
    this.#at = 0;
    return literal;
  }

  /** Whether a literal comes next that was buffered. */
  peekLiteral(): boolean {
    return this.#at === this.#text.length && this.#index < this.#parts.literals.length;
  }

  /** Whether a literal8 comes next that was buffered. */
  peekLiteral8(): boolean {
    return this.peekLiteral() && this.#parts.literals[this.#index]?.binary === true;
  }

  /** The message literal before which `readCommand` stopped. Its octets are still to be read. */
  messageLiteral(): LiteralHeader {
    if (!this.peekMessageLiteral() || this.#messageLiteral === null) throw this.#expected('a message literal');
    return this.#messageLiteral;
  }

  /** As `messageLiteral`, wherever it stands; `null` if there is none. */
  get announcedLiteral(): LiteralHeader | null {
    return this.#messageLiteral;
  }

  peekMessageLiteral(): boolean {
    return this.#messageLiteral !== null && this.#at === this.#text.length && !this.peekLiteral();
  }

  // --- Mailboxes, flags, dates, sections ---

  /**
   * The name of a mailbox, decoded; any spelling of INBOX is `INBOX`. May be empty, which only LIST has a use for.
   *
   * @throws {ParseError} of kind `mailbox-name`
   */
  mailbox(): string {
    const name = this.mailboxAsGiven();
    return INBOX.test(name) ? 'INBOX' : name;
  }

  /** As `mailbox`, but INBOX as the client spells it. */
  mailboxAsGiven(): string {
    return decodeMailboxName(this.astringOctets(), this.#utf8);
  }

  /** list-mailbox: the pattern of LIST with its wildcards `%` and `*`, decoded like a name. */
  listMailbox(): string {
    const octets = this.#isAtString() ? this.stringOctets() : this.#runOctets(characters.list, 'a mailbox pattern');
    return decodeMailboxName(octets, this.#utf8);
  }

  /** flag: a keyword as the client wrote it, or a flag with a backslash, system flags as the RFC writes them. */
  flag(): string {
    if (!this.skip('\\')) return this.atom();
    const flag = `\\${this.atom()}`;
    return systemFlags.get(flag.toLowerCase()) ?? flag;
  }

  /** flag-list: in parentheses, and perhaps empty. */
  flagList(): string[] {
    return this.list(() => this.flag());
  }

  /** The flags of STORE: a flag-list, or one flag or more without parentheses, to the end of the command. */
  flags(): string[] {
    if (this.peek('(')) return this.flagList();
    const flags = [this.flag()];
    while (!this.isAtEnd()) flags.push(this.sp().flag());
    return flags;
  }

  /** date-time of APPEND, in quotes. */
  dateTime(): DateTime {
    const dateTime = parseDateTime(this.#quoted().toString('latin1'));
    if (dateTime === null) throw new ParseError('Invalid date-time');
    return dateTime;
  }

  /** date of SEARCH, with or without quotes: midnight UTC of that day in milliseconds since 1970. */
  date(): number {
    const text =
      this.#text[this.#at] === DOUBLE_QUOTE ? this.#quoted().toString('latin1') : this.#run(characters.date, 'a date');
    const date = parseDate(text);
    if (date === null) throw new ParseError('Invalid date');
    return date;
  }

  /** `[...]` behind BODY and BODY.PEEK. */
  section(): Section {
    return parseSection(this);
  }

  /** `[...]` behind BINARY, BINARY.PEEK and BINARY.SIZE: part numbers alone, none for the whole message. */
  sectionBinary(): readonly number[] {
    return parseSectionBinary(this);
  }

  /** `<offset.count>` behind a section; `null` if none comes next. */
  partial(): Partial | null {
    if (!this.skip('<')) return null;
    const offset = this.number64();
    const count = this.expect('.').number64();
    if (count === 0) throw new ParseError('Number must not be zero');
    this.expect('>');
    return { offset, count };
  }

  // --- Within ---

  #isAtString(): boolean {
    return this.#text[this.#at] === DOUBLE_QUOTE || this.peekLiteral();
  }

  /**
   * Octets above 0x7f are let through for the caller to judge. A backslash escapes only what must be escaped: before
   * anything else it is refused, for whoever forgot to double it meant a backslash, and whoever escapes too much did
   * not; to guess is to take another password or mailbox than was meant.
   */
  #quoted(): Buffer {
    const text = this.#text;
    if (text[this.#at] !== DOUBLE_QUOTE) throw this.#expected('a quoted string');
    const start = this.#at + 1;
    let escapes = 0;
    let at = start;
    for (; text[at] !== DOUBLE_QUOTE; at += 1) {
      const octet = text[at];
      if (octet === BACKSLASH) {
        at += 1;
        escapes += 1;
        if (text[at] !== BACKSLASH && text[at] !== DOUBLE_QUOTE)
          throw new ParseError('Invalid escape in a quoted string');
      } else if (octet === undefined) {
        throw new ParseError('Quoted string without its end');
      } else if (octet === NUL || octet === CR) {
        throw new ParseError('NUL or CR in a quoted string');
      }
    }
    this.#at = at + 1;
    const quoted = text.subarray(start, at);
    return escapes === 0 ? quoted : withoutEscapes(quoted, escapes);
  }

  #run(characterClass: Parameters<typeof isOf>[1], what: string): string {
    const start = this.#at;
    return this.#text.toString('latin1', start, this.#endOfRun(characterClass, what));
  }

  #runOctets(characterClass: Parameters<typeof isOf>[1], what: string): Buffer {
    const start = this.#at;
    return this.#text.subarray(start, this.#endOfRun(characterClass, what));
  }

  #endOfRun(characterClass: Parameters<typeof isOf>[1], what: string): number {
    const start = this.#at;
    while (isOf(this.#text[this.#at], characterClass)) this.#at += 1;
    if (this.#at === start) throw this.#expected(what);
    return this.#at;
  }

  #expected(what: string): ParseError {
    return new ParseError(`Expected ${what}`);
  }
}

function isKeyOf<T extends object>(table: T, name: PropertyKey): name is keyof T {
  return Object.hasOwn(table, name);
}

function lowerCase(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
}

function withoutEscapes(quoted: Buffer, escapes: number): Buffer {
  const result = Buffer.allocUnsafe(quoted.length - escapes);
  let from = 0;
  for (let to = 0; to < result.length; to += 1) {
    if (quoted[from] === BACKSLASH) from += 1;
    result[to] = quoted[from] ?? NUL;
    from += 1;
  }
  return result;
}

function decodeUtf8(octets: Buffer): string {
  if (!isUtf8(octets)) throw new ParseError('String is not valid UTF-8');
  return octets.toString('utf8');
}
