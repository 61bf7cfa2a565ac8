/** The resource model of RFC 9208: what counts, in which units, how much room is left, and when to warn. No I/O. */
export { type Quota, type QuotaLimits, type QuotaUse, roomOctets } from './quota.ts';
export { limitedResources, limitOf, RESOURCE_NAMES, type Resource } from './resources.ts';
export { type QuotaLevel, type QuotaState, quotaState } from './warnings.ts';
