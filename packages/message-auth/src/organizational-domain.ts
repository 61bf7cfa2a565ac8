import type { Resolver } from '@postel/dns';
import { createRecordLookup, getOrgDomain } from 'mailauth/lib/dmarc/get-dmarc-record.js';
import { askForLibrary, recordsOf } from './library-resolver.ts';

/**
 * Whether two domains have the same Organizational Domain, by walks up the DNS (RFC 9989 §4.10).
 *
 * @param a and b: canonical names
 * @throws if the DNS does not say now
 */
export async function isSameOrganization(resolver: Resolver, a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  const lookup = createRecordLookup(async (name, type) => recordsOf(await askForLibrary(resolver, name, type)), {
    strict: true,
  });
  const [first, second] = await Promise.all([getOrgDomain(a, lookup), getOrgDomain(b, lookup)]);
  return first === second;
}
