import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto';
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
 * What RFC 6376 §5.4.1 names and every message has, or might have: signed once more than it is there, so that nobody can add one
 * (RFC 6376 §8.15). Of From that is what makes a second author impossible.
 */
const ALWAYS = [
  'from',
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

/**
 * As well, but only of messages that have them: lists, and servers on the way, that change nothing else add theirs with good reason.
 * List-Unsubscribe and List-Unsubscribe-Post must be signed (RFC 8058 §4).
 */
const IF_PRESENT = [
  'sender',
  'content-id',
  'content-description',
  'content-disposition',
  'content-language',
  'disposition-notification-to',
  'list-id',
  'list-help',
  'list-subscribe',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'list-post',
  'list-owner',
  'list-archive',
];

/** As often as they are there: whoever sends the message again puts more of them before these (RFC 5322 §3.6.6). */
const AS_OFTEN = ['resent-date', 'resent-from', 'resent-sender', 'resent-to', 'resent-cc', 'resent-message-id'];

const SIGNATURE_LINE = 72;

/** A key as it is kept, read. @param privateKey PKCS#8 in DER */
export function dkimKey({
  privateKey,
  ...key
}: Omit<DkimKey, 'privateKey'> & { readonly privateKey: Buffer }): DkimKey {
  return { ...key, privateKey: createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' }) };
}

/** Signs a message as its octets come: RFC 6376, relaxed/relaxed, all of its body. */
export class DkimSigning {
  readonly #header = new HeaderSection();
  readonly #body = new BodyHash({ canonicalization: 'relaxed' });

  /** It cannot be signed. */
  get isHeaderTooLong(): boolean {
    return this.#header.isTooLong;
  }

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
    if (this.isHeaderTooLong) throw new RangeError('the header section is too long to be signed');
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
  const { names, chosen } = chooseFields(fields);
  const unsigned = [
    `DKIM-Signature: v=1; a=${isRsa ? 'rsa' : 'ed25519'}-sha256; c=relaxed/relaxed;`,
    `\td=${domain}; s=${selector}; t=${Math.floor(at.getTime() / 1000)};`,
    `\th=${foldNames(names)};`,
    `\tbh=${bodyHash};`,
    '\tb=',
  ].join('\r\n');
  const signed = [...chosen.map(([, field]) => `${relaxed(field)}\r\n`), relaxed(unsigned)].join('');
  const octets = Buffer.from(signed, 'latin1');
  const signature = isRsa
    ? sign('sha256', octets, privateKey)
    : sign(null, createHash('sha256').update(octets).digest(), privateKey);
  const lines = signature.toString('base64').match(new RegExp(`.{1,${SIGNATURE_LINE}}`, 'g')) ?? [];
  return `${unsigned}${lines.join('\r\n\t ')}\r\n`;
}

/** The names for `h=`, and the fields that are there, in its order: those of one name from the bottom (RFC 6376 §5.4.2). */
function chooseFields(fields: readonly (readonly [name: string, field: string])[]) {
  const byName = Map.groupBy(fields.toReversed(), ([name]) => name);
  const of = (name: string) => byName.get(name) ?? [];
  const named = [
    ...ALWAYS.map((name) => ({ name, times: of(name).length + 1 })),
    ...IF_PRESENT.filter((name) => of(name).length > 0).map((name) => ({ name, times: of(name).length + 1 })),
    ...AS_OFTEN.map((name) => ({ name, times: of(name).length })),
  ];
  return {
    names: named.flatMap(({ name, times }) => new Array<string>(times).fill(name)),
    chosen: named.flatMap(({ name }) => of(name)),
  };
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
