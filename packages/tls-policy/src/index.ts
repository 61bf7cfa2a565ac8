/** Which TLS a mail server has to have before it is given mail. It knows no SMTP, and keeps nothing itself. */

export {
  decideTlsPolicy,
  type PublishedPolicy,
  type TlsDemand,
  type TlsPolicy,
  type TlsRefusal,
} from './decide-tls-policy.ts';
export type { StsWeb } from './fetch-sts-policy.ts';
export { findDane } from './find-dane.ts';
export type { Web } from './https-exchange.ts';
export { judgeTls, type SeenTls, type TlsJudgement } from './judge-tls.ts';
export { mtaStsPolicy } from './mta-sts-policy.ts';
export { type EventPost, postEvent } from './post-event.ts';
export { postTlsReport } from './post-tls-report.ts';
export { type KeptPolicy, type Sts, StsPolicies, type StsStore } from './sts-policies.ts';
export type { StsMode, StsPolicy } from './sts-policy.ts';
export type { FailureType, TlsFailure } from './tls-failure.ts';
export { peerKeyHash, type TlsPeer, tlsPeer } from './tls-peer.ts';
export {
  formatTlsReport,
  type TlsReport,
  type TlsResult,
  tlsReportFileName,
  tlsReportId,
} from './tls-report.ts';
export { type ReportTarget, reportTargets } from './tls-report-record.ts';
export { formatTlsa } from './tlsa-records.ts';
