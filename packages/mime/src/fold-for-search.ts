/**
 * The form in which text is stored and searched: NFKC_Casefold (Unicode §3.13), with white space of any kind and length as one
 * space. Two texts have one form if a reader takes them for the same but for case, width and the like; diacritics count.
 *
 * Case folding is made of what the platform has, its two case mappings: they fold `ß` and `ẞ` to `ss` and ligatures to their
 * letters. Final sigma counts as sigma. The Turkish dotless and dotted i count as i, as people type them elsewhere. Characters
 * that nobody sees (soft hyphens, zero width spaces, marks of direction) go.
 *
 * Idempotent: what is folded stays as it is.
 */
export function foldForSearch(text: string): string {
  return foldCharacters(text).replace(/\s+/g, ' ');
}

/** The same for the lines of a header: the line ends between fields stay. */
export function foldHeaderForSearch(text: string): string {
  return foldCharacters(text).replace(/[^\S\n]+/g, ' ');
}

function foldCharacters(text: string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  return fold(fold(text));
}

/** Mapping case can make characters that NFKC composes anew, and these have a case again: so this is done twice. */
function fold(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}+/gu, '')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .replaceAll('ς', 'σ')
    .replace(/i\u0307/g, 'i')
    .normalize('NFKC');
}
