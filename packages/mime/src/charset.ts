import { isAscii, isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import { limits } from './limits.ts';
import { asBuffer, lowerCase } from './octet-string.ts';

/** Makes text of the octets of one charset, given in pieces of any size; what it makes does not depend on the cuts. */
export interface CharsetDecoder {
  write(octets: Buffer): string;
  end(): string;
}

/**
 * How a charset is decoded: by the platform, by iconv-lite, or by judging the octets, which serves for US-ASCII (where nothing
 * but ASCII is allowed, yet much else is sent) and for charsets that nobody knows.
 */
type Charset =
  | { readonly type: 'platform'; readonly label: string }
  | { readonly type: 'iconv'; readonly name: string }
  | { readonly type: 'judge' };

const judge: Charset = { type: 'judge' };

/** Labels that people send and neither the platform nor iconv-lite knows, or takes for something else. */
const aliases = new Map<string, Charset>([
  ...['us-ascii', 'ascii', 'ansi_x3.4-1968', 'iso-ir-6', 'iso646-us', '646', 'us'].map(
    (label) => [label, judge] as const,
  ),
  // Names of transfer encodings, which iconv-lite would apply, and of no charset at all.
  ...['binary', 'base64', 'hex', 'x-user-defined'].map((label) => [label, judge] as const),
  ...['utf-8mb4', 'utf8mb4', 'unicode-2-0-utf-8', 'utf_8', 'x-utf-8'].map(
    (label) => [label, { type: 'platform', label: 'utf-8' }] as const,
  ),
  ...['iso-2022-jp-1', 'iso-2022-jp-2', 'iso-2022-jp-3', 'iso-2022-jp-ms', 'cp50220', 'cp50221', 'cp50222'].map(
    (label) => [label, { type: 'platform', label: 'iso-2022-jp' }] as const,
  ),
  // RFC 2781 §4.3: big-endian unless a byte order mark says otherwise; iconv-lite judges, the platform takes little-endian.
  ['utf-16', { type: 'iconv', name: 'utf-16' }],
  ['unicode', { type: 'iconv', name: 'utf-16' }],
  ['iso-10646-ucs-2', { type: 'iconv', name: 'utf-16' }],
]);

/** What labels mean, so that a thousand encoded-words do not ask a thousand times; bounded, since anyone may invent labels. */
const known = new Map<string, Charset>();

function findCharset(label: string | null): Charset {
  if (label === null || label.length > limits.charsetOctets) return judge;
  const name = lowerCase(label).replace(/^[\s"']+|[\s"']+$/g, '');
  let charset = known.get(name);
  if (charset === undefined) {
    charset = aliases.get(name) ?? ofPlatform(name) ?? ofIconv(name) ?? judge;
    if (known.size < limits.rememberedCharsets) known.set(name, charset);
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

function ofIconv(name: string): Charset | null {
  return /^[a-z0-9]/.test(name) && iconv.encodingExists(name) ? { type: 'iconv', name } : null;
}

/** @param label the charset as the sender names it, in any case; null if it names none */
export function charsetDecoder(label: string | null): CharsetDecoder {
  const charset = findCharset(label);
  switch (charset.type) {
    case 'platform':
      return new PlatformDecoder(new TextDecoder(charset.label));
    case 'iconv': {
      const decoder = iconv.getDecoder(charset.name);
      return { write: (octets) => decoder.write(octets), end: () => decoder.end() ?? '' };
    }
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
      return iconv.decode(asBuffer(octets), charset.name);
    case 'judge':
      return new TextDecoder(isUtf8(octets) ? 'utf-8' : 'windows-1252').decode(octets);
    default:
      return charset satisfies never;
  }
}

class PlatformDecoder implements CharsetDecoder {
  readonly #decoder: TextDecoder;

  constructor(decoder: TextDecoder) {
    this.#decoder = decoder;
  }

  write(octets: Buffer): string {
    return this.#decoder.decode(octets, { stream: true });
  }

  end(): string {
    return this.#decoder.decode();
  }
}

/** Takes octets for UTF-8 if the first character beyond ASCII is one, else for windows-1252: a stream cannot be judged whole. */
class JudgingDecoder implements CharsetDecoder {
  #chosen: TextDecoder | null = null;
  /** The beginning of that first character, where a cut went through it. */
  #held: Buffer = Buffer.alloc(0);
  #hasWritten = false;

  write(octets: Buffer): string {
    if (this.#chosen !== null) return this.#chosen.decode(octets, { stream: true });
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
    this.#chosen = new TextDecoder(isUtf8Character ? 'utf-8' : 'windows-1252', { ignoreBOM });
    return this.#chosen.decode(all, { stream: true });
  }

  end(): string {
    return this.#chosen?.decode() ?? new TextDecoder('windows-1252').decode(this.#held);
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
