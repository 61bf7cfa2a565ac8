import type { DkimKeySummary, DkimKeys } from '@postel/directory';
import type { DnsAnswer, Resolver } from '@postel/dns';
import { isDkimRecordOf } from '@postel/message-auth';

/** What the DNS says of a key that waits. */
export interface DkimKeyLook {
  /** As it is by now. */
  readonly key: DkimKeySummary;
  /** `different`: there is something in its place, or beside it. */
  readonly state: 'published' | 'missing' | 'different' | 'unknown';
}

/** Where its record stands: RFC 6376 §3.6.2.1. */
export function dkimRecordName({ selector, domain }: Pick<DkimKeySummary, 'selector' | 'domain'>): string {
  return `${selector}._domainkey.${domain}`;
}

/**
 * Asks the DNS for the keys of a domain that wait for it, and lets those sign that may.
 *
 * @throws {DirectoryError} 'no-such-domain', 'unavailable'
 */
export async function lookForDkimKeys(
  resolver: Resolver,
  dkimKeys: DkimKeys,
  domain: string,
): Promise<readonly DkimKeyLook[]> {
  const waiting = (await dkimKeys.list(domain)).filter(({ state }) => state === 'made');
  const looks = await Promise.all(
    waiting.map(async (key) => ({ key, state: stateOf(await resolver.lookUp(dkimRecordName(key), 'TXT'), key) })),
  );
  const seen = looks.filter(({ state }) => state === 'published').map(({ key }) => key.selector);
  if (seen.length === 0) return looks;
  await dkimKeys.seen(domain, seen);
  const all = await dkimKeys.list(domain);
  return looks.map(({ key, state }) => ({ key: all.find(({ selector }) => selector === key.selector) ?? key, state }));
}

function stateOf(answer: DnsAnswer<string>, { subjectPublicKeyInfo }: DkimKeySummary): DkimKeyLook['state'] {
  switch (answer.kind) {
    case 'nodata':
    case 'nxdomain':
      return 'missing';
    case 'temporary':
    case 'bogus':
      return 'unknown';
    case 'found': {
      // Which of several a verifier takes is not defined: RFC 6376 §3.6.2.2.
      const [record = '', ...others] = answer.records;
      return others.length === 0 && isDkimRecordOf(record, subjectPublicKeyInfo) ? 'published' : 'different';
    }
    default:
      return answer satisfies never;
  }
}
