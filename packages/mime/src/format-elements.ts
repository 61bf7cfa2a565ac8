/**
 * Writes the elements of structured header fields, each quoted by its own rules, whatever text they are made of: what comes out of
 * one is that element for every parser, and never ends its line, its quotes, its brackets or its field.
 *
 * | element | where | rule |
 * |---|---|---|
 * | phrase | a display name, the name of a group | atoms as they are; else a quoted-string; else encoded words (RFC 5322 §3.2.5, RFC 2047 §5) |
 * | local part | before the `@` | a dot-atom as it is, else a quoted-string (RFC 5322 §3.4.1); never encoded words (RFC 2047 §5) |
 * | domain | behind the `@` | a dot-atom, else a domain literal (RFC 5322 §3.4.1) |
 * | domain literal | behind the `@`, for an IP address | in brackets, IPv6 with its tag (RFC 5321 §4.1.3) |
 * | comment | in parentheses | parentheses and backslashes quoted (RFC 5322 §3.2.2); else encoded words |
 * | unstructured text | Subject | encoded words where it is not ASCII (RFC 2047 §5) |
 *
 * Control characters, ends of lines above all, stand in none of them. In phrases, comments and text, which are for people, a space
 * takes their place; a local part or domain with one is refused, as it would be another address.
 */

export interface Mailbox {
  /** What people read; null or '' for none. */
  readonly name: string | null;
  /** As it is meant, without quotes. */
  readonly localPart: string;
  /** A domain name, or an address literal with its brackets. */
  readonly domain: string;
}

export interface Group {
  readonly name: string;
  readonly members: readonly Mailbox[];
}

/** RFC 5322 §3.2.3, in UTF-8 too (RFC 6532 §3.2). */
const ATOM = String.raw`[\w!#$%&'*+\-/=?^\x60{|}~\u{a0}-\u{10ffff}]+`;
const DOT_ATOM = new RegExp(`^${ATOM}(?:\\.${ATOM})*$`, 'u');
const ATOMS = /^[\w!#$%&'*+\-/=?^`{|}~]+(?: [\w!#$%&'*+\-/=?^`{|}~]+)*$/;
const PRINTABLE_ASCII = /^[ -~]*$/;
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]+/gu;
const HAS_CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;
/** What a program would decode (RFC 2047 §2), though it is meant as it stands. */
const LOOKS_ENCODED = /=\?/;

/** RFC 2047 §2: an encoded word has at most 75 characters, `=?utf-8?B?` and `?=` among them. */
const ENCODED_OCTETS = Math.floor((75 - '=?utf-8?B??='.length) / 4) * 3;
const FOLD_COLUMNS = 78;

/** A display name, or the name of a group. */
export function formatPhrase(text: string): string {
  const plain = withoutControls(text);
  if (plain === '') return '""';
  if (!PRINTABLE_ASCII.test(plain) || LOOKS_ENCODED.test(plain)) return encodeWords(plain);
  return ATOMS.test(plain) ? plain : quoted(plain);
}

/** @param content without quotes @throws {RangeError} for what no local part can hold */
export function formatLocalPart(content: string): string {
  if (content === '' || HAS_CONTROL.test(content)) throw new RangeError('a local part holds no control characters');
  return DOT_ATOM.test(content) ? content : quoted(content);
}

/** @param domain a name, or an address literal with its brackets @throws {RangeError} for what is neither */
export function formatDomain(domain: string): string {
  const isLiteral = /^\[[!-Z^-~]+\]$/.test(domain);
  if (!isLiteral && (!DOT_ATOM.test(domain) || HAS_CONTROL.test(domain))) throw new RangeError('not a domain');
  return domain;
}

/** @param address an IP address @throws {RangeError} for what can be none */
export function formatDomainLiteral(address: string): string {
  if (/^[0-9.]+$/.test(address)) return `[${address}]`;
  if (/^[0-9a-f:.]+$/i.test(address)) return `[IPv6:${address}]`;
  throw new RangeError('not an IP address');
}

/** With its parentheses. */
export function formatComment(text: string): string {
  const plain = withoutControls(text);
  const isPlain = PRINTABLE_ASCII.test(plain) && !LOOKS_ENCODED.test(plain);
  return `(${isPlain ? plain.replace(/[()\\]/g, '\\$&') : encodeWords(plain)})`;
}

/** The value of a field without structure, such as Subject. */
export function formatText(text: string): string {
  const plain = withoutControls(text);
  return PRINTABLE_ASCII.test(plain) && !LOOKS_ENCODED.test(plain) ? plain : encodeWords(plain);
}

/** `Mary Smith <mary@example.com>`. @throws {RangeError} as those of its parts */
export function formatMailbox({ name, localPart, domain }: Mailbox): string {
  const address = `${formatLocalPart(localPart)}@${formatDomain(domain)}`;
  return name === null || name === '' ? address : `${formatPhrase(name)} <${address}>`;
}

/** `A Group: john@example.com, Mary <mary@example.com>;` @throws {RangeError} as formatMailbox */
export function formatGroup({ name, members }: Group): string {
  const list = members.map(formatMailbox).join(', ');
  return `${formatPhrase(name)}:${list === '' ? '' : ` ${list}`};`;
}

/**
 * A field of mailboxes and groups with its CRLF, folded between them where it would be longer than 78 columns (RFC 5322 §2.1.1).
 *
 * @throws {RangeError} as formatMailbox
 */
export function formatAddressField(name: string, entries: readonly (Mailbox | Group)[]): string {
  let line = `${name}:`;
  const lines: string[] = [];
  entries.forEach((entry, i) => {
    const text = ` ${'members' in entry ? formatGroup(entry) : formatMailbox(entry)}${i < entries.length - 1 ? ',' : ''}`;
    if (i > 0 && line.length + text.length > FOLD_COLUMNS) {
      lines.push(line);
      line = '';
    }
    line += text;
  });
  return `${[...lines, line].join('\r\n')}\r\n`;
}

/** In UTF-8 and base64, characters whole, with a space between words, which decoders drop (RFC 2047 §2, §6.2). */
function encodeWords(text: string): string {
  const words: string[] = [];
  let word = '';
  let octets = 0;
  for (const character of text) {
    const more = Buffer.byteLength(character);
    if (octets + more > ENCODED_OCTETS) {
      words.push(word);
      word = '';
      octets = 0;
    }
    word += character;
    octets += more;
  }
  words.push(word);
  return words.map((each) => `=?utf-8?B?${Buffer.from(each).toString('base64')}?=`).join(' ');
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function withoutControls(text: string): string {
  return text.replace(CONTROLS, ' ').trim();
}
