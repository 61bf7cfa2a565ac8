import { DKIM_ALGORITHMS, type DkimKeySummary, type DkimKeys } from '@postel/directory';
import type { Resolver } from '@postel/dns';
import { formatDkimRecord } from '@postel/message-auth';
import { type DkimKeyLook, lookForDkimKeys } from './dkim-in-dns.ts';

/** How far the replacement of keys is. */
export interface RotatedDkimKeys {
  /** Keys that waited already, and what the DNS says of them. */
  readonly looks: readonly DkimKeyLook[];
  /** Keys that were made now; with `isNow`, those that sign from now on. */
  readonly made: readonly DkimKeySummary[];
}

/**
 * The next step in replacing the keys of a domain: makes new ones, or sees whether those that wait may sign.
 *
 * @param isNow those that wait sign at once, published or not
 * @throws {DirectoryError} 'no-such-domain', 'invalid-domain', 'too-many-dkim-keys', 'unavailable'
 */
export async function rotateDkimKeys(
  resolver: Resolver,
  dkimKeys: DkimKeys,
  domain: string,
  isNow: boolean,
): Promise<RotatedDkimKeys> {
  const waiting = (await dkimKeys.list(domain)).filter(({ state }) => state === 'made');
  if (isNow) {
    const keys = waiting.length > 0 ? waiting : await makeKeys(dkimKeys, domain);
    for (const { selector } of keys) await dkimKeys.activate(domain, selector);
    const all = await dkimKeys.list(domain);
    return { looks: [], made: all.filter(({ selector }) => keys.some((key) => key.selector === selector)) };
  }
  if (waiting.length > 0) return { looks: await lookForDkimKeys(resolver, dkimKeys, domain), made: [] };
  return { looks: [], made: await makeKeys(dkimKeys, domain) };
}

/** Of each algorithm that signs; of all, if none does. */
async function makeKeys(dkimKeys: DkimKeys, domain: string): Promise<readonly DkimKeySummary[]> {
  const signs = (await dkimKeys.list(domain)).filter(({ state }) => state === 'active');
  const algorithms = DKIM_ALGORITHMS.filter((each) => signs.some(({ algorithm }) => algorithm === each));
  const made: DkimKeySummary[] = [];
  for (const each of algorithms.length > 0 ? algorithms : DKIM_ALGORITHMS) made.push(await dkimKeys.add(domain, each));
  return made;
}

/** What the TXT record of a key says. */
export const dkimRecordValue = ({ subjectPublicKeyInfo }: Pick<DkimKeySummary, 'subjectPublicKeyInfo'>): string =>
  formatDkimRecord(subjectPublicKeyInfo);
