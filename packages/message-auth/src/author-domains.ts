import { FieldCursor, missingHost, parseAddresses, unreadHosts } from '@postel/mime';
import { AUTHOR_ENTRIES } from './limits.ts';

/** Whom the From fields of a message name: each domain once, as it is written. */
export interface AuthorDomains {
  readonly domains: readonly string[];
  /** There may be more of them. */
  readonly isCutOff: boolean;
}

const BEHIND_AT = /@([^\s<>()"',;:@\\]+)/g;

/**
 * Reads From by a grammar of its own: mailauth passes over addresses that have comments between their words, are in groups in
 * groups, or stand beside a bracket too many, and takes brackets in encoded-words for some, while mail programs show the rest.
 * Where this finds nobody either, whatever stands behind an `@` may be what somebody sees.
 */
export function authorDomains(header: Buffer): AuthorDomains {
  const domains = new Set<string>();
  let isCutOff = false;
  const cursor = new FieldCursor(header);
  while (cursor.next()) {
    if (header.toString('latin1', cursor.start, cursor.nameEnd).toLowerCase() !== 'from') continue;
    const value = header.toString('latin1', cursor.valueStart, cursor.end).replace(/[\r\n]/g, '');
    const entries = parseAddresses(value, AUTHOR_ENTRIES + 1);
    isCutOff ||= entries.length > AUTHOR_ENTRIES;
    const hosts = entries.map(({ host }) => host).filter((host) => host !== null && host !== missingHost);
    const found = hosts.length > 0 ? hosts : Array.from(value.matchAll(BEHIND_AT), ([, host = '']) => host);
    for (const host of [...found, ...unreadHosts(value)]) domains.add(Buffer.from(host ?? '', 'latin1').toString());
  }
  return { domains: [...domains], isCutOff };
}
