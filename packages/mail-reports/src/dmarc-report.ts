/** What was done with messages for what DMARC says. */
export type Disposition = 'none' | 'quarantine' | 'reject';

/** A policy as a domain has published it: RFC 7489 Appendix C, PolicyPublishedType. */
export interface PublishedPolicy {
  /** Where the record stands: the policy domain. */
  readonly domain: string;
  readonly adkim: 'r' | 's';
  readonly aspf: 'r' | 's';
  readonly p: Disposition;
  readonly sp: Disposition;
  /** Options of failure reports, as they are written. */
  readonly fo: string;
}

/** Messages that went the same way: RFC 7489 Appendix C, RecordType. */
export interface DmarcRow {
  readonly sourceAddress: string;
  readonly messages: number;
  readonly disposition: Disposition;
  /** Whether DKIM, or SPF, passes for a domain that is aligned with that of From. */
  readonly dkim: 'pass' | 'fail';
  readonly spf: 'pass' | 'fail';
  /** Why something else was done than the policy says. */
  readonly reasons: readonly { readonly type: string; readonly comment: string }[];
  readonly headerFrom: string;
  /** The domain of the reverse-path; '' for the null reverse-path, or if the report does not say. */
  readonly envelopeFrom: string;
  readonly dkimResults: readonly { readonly domain: string; readonly selector: string; readonly result: string }[];
  readonly spfResults: readonly { readonly domain: string; readonly scope: string; readonly result: string }[];
}

/** A report on a domain by somebody who gets its mail: RFC 7489 §7.2, Appendix C. */
export interface DmarcReport {
  readonly organization: string;
  readonly email: string;
  readonly reportId: string;
  readonly begin: Date;
  readonly end: Date;
  readonly policy: PublishedPolicy;
  readonly rows: readonly DmarcRow[];
}

export const DISPOSITIONS: readonly Disposition[] = ['none', 'quarantine', 'reject'];
