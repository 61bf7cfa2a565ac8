/** Characters of a key: more cannot matter to a reader, and the time to put marks in order grows with the square of their number. */
const KEY_CHARACTERS = 250;
/** Of the text that a key is made of: decomposed it may be longer, never shorter. */
const TEXT_CHARACTERS = 1_000;

/**
 * What i;unicode-casemap (RFC 5051 §2) compares: each character in its simple titlecase, then taken apart (NFKD). Texts are equal
 * if their keys are, and stand in the order of their keys' octets in UTF-8. Without control characters; cut short, which leaves
 * texts that differ only far behind equal.
 */
export function collationKey(text: string): string {
  const clean = text
    .slice(0, TEXT_CHARACTERS)
    .replace(/[\x00-\x1f\x7f]+/g, ' ')
    .toWellFormed();
  const key = /^[\x20-\x7e]*$/.test(clean) ? clean.toUpperCase() : titlecase(clean).normalize('NFKD');
  return key.length <= KEY_CHARACTERS ? key : key.slice(0, KEY_CHARACTERS).toWellFormed();
}

/**
 * The platform has no simple titlecase, but its uppercase is the same wherever it is one character, apart from Georgian, which has
 * no titlecase of its own, and from the four digraphs that have one.
 */
function titlecase(text: string): string {
  let titled = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const upper = character.toUpperCase();
    if (isGeorgian(code)) titled += character;
    else if (DIGRAPHS.has(code)) titled += String.fromCodePoint(DIGRAPHS.get(code) ?? code);
    else if (upper.length === String.fromCodePoint(upper.codePointAt(0) ?? 0).length) titled += upper;
    else titled += String.fromCodePoint(withIota(code));
  }
  return titled;
}

const isGeorgian = (code: number) => code >= 0x10d0 && code <= 0x10ff;

/** Dž, Lj, Nj, Dz in their three cases. */
const DIGRAPHS = new Map([0x1c5, 0x1c8, 0x1cb, 0x1f2].flatMap((code) => [-1, 0, 1].map((by) => [code + by, code])));

/** Greek vowels with iota subscript, whose uppercase is two characters, have one titlecase; others of that kind have none. */
function withIota(code: number): number {
  if (code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3) return code + 9;
  const isSmall = code >= 0x1f80 && code <= 0x1faf && (code & 0xf) < 8;
  return isSmall ? code + 8 : code;
}
