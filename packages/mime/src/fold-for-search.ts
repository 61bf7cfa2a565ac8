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

function foldCharacters(text: string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
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
