import type { CommandParts, LiteralPart } from './command-parts.ts';
import { findLiteralHeader } from './literal-header.ts';
import { ParseError } from './parse-error.ts';

const CRLF = Buffer.from('\r\n');

/**
 * Takes apart arguments that came as one string, such as a stored search (RFC 5466 §3.2): literals stand in it as in a command,
 * behind their headers, and nobody waits for a continuation.
 *
 * @throws {ParseError} a line end that no literal header stands before, a literal that is cut off
 */
export function splitLiterals(octets: Buffer): CommandParts {
  const texts: Buffer[] = [];
  const literals: LiteralPart[] = [];
  for (let at = 0; ; ) {
    const lineEnd = octets.indexOf(CRLF, at);
    if (lineEnd < 0) return { texts: [...texts, octets.subarray(at)], literals };
    const line = octets.subarray(at, lineEnd);
    const found = findLiteralHeader(line);
    const start = lineEnd + CRLF.length;
    if (found === null || found.header.size > octets.length - start)
      throw new ParseError('A line end without a literal');
    texts.push(line.subarray(0, found.start));
    literals.push({ octets: octets.subarray(start, start + found.header.size), binary: found.header.binary });
    at = start + found.header.size;
  }
}
