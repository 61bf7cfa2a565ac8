/** The queue of mail that goes to other servers. It knows no SMTP. */

export { cancelSent, listSent, type SentDetails, type SentEntry, showSent } from './account-queue.ts';
export { dmarcReportOf } from './dmarc-report-of.ts';
export {
  type DmarcDay,
  DmarcReportTable,
  type DmarcSource,
  type ListedDmarcReport,
  type ShownDmarcReport,
} from './dmarc-report-table.ts';
export { type QueuedReport, queueReport, type WithheldReport } from './insert-reports.ts';
export { DEFAULT_SCHEDULE, RETURNED_HEADER_OCTETS, RETURNED_OCTETS, WEBHOOK } from './limits.ts';
export { pageQueue } from './page-queue.ts';
export { type Kept, Queue } from './queue.ts';
export {
  changeQueue,
  countQueue,
  failQueue,
  listQueue,
  type QueueChange,
  type QueueEvent,
  routeQueue,
  showQueue,
} from './queue-admin.ts';
export type { CopiesTaken } from './queue-copies.ts';
export type { LeasedRecipient, NewMessage, NewRecipient, QueuedMessage, Settled } from './queue-rows.ts';
export {
  addHoldRule,
  addSuppression,
  type HoldRule,
  listHoldRules,
  listSuppressions,
  removeHoldRule,
  removeSuppression,
} from './queue-rules.ts';
export { findQueuedMessage, type QueuedRecipient } from './queued-message.ts';
export { RecentStsPolicies } from './recent-sts-policies.ts';
export { formatReport, type Report } from './report.ts';
export type { ReportHead } from './report-heads.ts';
export { ReportInbox } from './report-inbox.ts';
export type { ReportOrigin, ReportTrust } from './report-origin.ts';
export { ResultCounter } from './result-counter.ts';
export { type DayOfResults, ResultTable } from './result-table.ts';
export { isToldOfDelay, isToldOfFailure, nextPauseMs, type Schedule } from './schedule.ts';
export { type KeptStsPolicy, StsPolicyTable } from './sts-policy-table.ts';
export { type TakenReport, takeReport } from './take-report.ts';
export { tellQueue } from './tell-queue.ts';
export { forgetTlsHosts, listTlsHosts, type MissingTls, type SeenHost, type TlsHost, TlsMemory } from './tls-memory.ts';
export { type ListedTlsReport, type ShownTlsReport, type TlsFailureSum, TlsReportTable } from './tls-report-table.ts';
export {
  type EventOutcome,
  isEventTaken,
  type LeasedEvent,
  noteTestEvent,
  removeEvent,
  WebhookEvents,
} from './webhook-events.ts';
