/** What somebody who sends mail tells of TLS with our servers: RFC 8460 §4.4. */
export interface IncomingTlsReport {
  readonly organization: string;
  readonly contact: string;
  readonly reportId: string;
  readonly begin: Date;
  readonly end: Date;
  readonly policies: readonly ReportedTlsPolicy[];
}

interface ReportedTlsPolicy {
  /** `tlsa`, `sts` or `no-policy-found`; what else is said as it is. */
  readonly type: string;
  readonly domain: string;
  readonly successfulSessions: number;
  readonly failedSessions: number;
  readonly failures: readonly ReportedTlsFailure[];
}

/** RFC 8460 §4.4, failure-details. Texts are '' where nothing is said. */
export interface ReportedTlsFailure {
  /** RFC 8460 §4.3: `certificate-expired`, and so on. */
  readonly type: string;
  readonly sessions: number;
  readonly sendingAddress: string;
  readonly receivingHost: string;
  readonly receivingAddress: string;
  readonly reason: string;
  /** Where more is said, as a URI that nobody should follow unseen, or as text. */
  readonly more: string;
}
