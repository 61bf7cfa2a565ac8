import type { LiteralHeader } from './command-parts.ts';

const TILDE = 0x7e;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const PLUS = 0x2b;

/**
 * Finds the literal header that ends a line: RFC 9051 §4.3, RFC 7888 §3 and §8, RFC 4466 §3.
 *
 * What only resembles one, such as `{-1}` or `{}`, stays in the text, where the parser finds a brace that no atom may
 * hold and answers BAD.
 *
 * @param line without its line end
 * @returns the header and where it begins, or `null` if the line ends the command
 */
export function findLiteralHeader(line: Buffer): { readonly header: LiteralHeader; readonly start: number } | null {
  let at = line.length - 1;
  if (line[at] !== CLOSE_BRACE) return null;
  at -= 1;
  const sync = line[at] !== PLUS;
  if (!sync) at -= 1;
  const lastDigit = at;
  let size = 0;
  for (let scale = 1; ; at -= 1) {
    const digit = (line[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    if (digit > 0) size += digit * scale;
    scale *= 10;
  }
  if (at === lastDigit || line[at] !== OPEN_BRACE) return null;
  const binary = line[at - 1] === TILDE;
  const header = { size: Math.min(size, Number.MAX_SAFE_INTEGER), sync, binary };
  return { header, start: binary ? at - 1 : at };
}
