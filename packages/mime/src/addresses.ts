import { FieldScanner, octetsExcept } from './field-scanner.ts';
import type { OctetString } from './octet-string.ts';

/**
 * An address as ENVELOPE shows it (RFC 9051 §7.5.2), quoting removed. A group begins with an entry whose host is null and
 * whose mailbox is the group's name, and ends with one that is null in all.
 */
export interface Address {
  readonly name: OctetString | null;
  /** The obsolete source route, as `@one,@two` (RFC 5322 §4.4). */
  readonly route: OctetString | null;
  readonly mailbox: OctetString | null;
  readonly host: OctetString | null;
}

/**
 * What stands for a part that an address lacks, as in Dovecot, so that programs which have met these words know them. An
 * empty host would do by the grammar, but clients then show and answer `root@`; a NIL one would begin a group.
 */
export const missingMailbox = 'MISSING_MAILBOX';
export const missingHost = 'MISSING_DOMAIN';

const endOfGroup: Address = { name: null, route: null, mailbox: null, host: null };

const COMMA = 0x2c;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const LESS = 0x3c;
const GREATER = 0x3e;
const AT = 0x40;
const CLOSE = 0x29;
const DOT = 0x2e;
const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;

/** The octets of a dot-atom (RFC 5322 §3.2.3), and those that real mail has in its place. */
const atomOctets = octetsExcept('()<>,;:@"');
const domainOctets = octetsExcept('()<>,;:@"[]\\');

/**
 * Parses an address list (RFC 5322 §3.4, §4.4), leniently and in one pass: what cannot be an address is still shown as one,
 * since a person must be able to see it.
 *
 * Quoting is removed from a local part too, as Dovecot does; the host is always the domain that the RFC's grammar finds, so
 * `"a@evil x"@local` is at `local`.
 *
 * @param value an unfolded field value
 * @param max at most so many entries, and one more where a group needs its end
 */
export function parseAddresses(value: OctetString, max: number): Address[] {
  const list = new AddressList(value, max);
  list.parse();
  return list.addresses;
}

class AddressList {
  readonly addresses: Address[] = [];
  readonly #scanner: FieldScanner;
  readonly #max: number;
  #isInGroup = false;

  /** The words since the last address: a phrase, or a local part without its host. */
  #words: OctetString[] = [];
  #hasQuotedWord = false;

  constructor(value: OctetString, max: number) {
    this.#scanner = new FieldScanner(value);
    this.#max = max;
  }

  parse(): void {
    const scanner = this.#scanner;
    while (this.addresses.length < this.#max) {
      scanner.skipCfws();
      if (scanner.isAtEnd) {
        this.#endAddress();
        break;
      }
      switch (scanner.peek()) {
        case COMMA:
          scanner.position++;
          this.#endAddress();
          break;
        case COLON:
          scanner.position++;
          this.#beginGroup();
          break;
        case SEMICOLON:
          scanner.position++;
          this.#endAddress();
          this.#endGroup();
          break;
        case LESS:
          this.#angleAddress();
          break;
        case AT:
          this.#bareAddress();
          break;
        case GREATER:
        case CLOSE:
          scanner.position++; // closes nothing
          break;
        case QUOTE:
          this.#hasQuotedWord = true;
          this.#words.push(readWord(scanner));
          break;
        default:
          this.#words.push(readWord(scanner));
      }
    }
    this.#endGroup();
  }

  /** `group-name:` Groups do not nest (RFC 5322 §3.4): another one ends the first. */
  #beginGroup(): void {
    this.#endGroup();
    if (this.addresses.length >= this.#max) return;
    this.#isInGroup = true;
    this.addresses.push({ name: null, route: null, mailbox: this.#takePhrase() ?? '', host: null });
    this.#scanner.comment = null;
  }

  #endGroup(): void {
    if (this.#isInGroup) this.addresses.push(endOfGroup);
    this.#isInGroup = false;
  }

  /**
   * A comma, semicolon or the end. Words without an address are shown all the same: one atom as the mailbox, since local
   * mail is from `root`; all else as a name, which programs show where `"Mary Smith"@MISSING_DOMAIN` would puzzle.
   */
  #endAddress(): void {
    const isName = this.#words.length > 1 || this.#hasQuotedWord || this.#words.some(isEncodedWord);
    const phrase = this.#takePhrase();
    if (phrase !== null) this.#add(isName ? phrase : null, null, isName ? null : phrase, null);
    this.#scanner.comment = null;
  }

  /** `phrase <@route:local@host>`. A comment is the name where there is no phrase. */
  #angleAddress(): void {
    const scanner = this.#scanner;
    scanner.position++;
    scanner.skipCfws();
    const route = readRoute(scanner);
    const words: OctetString[] = [];
    let host: OctetString | null = null;
    while (!scanner.isAtEnd && scanner.peek() !== GREATER && scanner.peek() !== COMMA) {
      if (scanner.skip(AT)) host ??= readDomain(scanner);
      else if (isSpecial(scanner.peek())) scanner.position++;
      else if (host === null) words.push(readWord(scanner));
      else readWord(scanner);
      scanner.skipCfws();
    }
    scanner.skip(GREATER);
    scanner.skipCfws();
    const local = takeLocalPart(words);
    this.#add(this.#takePhrase(), route, local === null ? null : [...words, local].join(' '), host);
    this.#skipToSeparator();
  }

