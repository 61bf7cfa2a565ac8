import { isUtf8 } from 'node:buffer';

/** `name=value` or `name="value"`, and what comes between it and the next (RFC 2831 §7.1). */
const DIRECTIVE =
  /[\t\r\n ,]*([A-Za-z0-9!#$%&'*+.^_`|~-]+)[\t ]*=[\t ]*(?:"((?:[^"\\]|\\[\s\S])*)"|([^\t\r\n ",]+))[\t\r\n ]*(?:,|$)/y;
const REST = /^[\t\r\n ,]*$/;

/**
 * Reads the directives of a DIGEST-MD5 message, by their names in lower case, in the order they came.
 *
 * @returns null if it is something else
 */
export function parseDirectives(message: Buffer): ReadonlyMap<string, readonly string[]> | null {
  const text = message.toString(isUtf8(message) ? 'utf8' : 'latin1');
  const directives = new Map<string, string[]>();
  let end = 0;
  for (;;) {
    DIRECTIVE.lastIndex = end;
    const found = DIRECTIVE.exec(text);
    if (found === null) break;
    end = DIRECTIVE.lastIndex;
    const [, name = '', quoted, token] = found;
    const value = quoted?.replace(/\\([\s\S])/g, '$1') ?? token ?? '';
    const values = directives.get(name.toLowerCase());
    if (values === undefined) directives.set(name.toLowerCase(), [value]);
    else values.push(value);
  }
  return directives.size > 0 && REST.test(text.slice(end)) ? directives : null;
}
