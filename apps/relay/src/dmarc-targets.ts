import type { Resolver } from '@postel/dns';
import { type DmarcReportTarget, dmarcReportTargets, isDmarcRecord } from '@postel/mail-reports';
import { isSameOrganization } from '@postel/message-auth';

interface FoundTargets {
  readonly targets: readonly DmarcReportTarget[];
  /** False: the DNS does not say now of all of them whether they want it. */
  readonly isComplete: boolean;
}

/**
 * Where reports on a policy domain go: by its record as it is now, of addresses elsewhere those whose domain says that it wants
 * them (RFC 7489 §7.1). Nobody can have our reports sent to a stranger.
 */
export async function findDmarcTargets(resolver: Resolver, domain: string): Promise<FoundTargets> {
  const answer = await resolver.lookUp(`_dmarc.${domain}`, 'TXT');
  if (answer.kind === 'temporary' || answer.kind === 'bogus') return { targets: [], isComplete: false };
  const named = answer.kind === 'found' ? dmarcReportTargets(answer.records) : [];
  const found = await Promise.all(
    named.map((target) => verify(resolver, domain, target).catch(() => 'unknown' as const)),
  );
  const targets = found.filter((target) => target !== 'unknown' && target !== null);
  const unique = new Map(targets.map((target) => [target.address.toLowerCase(), target]));
  return { targets: [...unique.values()], isComplete: !found.includes('unknown') };
}

/** @returns null if it does not want them. @throws if the DNS does not say now */
async function verify(
  resolver: Resolver,
  domain: string,
  target: DmarcReportTarget,
): Promise<DmarcReportTarget | 'unknown' | null> {
  const host = hostOf(target);
  if (await isSameOrganization(resolver, domain, host)) return target;
  const answer = await resolver.lookUp(`${domain}._report._dmarc.${host}`, 'TXT');
  if (answer.kind === 'temporary' || answer.kind === 'bogus') return 'unknown';
  if (answer.kind !== 'found' || !answer.records.some(isDmarcRecord)) return null;
  // It may name another address of its own, and nobody else's.
  const [instead] = dmarcReportTargets(answer.records).filter((other) => hostOf(other) === host);
  return instead === undefined ? target : { ...instead, mostOctets: instead.mostOctets ?? target.mostOctets };
}

const hostOf = ({ address }: DmarcReportTarget) =>
  address
    .slice(address.lastIndexOf('@') + 1)
    .toLowerCase()
    .replace(/\.$/, '');
