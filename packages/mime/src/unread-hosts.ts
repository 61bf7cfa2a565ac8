import type { OctetString } from './octet-string.ts';

/** What is not closed counts too: so it always matches, and no octet is passed twice. */
const STRING_OR_COMMENT = /"(?:[^"\\]|\\[\s\S])*"?|\((?:[^()\\]|\\[\s\S])*\)?/g;
const BEHIND_AT = /@([^\s<>()"',;:@\\]+)/g;

/**
 * What stands behind each `@` where an entry of an address list has several and no angle bracket tells which of them counts:
 * `a@one.example b@two.example` is no address of RFC 5322, `parseAddresses` reads one, and another program shows another.
 */
export function unreadHosts(value: OctetString): readonly OctetString[] {
  return value
    .replace(STRING_OR_COMMENT, ' ')
    .split(/[,;:]/)
    .filter((entry) => !entry.includes('<'))
    .map((entry) => Array.from(entry.matchAll(BEHIND_AT), ([, host = '']) => host))
    .filter((hosts) => hosts.length > 1)
    .flat();
}