  /** `local@host`. Words before the local part are taken for a name. */
  #bareAddress(): void {
    const scanner = this.#scanner;
    const mailbox = takeLocalPart(this.#words);
    const name = this.#takePhrase();
    scanner.position++;
    const host = readDomain(scanner);
    scanner.skipCfws();
    // `a@b <c@d>`: a program wrote an address as the name and did not quote it. The one in brackets counts.
    if (scanner.peek() === LESS) {
      this.#words = [`${name === null ? '' : `${name} `}${mailbox ?? ''}@${host ?? ''}`];
      return;
    }
    this.#add(name, null, mailbox, host);
    this.#skipToSeparator();
  }

  #add(
    name: OctetString | null,
    route: OctetString | null,
    mailbox: OctetString | null,
    host: OctetString | null,
  ): void {
    this.addresses.push({
      name: name || this.#scanner.comment || null,
      route,
      mailbox: mailbox ?? missingMailbox,
      host: host || missingHost,
    });
    this.#scanner.comment = null;
  }

  /** Passes what follows an address and is none itself, so that it makes no address of its own. */
  #skipToSeparator(): void {
    const scanner = this.#scanner;
    for (;;) {
      scanner.skipCfws();
      const octet = scanner.peek();
      if (scanner.isAtEnd || octet === COMMA || octet === SEMICOLON || octet === LESS) break;
      if (isSpecial(octet)) scanner.position++;
      else readWord(scanner);
    }
    scanner.comment = null;
  }

  #takePhrase(): OctetString | null {
    this.#hasQuotedWord = false;
    if (this.#words.length === 0) return null;
    const phrase = this.#words.join(' ');
    this.#words = [];
    return phrase;
  }
}

/** Atoms, dots and quoted strings without white space between them. Takes at least one octet unless a special is next. */
function readWord(scanner: FieldScanner): OctetString {
  const first = scanner.peek() === QUOTE ? scanner.quotedString() : scanner.run(atomOctets);
  if (scanner.peek() !== QUOTE && (first === '' || !isAtom(scanner.peek()))) return first;
  const pieces = [first];
  while (scanner.peek() === QUOTE || isAtom(scanner.peek())) {
    pieces.push(scanner.peek() === QUOTE ? scanner.quotedString() : scanner.run(atomOctets));
  }
  return pieces.join('');
}

/** Takes the last word off, and those that a dot beside white space joins to it: `john . doe` (RFC 5322 §4.4). */
function takeLocalPart(words: OctetString[]): OctetString | null {
  let word = words.pop();
  if (word === undefined) return null;
  const pieces = [word];
  for (let before = words.at(-1); before?.endsWith('.') || (before && word?.startsWith('.')); before = words.at(-1)) {
    word = words.pop();
    pieces.push(before);
  }
  return pieces.reverse().join('');
}

function isAtom(octet: number): boolean {
  return atomOctets[octet] === 1;
}

/** It stands in names only (RFC 2047 §5), and nobody decodes it elsewhere. */
function isEncodedWord(word: OctetString): boolean {
  return word.startsWith('=?') && word.endsWith('?=');
}

/** The specials that no word begins with and that separate nothing here (RFC 5322 §3.2.3). */
function isSpecial(octet: number): boolean {
  return (
    octet === AT || octet === COLON || octet === SEMICOLON || octet === LESS || octet === GREATER || octet === CLOSE
  );
}

/** `@one,@two:` before the local part (RFC 5322 §4.4 obs-route); null if there is none. */
function readRoute(scanner: FieldScanner): OctetString | null {
  if (scanner.peek() !== AT) return null;
  const start = scanner.position;
  const hosts: OctetString[] = [];
  while (scanner.skip(AT)) {
    hosts.push(`@${readDomain(scanner) ?? ''}`);
    do scanner.skipCfws();
    while (scanner.skip(COMMA));
  }
  if (scanner.skip(COLON)) {
    scanner.skipCfws();
    return hosts.join(',');
  }
  scanner.position = start; // not a route: an address without a local part
  return null;
}

/** A dot-atom, comments and white space around its dots left out, or a domain literal (RFC 5322 §3.4.1, §4.4). */
function readDomain(scanner: FieldScanner): OctetString | null {
  scanner.skipCfws();
  if (scanner.peek() === OPEN_BRACKET) {
    const close = scanner.text.indexOf(']', scanner.position);
    const end = close < 0 ? scanner.text.length : close + 1;
    const literal = scanner.text.slice(scanner.position, end);
    scanner.position = end;
    return literal;
  }
  const pieces: OctetString[] = [];
  for (;;) {
    const piece = scanner.run(domainOctets);
    pieces.push(piece);
    const hasSpace = scanner.skipCfws();
    if (!hasSpace || (scanner.peek() !== DOT && !piece.endsWith('.'))) break;
  }
  return pieces.join('') || null;
}
