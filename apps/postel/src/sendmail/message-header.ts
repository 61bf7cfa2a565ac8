/** A header field as it came (RFC 5322 §2.2). */
export interface HeaderField {
  /** In lower case. */
  readonly name: string;
  /** Its first line, and those it was folded into. */
  readonly lines: readonly Buffer[];
}

const FIELD_NAME = /^([!-9;-~]+)[ \t]*:/;
/** What programs put before a message that they take from a mailbox file (RFC 4155). */
const FROM_LINE = /^From /;

/**
 * Takes the header section off a message. One that begins with something else has none, and is all body.
 *
 * @returns its fields, and the lines behind the blank line that ends it
 */
export function takeHeader(lines: readonly Buffer[]): {
  readonly fields: readonly HeaderField[];
  readonly body: readonly Buffer[];
} {
  const fields: { name: string; lines: Buffer[] }[] = [];
  let i = FROM_LINE.test(lines[0]?.toString('latin1') ?? '') ? 1 : 0;
  for (; i < lines.length; i += 1) {
    const line = lines[i] ?? Buffer.alloc(0);
    if (line.length === 0) return { fields, body: lines.slice(i + 1) };
    const isFolded = line[0] === 0x20 || line[0] === 0x09;
    const [, name] = FIELD_NAME.exec(line.toString('latin1')) ?? [];
    if (isFolded && fields.length > 0) fields.at(-1)?.lines.push(line);
    else if (name !== undefined) fields.push({ name: name.toLowerCase(), lines: [line] });
    else break;
  }
  return { fields, body: lines.slice(i) };
}

/** What stands behind the colon, unfolded (RFC 5322 §2.2.3). */
export function fieldValue({ lines }: HeaderField): string {
  const text = Buffer.concat(lines).toString('utf8');
  return text.slice(text.indexOf(':') + 1).trim();
}
