/**
 * The form in which text is stored and searched: NFKC_Casefold of Unicode (§3.13), with white space of any kind and length as
 * one space. Two texts have one form if a reader takes them for the same but for case, width and the like; diacritics count.
 *
 * Case folding is made of what the platform has, its two case mappings: they fold `ß` and `ẞ` to `ss`. Final sigma counts as
 * sigma. The Turkish dotless and dotted i count as i, as people elsewhere type them. Characters that nobody sees (soft hyphens,
 * zero width spaces, marks of direction) go.
 *
 * Idempotent: what is folded stays as it is. Folded text may be longer: a few ligatures stand for as many as 18 letters. Of
 * marks on one letter only the first 30 count, as in the Stream-Safe Text Format of Unicode (UAX #15 §13): the time that it
 * takes to put marks in order grows with the square of their number.
 */
export function foldForSearch(text: string): string {
  return foldCharacters(text).replace(/ \s+|[^\S ]\s*/g, ' '); // single spaces, which are the most, match nothing
}

/** The same for the lines of a header: the line ends between fields stay. */
export function foldHeaderForSearch(text: string): string {
  return foldCharacters(text).replace(/ [^\S\n]+|[^\S \n][^\S\n]*/g, ' ');
}

/** Marks that no language puts on one letter. The half-width voicing marks of Japanese are letters until they are normalized. */
const EXCESSIVE_MARKS = /([\p{M}\uff9e\uff9f]{30})[\p{M}\uff9e\uff9f]+/gu;
/** Characters that nobody sees. They go before marks are counted too, of which some hold others apart. */
const IGNORABLE = /\p{Default_Ignorable_Code_Point}+/gu;

/**
 * What most text is made of: Latin, Greek and Cyrillic letters, punctuation, kana, ideographs, and no marks that stand for
 * themselves. Here the form of a text is that of its characters, one by one.
 */
const SIMPLE_RANGES = [
  [0x80, 0x2ff],
  [0x370, 0x482],
  [0x48a, 0x52f],
  [0x2010, 0x2027],
  [0x2030, 0x205e],
  [0x20a0, 0x20bf],
  [0x3000, 0x3029],
  [0x3041, 0x3096],
  [0x30a1, 0x30fa],
  [0x30fc, 0x30fc],
] as const;
/** These fold to themselves. */
const IDEOGRAPHS = '\\u4e00-\\u9fff';

const escaped = (code: number) => `\\u${code.toString(16).padStart(4, '0')}`;
const SIMPLE = new RegExp(
  `^[\\0-\\x7f${SIMPLE_RANGES.map(([first, last]) => `${escaped(first)}-${escaped(last)}`).join('')}${IDEOGRAPHS}]*$`,
);

/** The forms of those that are more than the small letter. Sigma is among them: its small letter depends on where it stands. */
const specialForms = new Map<string, string>();
for (const [first, last] of SIMPLE_RANGES) {
  for (let code = first; code <= last; code++) {
    const character = String.fromCharCode(code);
    const form = foldAny(character);
    if (form !== character.toLowerCase() || character === 'Σ') specialForms.set(character, form);
  }
}
const SPECIAL = new RegExp(`[${[...specialForms.keys()].map((one) => escaped(one.charCodeAt(0))).join('')}]`, 'g');

function foldCharacters(text: string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  if (!SIMPLE.test(text)) return foldAny(text);
  return text.replace(SPECIAL, (character) => specialForms.get(character) ?? character).toLowerCase();
}

function foldAny(text: string): string {
  return text
    .replace(IGNORABLE, '')
    .replace(EXCESSIVE_MARKS, '$1')
    .normalize('NFKC')
    .replace(IGNORABLE, '')
    .replaceAll('İ', 'i')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .replaceAll('ς', 'σ')
    .normalize('NFKC')
    .replace(EXCESSIVE_MARKS, '$1'); // a few marks are made of three
}
