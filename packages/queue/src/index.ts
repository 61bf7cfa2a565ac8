/** The queue of mail that goes to other servers. It knows no SMTP. */

export { DEFAULT_SCHEDULE, RETURNED_HEADER_OCTETS, RETURNED_OCTETS } from './limits.ts';
export { pageQueue } from './page-queue.ts';
export { type Kept, Queue, type QueuedReport } from './queue.ts';
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
export { isToldOfDelay, isToldOfFailure, nextPauseMs, type Schedule } from './schedule.ts';
export { type KeptStsPolicy, StsPolicyTable } from './sts-policy-table.ts';
export { tellQueue } from './tell-queue.ts';
export { forgetTlsHosts, listTlsHosts, type MissingTls, type SeenHost, type TlsHost, TlsMemory } from './tls-memory.ts';
export { type CountedResult, type DayOfResults, TlsResultTable } from './tls-result-table.ts';
