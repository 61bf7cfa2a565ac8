import { decodeCharset } from './charset.ts';
import { limits } from './limits.ts';
import { lowerCase, type OctetString } from './octet-string.ts';
import { Base64Decoder } from './transfer-decoders.ts';

const LETTER_B = 0x42;
const LETTER_Q = 0x51;

/** What decoders put for octets that are no character. */
const REPLACEMENT = '\ufffd';

/** An encoded-word (RFC 2047 §2) found in a value. */
interface EncodedWord {
  /** In lower case, without the language that RFC 2231 §5 allows behind it. */
  readonly charset: string;
  readonly isBase64: boolean;
  readonly text: OctetString;
  readonly end: number;
}

/**
 * Decodes the encoded-words of an unfolded field value (RFC 2047), and its other octets as UTF-8 (RFC 6532) or, where they are
 * not valid as such, as windows-1252.
 *
 * White space between encoded-words goes (§6.2), and neighbours of one charset are decoded as one, since senders cut through
 * characters although §5 forbids it. Lenient otherwise too: encoded-words count in quoted strings, beside other text, longer
 * than 75 octets, and with spaces inside. What was decoded before stays as it is.
 */
export function decodeEncodedWords(value: OctetString): string {
  let start = value.indexOf('=?');
  if (start < 0) return decodePlain(value);
  const decoded: string[] = [];
  let run: EncodedWord[] = []; // neighbours of one charset
  let position = 0; // where the last encoded-word ended
  const endRun = () => {
    if (run.length > 0) decoded.push(decodeRun(run));
    run = [];
  };
  while (start >= 0) {
    const word = readEncodedWord(value, start);
    if (word === null) {
      start = value.indexOf('=?', start + 2);
      continue;
    }
    const between = value.slice(position, start);
    if (position === 0 || !isWhiteSpace(between)) {
      endRun();
      decoded.push(decodePlain(between));
    } else if (run[0]?.charset !== word.charset) {
      endRun();
    }
    run.push(word);
    position = word.end;
    start = value.indexOf('=?', position);
  }
  endRun();
  decoded.push(decodePlain(value.slice(position)));
  return decoded.join('');
}

/** Reads the encoded-word that begins with the `=?` here; null if there is none. Looks no further than the fourth `?`. */
function readEncodedWord(value: OctetString, start: number): EncodedWord | null {
  const charsetEnd = value.indexOf('?', start + 2);
  if (charsetEnd < 0 || charsetEnd === start + 2) return null;
  const encoding = value.charCodeAt(charsetEnd + 1) & 0xdf;
  if ((encoding !== LETTER_B && encoding !== LETTER_Q) || value[charsetEnd + 2] !== '?') return null;
  const textEnd = value.indexOf('?', charsetEnd + 3);
  if (textEnd < 0 || value[textEnd + 1] !== '=') return null;
  const [charset = ''] = value.slice(start + 2, Math.min(charsetEnd, start + 2 + limits.charsetOctets)).split('*', 1);
  const text = value.slice(charsetEnd + 3, textEnd);
  return { charset: lowerCase(charset), isBase64: encoding === LETTER_B, text, end: textEnd + 2 };
}

/**
 * Neighbours of one charset. Some senders cut characters in two, some the base64 text of a whole value, and some do as RFC 2047
 * §5 says and end each encoded-word whole; where one reading has characters that cannot be, the next is tried.
 */
function decodeRun(words: readonly EncodedWord[]): string {
  const charset = words[0]?.charset ?? null;
  const joined = decodeCharset(Buffer.concat(octetsOfRun(words, true)), charset);
  if (words.length === 1 || !joined.includes(REPLACEMENT)) return joined;
  const octets = octetsOfRun(words, false);
  const whole = decodeCharset(Buffer.concat(octets), charset);
  if (!whole.includes(REPLACEMENT)) return whole;
  const singly = octets.map((word) => decodeCharset(word, charset)).join('');
  return singly.includes(REPLACEMENT) ? joined : singly;
}

/** @param isContinued whether base64 text that is no multiple of four goes on in the next encoded-word */
function octetsOfRun(words: readonly EncodedWord[], isContinued: boolean): Buffer[] {
  let base64 = new Base64Decoder();
  let characters = 0; // of the base64 text in hand
  return words.map(({ isBase64, text }) => {
    if (!isBase64) return decodeQ(text);
    if (!isContinued || characters % 4 === 0) base64 = new Base64Decoder();
    characters = text.endsWith('=') ? 0 : characters + text.length;
    return base64.write(Buffer.from(text, 'latin1'));
  });
}

/** The Q encoding (RFC 2047 §4.2). What is no valid escape stays as it is. */
function decodeQ(text: OctetString): Buffer {
  const plain = text
    .replaceAll('_', ' ')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  return Buffer.from(plain, 'latin1');
}

/** Octets that are no encoded-words: UTF-8 or, where they are not valid as such, windows-1252. */
export function decodePlain(value: OctetString): string {
  return /[\x80-\xff]/.test(value) && !/[\u0100-\uffff]/.test(value)
    ? decodeCharset(Buffer.from(value, 'latin1'), null)
    : value;
}

function isWhiteSpace(value: OctetString): boolean {
  return /^[ \t\r\n]*$/.test(value);
}
