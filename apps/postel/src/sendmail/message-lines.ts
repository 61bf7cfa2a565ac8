const LF = 0x0a;
const CR = 0x0d;
const DOT = Buffer.from('.');
const CRLF = Buffer.from('\r\n');

/**
 * The lines of a message, without their ends: LF, CRLF, or a CR alone, of which a server takes only CRLF (RFC 5321 §2.3.8).
 *
 * @param ignoresDots otherwise the message ends before a line that is a dot alone
 */
export function splitLines(message: Buffer, ignoresDots: boolean): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < message.length; ) {
    const newline = message.indexOf(LF, start);
    const end = newline === -1 ? message.length : newline;
    const withoutCr = end > start && message[end - 1] === CR ? end - 1 : end;
    const line = message.subarray(start, withoutCr);
    if (!ignoresDots && line.equals(DOT)) break;
    pushLines(lines, line);
    start = end + 1;
  }
  return lines;
}

function pushLines(lines: Buffer[], line: Buffer): void {
  let start = 0;
  for (;;) {
    const cr = line.indexOf(CR, start);
    if (cr === -1) break;
    lines.push(line.subarray(start, cr));
    start = cr + 1;
  }
  lines.push(line.subarray(start));
}

export function joinLines(lines: readonly Buffer[]): Buffer {
  return Buffer.concat(lines.flatMap((line) => [line, CRLF]));
}
