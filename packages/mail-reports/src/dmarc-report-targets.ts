import { DMARC_TARGETS } from './limits.ts';
import { mailtoAddress } from './mailto-address.ts';

/** Where the owner of a policy wants aggregate reports to go. */
export interface DmarcReportTarget {
  readonly address: string;
  /** The largest message that is taken there; null if nothing is said. */
  readonly mostOctets: number | null;
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['k', 1024],
  ['m', 1024 ** 2],
  ['g', 1024 ** 3],
  ['t', 1024 ** 4],
]);

/**
 * By the TXT records of `_dmarc`, of which one alone must be of DMARC (RFC 9989 §4.10), or of `_report._dmarc` (RFC 7489 §7.1).
 * Of the addresses in its rua tag only those of mail count, and the first few of them.
 */
export function dmarcReportTargets(records: readonly string[]): readonly DmarcReportTarget[] {
  const [record, ...others] = records.filter(isDmarcRecord);
  if (record === undefined || others.length > 0) return [];
  const tags = record.split(';').map((tag) => tag.trim());
  const rua = tags.filter((tag) => /^rua[ \t]*=/.test(tag));
  if (rua.length !== 1) return [];
  const uris = rua[0]?.slice((rua[0].indexOf('=') ?? 0) + 1).split(',') ?? [];
  const targets = uris.map((uri) => readTarget(uri.trim())).filter((target) => target !== null);
  return targets.slice(0, DMARC_TARGETS);
}

/** RFC 9989 §4.7: the version comes first. */
export function isDmarcRecord(record: string): boolean {
  return /^[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/.test(record.trim());
}

function readTarget(uri: string): DmarcReportTarget | null {
  const [, plain = uri, size, unit = ''] = /^([^!]{1,400})!(\d{1,15})([kmgt]?)$/i.exec(uri) ?? [];
  const address = mailtoAddress(plain);
  if (address === null) return null;
  const octets = size === undefined ? null : Number(size) * (UNITS.get(unit.toLowerCase()) ?? 1);
  return { address, mostOctets: octets };
}
