/** What separates, and may stand around, the words of a digest-response (RFC 2831 §7.2). */
const WORD = /^[^\x00-\x20\x7f-\xff()<>@,;:\\"/[\]?={}]+/;
const WHITE_SPACE = /^[ \t\r\n]*/;
/** Any octet but a quote, a backslash alone, and control characters, which nobody has in a name. */
const QUOTED = /^"((?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e\x80-\xff])*)"/;

/**
 * The directives of a digest-response, `1#( name "=" ( token | quoted-string ) )`: RFC 2831 §2.1.2, §7.1. Empty elements
 * and white space between words are allowed; either form of value is taken for any of them.
 *
 * @param known names, in lower case, that may come at most once; others are passed over
 * @returns values by name, unquoted, a character an octet; null if it is no such list
 */
export function parseDirectives(octets: Buffer, known: ReadonlySet<string>): ReadonlyMap<string, string> | null {
  const text = octets.toString('latin1');
  const directives = new Map<string, string>();
  let at = 0;
  const take = (pattern: RegExp) => {
    const match = pattern.exec(text.slice(at));
    at += match?.[0].length ?? 0;
    return match;
  };

  while (at < text.length) {
    take(WHITE_SPACE);
    // An empty element.
    if (text[at] === ',' || at === text.length) {
      at++;
      continue;
    }
    const name = take(WORD)?.[0].toLowerCase();
    take(WHITE_SPACE);
    if (name === undefined || text[at++] !== '=') return null;
    take(WHITE_SPACE);
    const value = text[at] === '"' ? take(QUOTED)?.[1]?.replaceAll(/\\(.)/g, '$1') : take(WORD)?.[0];
    take(WHITE_SPACE);
    if (value === undefined || (at < text.length && text[at] !== ',')) return null;
    at++;
    if (!known.has(name)) continue;
    if (directives.has(name)) return null;
    directives.set(name, value);
  }
  return directives;
}
