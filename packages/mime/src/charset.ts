import { isAscii, isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import { limits } from './limits.ts';
import { asBuffer, lowerCase } from './octet-string.ts';
import { base64Value } from './transfer-decoders.ts';

/** Makes text of the octets of one charset, given in pieces of any size; what it makes does not depend on the cuts. */
export interface CharsetDecoder {
  write(octets: Buffer): string;
  end(): string;
}

/**
 * How a charset is decoded: by the platform (whose table is the WHATWG's), by iconv-lite for code pages that the platform does
 * not have, or by judging the octets, which serves for US-ASCII (where much else is sent) and for charsets that nobody knows.
 */
type Charset =
  | { readonly type: 'platform'; readonly label: string }
  | { readonly type: 'iconv'; readonly name: string }
  | { readonly type: 'utf-7' | 'utf-16' | 'judge' };

/**
 * Labels that people send, in lower case and only their letters and digits: such as the platform does not know or takes for
 * something else. iconv-lite knows most of the double-byte ones, but loses octets where a cut goes through a broken character.
 */
const aliases: ReadonlyMap<string, Charset> = (() => {
  const map = new Map<string, Charset>();
  const add = (charset: Charset, labels: string) => {
    for (const label of labels.split(' ')) map.set(label, charset);
  };
  const platform = (label: string): Charset => ({ type: 'platform', label });
  add(
    { type: 'judge' },
    'usascii ascii ansix341968 ansix341986 isoir6 iso646us iso646irv1991 csascii ibm367 cp367 us 646',
  );
  add({ type: 'judge' }, 'xuserdefined'); // the platform would make private characters of it
  add({ type: 'utf-7' }, 'utf7 unicode11utf7 csunicode11utf7');
  add({ type: 'utf-16' }, 'utf16 ucs2 iso10646ucs2 csunicode unicode');
  add(platform('utf-8'), 'utf8 xutf8 utf8mb4 unicode11utf8 unicode20utf8 cesu8');
  add(platform('utf-16le'), 'utf16le');
  add(platform('utf-16be'), 'utf16be');
  add(platform('iso-2022-jp'), 'iso2022jp iso2022jp1 iso2022jp2 iso2022jp3 iso2022jpms cp50220 cp50221 cp50222');
  add(platform('shift_jis'), 'shiftjis sjis xsjis mskanji windows31j ms31j windows932 ms932 cp932 932');
  add(platform('euc-jp'), 'eucjp xeucjp eucjpms cp51932');
  add(platform('gbk'), 'gb2312 gb231280 gb23121980 euccn isoir58 chinese xgbk windows936 ms936 cp936 936');
  add(platform('euc-kr'), 'euckr isoir149 ksc5601 ksc56011987 ksc56011989 korean uhc windows949 ms949 cp949 949');
  add(platform('big5'), 'big5 big5hkscs cnbig5 xbig5 xxbig5 windows950 ms950 cp950 950');
  return map;
})();

/** What labels mean, so that a thousand encoded-words do not ask a thousand times; bounded, since anyone may invent labels. */
const known = new Map<string, Charset>();

function findCharset(label: string | null): Charset {
  if (label === null || label.length > limits.charsetOctets) return { type: 'judge' };
  let charset = known.get(label);
  if (charset === undefined) {
    const name = lowerCase(label);
    const plain = name.replace(/[^a-z0-9]/g, '');
    charset = aliases.get(plain) ?? ofPlatform(name) ?? ofPlatform(plain) ?? ofIconv(plain) ?? { type: 'judge' };
    if (known.size < limits.rememberedCharsets) known.set(label, charset);
  }
  return charset;
}

function ofPlatform(label: string): Charset | null {
  try {
    new TextDecoder(label);
    return { type: 'platform', label };
  } catch {
    return null;
  }
}

/** iconv-lite also undoes transfer encodings, under names like those of charsets. */
function ofIconv(name: string): Charset | null {
  return !/^(?:|hex|base64|binary)$/.test(name) && iconv.encodingExists(name) ? { type: 'iconv', name } : null;
}

/** @param label the charset as the sender names it, in any case; null if it names none */
export function charsetDecoder(label: string | null): CharsetDecoder {
  const charset = findCharset(label);
  switch (charset.type) {
    case 'platform':
      return new PlatformDecoder(new TextDecoder(charset.label));
    case 'iconv':
      return new IconvDecoder(charset.name);
    case 'utf-7':
      return new Utf7Decoder();
    case 'utf-16':
      return new Utf16Decoder();
    case 'judge':
      return new JudgingDecoder();
    default:
      return charset satisfies never;
  }
}

/**
 * Decodes octets of a charset. Never throws: malformed octets become U+FFFD, and for a charset that nobody knows the octets
 * are taken for UTF-8 if they are valid as such, else for windows-1252, which has a character for each octet.
 *
 * @param label the charset as the sender names it, in any case; null if it names none
 */
export function decodeCharset(octets: Uint8Array, label: string | null): string {
  const charset = findCharset(label);
  switch (charset.type) {
    case 'platform':
      return new TextDecoder(charset.label).decode(octets);
    case 'iconv':
    case 'utf-7':
    case 'utf-16': {
      const decoder = charsetDecoder(label);
      return decoder.write(asBuffer(octets)) + decoder.end();
    }
    case 'judge':
      return new TextDecoder(isUtf8(octets) ? 'utf-8' : 'windows-1252').decode(octets);
    default:
      return charset satisfies never;
  }
}

/** Fewer octets than this are held until more come. */
const fewOctets = 8;

/**
 * The platform's decoders of double-byte charsets allow for two characters an octet given, and throw where octets that they
 * held turn out to be no character and all come out at once. So they are never given fewer than can be held.
 */
class PlatformDecoder implements CharsetDecoder {
  readonly #decoder: TextDecoder;
  #held: Buffer = Buffer.alloc(0);

  constructor(decoder: TextDecoder) {
    this.#decoder = decoder;
  }

  write(octets: Buffer): string {
    const all = this.#held.length === 0 ? octets : Buffer.concat([this.#held, octets]);
    const isFew = all.length < fewOctets;
    this.#held = isFew ? Buffer.from(all) : Buffer.alloc(0);
    return isFew ? '' : this.#decoder.decode(all, { stream: true });
  }

  end(): string {
    return this.#decoder.decode(this.#held);
  }
}

class IconvDecoder implements CharsetDecoder {
  readonly #decoder: iconv.DecoderStream;

  constructor(name: string) {
    this.#decoder = iconv.getDecoder(name);
  }

  /** Some decoders keep what they are given. */
  write(octets: Buffer): string {
    return this.#decoder.write(Buffer.from(octets));
  }

  end(): string {
    return this.#decoder.end() ?? '';
  }
}

/** UTF-16 (RFC 2781 §4.3): the byte order mark says which end comes first, else the first character if it is ASCII. */
class Utf16Decoder implements CharsetDecoder {
  #first: number | null = null;
  #decoder: CharsetDecoder | null = null;

  write(octets: Buffer): string {
    if (octets.length === 0) return '';
    if (this.#decoder !== null) return this.#decoder.write(octets);
    const all = this.#first === null ? octets : Buffer.concat([Buffer.of(this.#first), octets]);
    const [first = 0, second] = all;
    this.#first = first;
    if (second === undefined) return '';
    const isLittleEndian = (first === 0xff && second === 0xfe) || (first !== 0 && second === 0);
    this.#decoder = new PlatformDecoder(new TextDecoder(isLittleEndian ? 'utf-16le' : 'utf-16be'));
    return this.#decoder.write(all);
  }

  end(): string {
    return this.#decoder?.end() ?? (this.#first === null ? '' : '\ufffd');
  }
}

const PLUS = 0x2b;
const MINUS = 0x2d;

/** UTF-7 (RFC 2152). Octets beyond ASCII are none of it. */
class Utf7Decoder implements CharsetDecoder {
  #isShifted = false;
  /** Whether the shift has had no character yet: `+-` stands for a plus sign. */
  #isFresh = false;
  #bits = 0;
  #count = 0;

  write(octets: Buffer): string {
    const text: string[] = [];
    let plain = 0; // where what stands for itself begins
    for (let i = 0; i < octets.length; i++) {
      const octet = octets[i] ?? 0;
      if (this.#isShifted) {
        this.#takeShifted(octet, text);
        plain = this.#isShifted || octet === MINUS ? i + 1 : i;
      }
      if (this.#isShifted || (octet !== PLUS && octet < 0x80)) continue;
      if (plain < i) text.push(octets.toString('latin1', plain, i));
      if (octet >= 0x80) text.push('\ufffd');
      this.#isShifted = octet === PLUS;
      this.#isFresh = octet === PLUS;
      this.#count = 0;
      plain = i + 1;
    }
    if (!this.#isShifted) text.push(octets.toString('latin1', plain));
    return text.join('');
  }

  end(): string {
    return '';
  }

  #takeShifted(octet: number, text: string[]): void {
    const value = base64Value(octet);
    if (value < 0) {
      this.#isShifted = false;
      if (this.#isFresh && octet === MINUS) text.push('+');
      return;
    }
    this.#isFresh = false;
    this.#bits = ((this.#bits << 6) | value) & 0x3fffff;
    this.#count += 6;
    if (this.#count < 16) return;
    this.#count -= 16;
    text.push(String.fromCharCode((this.#bits >> this.#count) & 0xffff));
  }
}

/** Takes octets for UTF-8 if the first character beyond ASCII is one, else for windows-1252: a stream cannot be judged whole. */
class JudgingDecoder implements CharsetDecoder {
  #chosen: CharsetDecoder | null = null;
  /** The beginning of that first character, where a cut went through it. */
  #held: Buffer = Buffer.alloc(0);
  #hasWritten = false;

  write(octets: Buffer): string {
    if (this.#chosen !== null) return this.#chosen.write(octets);
    const all = this.#held.length === 0 ? octets : Buffer.concat([this.#held, octets]);
    const start = isAscii(all) ? -1 : firstBeyondAscii(all);
    const isUtf8Character = start < 0 ? null : startsWithUtf8(all, start);
    if (isUtf8Character === null) {
      const end = start < 0 ? all.length : start;
      this.#held = Buffer.from(all.subarray(end));
      this.#hasWritten ||= end > 0;
      return all.toString('latin1', 0, end);
    }
    // A byte order mark is one at the very beginning only.
    const ignoreBOM = this.#hasWritten;
    this.#chosen = new PlatformDecoder(new TextDecoder(isUtf8Character ? 'utf-8' : 'windows-1252', { ignoreBOM }));
    return this.#chosen.write(all);
  }

  end(): string {
    return this.#chosen?.end() ?? new TextDecoder('windows-1252').decode(this.#held);
  }
}

function firstBeyondAscii(octets: Buffer): number {
  let at = 0;
  while (at < octets.length && (octets[at] ?? 0) < 0x80) at++;
  return at;
}

/** Whether a character of UTF-8 (RFC 3629 §3) begins here; null if the octets end within it. */
function startsWithUtf8(octets: Buffer, start: number): boolean | null {
  const lead = octets[start] ?? 0;
  const length =
    lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc2 && lead < 0xe0 ? 2 : 0;
  if (length === 0) return false;
  for (let at = start + 1; at < start + length; at++) {
    const octet = octets[at];
    if (octet === undefined) return null;
    if (octet < 0x80 || octet > 0xbf) return false;
  }
  return true;
}
