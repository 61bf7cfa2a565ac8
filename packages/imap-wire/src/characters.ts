/** Character classes of RFC 9051 §9, one bit each. None holds NUL, so the end of a text ends every run. */
export const characters = {
  /** ATOM-CHAR: any CHAR except atom-specials. */
  atom: 1,
  /** ASTRING-CHAR: ATOM-CHAR and `]`. */
  astring: 2,
  /** Those of a tag: ASTRING-CHAR except `+`. */
  tag: 4,
  /** list-char: ASTRING-CHAR and the wildcards `%` and `*`. */
  list: 8,
  /** Those of a tagged-ext-label (RFC 4466 §3), which every name in the commands we know also fits. */
  label: 16,
  digit: 32,
  /** Those of a sequence-set: digits and `*`, `:`, `,`, `$`. */
  sequenceSet: 64,
  /** Those of a date-text, such as `1-Feb-1994`. */
  date: 128,
} as const;

type CharacterClass = (typeof characters)[keyof typeof characters];

const classesOf = new Uint8Array(256);
for (let octet = 0x21; octet < 0x7f; octet += 1) {
  const character = String.fromCharCode(octet);
  const isWildcard = character === '%' || character === '*';
  let classes = 0;
  if (!'(){"\\'.includes(character)) {
    classes |= characters.list;
    if (!isWildcard) classes |= characters.astring;
    if (!isWildcard && character !== ']') classes |= characters.atom;
    if (!isWildcard && character !== '+') classes |= characters.tag;
  }
  if (/[A-Za-z0-9._:-]/.test(character)) classes |= characters.label;
  if (/[0-9]/.test(character)) classes |= characters.digit;
  if (/[0-9*:,$]/.test(character)) classes |= characters.sequenceSet;
  if (/[A-Za-z0-9-]/.test(character)) classes |= characters.date;
  classesOf[octet] = classes;
}
// "}" and "]" need no exclusion of their own: "}" is an ATOM-CHAR, "]" an ASTRING-CHAR.

/** Whether the octet is of the class; `undefined`, which stands for the end of a text, is of none. */
export function isOf(octet: number | undefined, characterClass: CharacterClass): boolean {
  return ((classesOf[octet ?? 0] ?? 0) & characterClass) !== 0;
}
