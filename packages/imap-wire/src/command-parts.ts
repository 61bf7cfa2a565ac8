import { characters, isOf } from './characters.ts';

/** What a line announces at its end: `{n}`, `{n+}` (RFC 7888) or one of these after a tilde (RFC 3516, RFC 4466). */
export interface LiteralHeader {
  /** Octets to follow. A number above 2^53-1 is given as 2^53-1, which no limit admits. */
  readonly size: number;
  /** Whether the client waits for a continuation before it sends the octets. */
  readonly sync: boolean;
  /** Whether it is a literal8, which alone may hold NUL. */
  readonly binary: boolean;
}

/** A literal that was buffered as part of a command. */
export interface LiteralPart {
  readonly octets: Buffer;
  readonly binary: boolean;
}

/**
 * A command as it came: text, literal, text, literal ... text. There is always one text more than there are literals;
 * texts hold neither literal headers nor line ends.
 */
export interface CommandParts {
  readonly texts: readonly Buffer[];
  readonly literals: readonly LiteralPart[];
}

/** The tag of a command that could not be read to its end, or `null` if it does not begin with one. */
export function tagOf(parts: CommandParts): string | null {
  const text = parts.texts[0];
  if (text === undefined) return null;
  let end = 0;
  while (isOf(text[end], characters.tag)) end += 1;
  return end > 0 && (end === text.length || text[end] === 0x20) ? text.toString('latin1', 0, end) : null;
}
