/** What is known of a message before its content: RFC 7208 §2.3, §2.4. */
export interface Envelope {
  /** An IP address. */
  readonly clientAddress: string;
  /** As EHLO or HELO named it. */
  readonly clientName: string;
  /** Without angle brackets, '' for the null reverse-path. */
  readonly reversePath: string;
}

/** RFC 7208 §2.6. */
export interface SpfResult {
  readonly result: 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror';
  /** Which was checked: HELO for the null reverse-path alone. */
  readonly identity: 'mailfrom' | 'helo';
  readonly domain: string;
  /** By the owner of the domain, for the sender: words of a stranger. */
  readonly explanation: string | null;
}

/** RFC 8601 §2.7.1. */
export interface DkimResult {
  readonly result: 'pass' | 'fail' | 'policy' | 'neutral' | 'temperror' | 'permerror';
  readonly reason: string | null;
  /** The tags d=, s= and a=, and as much of b= as tells signatures apart (RFC 6008 §4). */
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: string;
  readonly signature: string;
}

/** RFC 8617 §4.4. */
export interface ArcResult {
  readonly result: 'none' | 'pass' | 'fail' | 'temperror';
  readonly reason: string | null;
}

/** What the owner of an author's domain wants done with what fails (RFC 9989 §4.7). */
export type DmarcPolicy = 'none' | 'quarantine' | 'reject';

/** RFC 9989 §5. */
export interface DmarcResult {
  readonly result: 'none' | 'pass' | 'fail' | 'temperror' | 'permerror';
  readonly reason: string | null;
  /** The domain of From; null if there is none. */
  readonly domain: string | null;
  /** To be applied, if the result is `fail`. */
  readonly policy: DmarcPolicy;
  /** By what it passes or fails; null if no one record decides it. */
  readonly evaluated: DmarcEvaluated | null;
}

/** The record that decides, and what aligns with it: for reports to its owner (RFC 7489 §7.2). */
export interface DmarcEvaluated {
  /** Where the record stands: the policy domain. */
  readonly policyDomain: string;
  readonly p: DmarcPolicy;
  readonly sp: DmarcPolicy;
  readonly adkim: 'r' | 's';
  readonly aspf: 'r' | 's';
  /** As it is written; '0' if it is not. */
  readonly fo: string;
  /** The owner says of the policy that it is only tried out (RFC 9989 §4.7, tag t). */
  readonly isTest: boolean;
  /** The record has a rua tag. */
  readonly wantsReports: boolean;
  readonly isDkimAligned: boolean;
  readonly isSpfAligned: boolean;
}

/** Who answers for a message. */
export interface MessageResults {
  readonly spf: SpfResult;
  /** Of each signature that was looked at. */
  readonly dkim: readonly DkimResult[];
  readonly arc: ArcResult;
  readonly dmarc: DmarcResult;
}

/** Nothing could be found out. */
export function unknownResults(envelope: Envelope, reason: string): MessageResults {
  const { identity, domain } = spfIdentity(envelope);
  return {
    spf: { result: 'temperror', identity, domain, explanation: null },
    dkim: [],
    arc: { result: 'temperror', reason },
    dmarc: { result: 'temperror', reason, domain: null, policy: 'none', evaluated: null },
  };
}

/** RFC 7208 §2.4: for the null reverse-path, the client's name. */
export function spfIdentity({ reversePath, clientName }: Envelope): Pick<SpfResult, 'identity' | 'domain'> {
  if (reversePath === '') return { identity: 'helo', domain: clientName };
  return { identity: 'mailfrom', domain: reversePath.slice(reversePath.lastIndexOf('@') + 1) };
}
