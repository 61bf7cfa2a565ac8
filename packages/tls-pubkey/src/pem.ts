/** One block of a PEM file (RFC 7468 §2). */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY` ... */
  readonly label: string;
  /** Not checked. Of a block with headers, as old encrypted keys have, meaningless. */
  readonly octets: Buffer;
}

const BEGIN = '-----BEGIN ';
const DASHES = '-----';
const LINE_CHARACTERS = 64;

/** The blocks in the order they stand; text around them, and what has no end, is passed over. */
export function parsePem(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  let begin = text.indexOf(BEGIN);
  while (begin !== -1) {
    const labelStart = begin + BEGIN.length;
    const labelEnd = text.indexOf(DASHES, labelStart);
    if (labelEnd === -1) break;
    const label = text.slice(labelStart, labelEnd);
    const contentStart = labelEnd + DASHES.length;
    // The next dashes end it: none are in base64, so that nothing is looked through twice.
    const contentEnd = text.indexOf(DASHES, contentStart);
    if (contentEnd === -1) break;
    if (text.startsWith(`-----END ${label}-----`, contentEnd)) {
      blocks.push({ label, octets: Buffer.from(text.slice(contentStart, contentEnd), 'base64') });
    }
    begin = text.indexOf(BEGIN, contentEnd);
  }
  return blocks;
}

export function formatPem(label: string, octets: Uint8Array): string {
  const digits = Buffer.from(octets).toString('base64');
  const lines: string[] = [];
  for (let at = 0; at < digits.length; at += LINE_CHARACTERS) lines.push(digits.slice(at, at + LINE_CHARACTERS));
  return [`${BEGIN}${label}${DASHES}`, ...lines, `-----END ${label}${DASHES}`, ''].join('\n');
}
