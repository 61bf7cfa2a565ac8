import { createHash, type KeyObject, sign } from 'node:crypto';
import { BodyHash } from './body-hash.ts';
import { HeaderSection } from './header-section.ts';

export interface DkimKey {
  /** Of A-labels. */
  readonly domain: string;
  readonly selector: string;
  /** Ed25519 (RFC 8463), or RSA of 1,024 bits and more (RFC 8301 §3.2). */
  readonly privateKey: KeyObject;
}

/**
 * The fields that are signed, and once more than a message has them, so that nobody can add another (RFC 6376 §8.15): what
 * RFC 6376 §5.4.1 names, but for what lists and servers on the way change with good reason.
 */
const SIGNED_FIELDS = [
  'from',
  'sender',
  'reply-to',
  'subject',
  'date',
  'message-id',
  'to',
  'cc',
  'in-reply-to',
  'references',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
];

const SIGNATURE_LINE = 72;

/** Signs a message as its octets come: RFC 6376, relaxed/relaxed. */
export class DkimSigning {
  readonly #header = new HeaderSection();
  readonly #body = new BodyHash({ canonicalization: 'relaxed' });

  push(octets: Buffer): void {
    if (this.#header.isAtEnd) this.#body.push(octets);
    else this.#body.push(this.#header.push(octets));
  }

  /**
   * The DKIM-Signature fields, one for each key, to be put before the message.
   *
   * @param at when it is signed
   * @throws {RangeError} if the header section is too long to be signed
   */
  finish(keys: readonly DkimKey[], at: Date): string {
    if (this.#header.isTooLong) throw new RangeError('the header section is too long to be signed');
    const fields = headerFields(this.#header.toBuffer());
    const bodyHash = this.#body.digest();
    return keys.map((key) => signatureField(key, fields, bodyHash, at)).join('');
  }
}

/** Each with its name in lower case, from the top. */
function headerFields(header: Buffer): readonly (readonly [name: string, field: string])[] {
  return header
    .toString('latin1')
    .split(/\r\n(?![ \t])/)
    .filter((field) => field.includes(':'))
    .map((field) => [field.slice(0, field.indexOf(':')).trim().toLowerCase(), field]);
}

function signatureField(
  { domain, selector, privateKey }: DkimKey,
  fields: readonly (readonly [name: string, field: string])[],
  bodyHash: string,
  at: Date,
): string {
  const isRsa = privateKey.asymmetricKeyType === 'rsa';
  // From the bottom, as verifiers look for them (RFC 6376 §5.4.2).
  const chosen = SIGNED_FIELDS.map((name) => fields.filter((field) => field[0] === name).reverse());
  const names = SIGNED_FIELDS.flatMap((name, i) => new Array<string>((chosen[i]?.length ?? 0) + 1).fill(name));
  const unsigned = [
    `DKIM-Signature: v=1; a=${isRsa ? 'rsa' : 'ed25519'}-sha256; c=relaxed/relaxed;`,
    `\td=${domain}; s=${selector}; t=${Math.floor(at.getTime() / 1000)};`,
    `\th=${foldNames(names)};`,
    `\tbh=${bodyHash};`,
    '\tb=',
  ].join('\r\n');
  const signed = [...chosen.flat().map(([, field]) => `${relaxed(field)}\r\n`), relaxed(unsigned)].join('');
  const octets = Buffer.from(signed, 'latin1');
  const signature = isRsa
    ? sign('sha256', octets, privateKey)
    : sign(null, createHash('sha256').update(octets).digest(), privateKey);
  const lines = signature.toString('base64').match(new RegExp(`.{1,${SIGNATURE_LINE}}`, 'g')) ?? [];
  return `${unsigned}${lines.join('\r\n\t ')}\r\n`;
}

function foldNames(names: readonly string[]): string {
  let text = '';
  let column = 0;
  for (const name of names) {
    if (text !== '') text += ':';
    if (column + name.length > SIGNATURE_LINE) {
      text += '\r\n\t ';
      column = 0;
    }
    text += name;
    column += name.length + 1;
  }
  return text;
}

/** RFC 6376 §3.4.2. */
function relaxed(field: string): string {
  const colon = field.indexOf(':');
  const name = field.slice(0, colon).trim().toLowerCase();
  const value = field
    .slice(colon + 1)
    .replaceAll('\r\n', '')
    .replace(/[ \t]+/g, ' ');
  return `${name}:${withoutSpaces(value)}`;
}

/** At both ends; there is one at most. */
function withoutSpaces(text: string): string {
  return text.slice(text.startsWith(' ') ? 1 : 0, text.length - (text.length > 1 && text.endsWith(' ') ? 1 : 0));
}
