export type RecordKind =
  | 'mx'
  | 'address'
  | 'reverse'
  | 'spf'
  | 'host-spf'
  | 'dkim'
  | 'dmarc'
  | 'tls-reports'
  | 'mta-sts'
  | 'mta-sts-host'
  | 'tlsa'
  | 'service'
  | 'autoconfig';

/**
 * `needed`: without it mail does not come, or is not taken by others. `advised`: others judge by it, or it protects. `optional`: it helps
 * mail programs, or needs something beside the DNS.
 */
export type RecordLevel = 'needed' | 'advised' | 'optional';

/** A record that the DNS should have. */
export interface DomainRecord {
  readonly kind: RecordKind;
  readonly level: RecordLevel;
  /** In whose zone it stands: the domain's; the mail host's, once for all domains; or that of an address, which its owner keeps. */
  readonly zone: 'domain' | 'host' | 'address';
  /** Without the dot at its end. */
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'CNAME' | 'MX' | 'PTR' | 'SRV' | 'TLSA' | 'TXT';
  /** As people type it into a form: names without the dot at their end, a text whole and without quotation marks. */
  readonly value: string;
  /** What it is for. */
  readonly why: string;
  /** What must be so, or it does harm; null if nothing must. */
  readonly condition: string | null;
}
