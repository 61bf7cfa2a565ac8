import type { Quota, QuotaUse } from './quota.ts';

/** RFC 9208 §5. */
type ResourceName = 'STORAGE' | 'MESSAGE' | 'MAILBOX';

/** A resource as GETQUOTA tells it, in its own unit: for STORAGE that is 1,024 octets. */
export interface Resource {
  readonly name: ResourceName;
  readonly usage: number;
  readonly limit: number;
}

/** What a resource limits, in the unit of the amount. */
export interface AmountLimit {
  readonly amount: keyof QuotaUse;
  readonly limit: number;
}

/** Begun units count. Use and limit are rounded alike, so that what fits by its octets is never told to be above the limit. */
const RESOURCES = [
  { name: 'STORAGE', amount: 'octets', unit: 1_024 },
  { name: 'MESSAGE', amount: 'messages', unit: 1 },
  { name: 'MAILBOX', amount: 'mailboxes', unit: 1 },
] as const satisfies readonly { name: ResourceName; amount: keyof QuotaUse; unit: number }[];

const MOST = Number.MAX_SAFE_INTEGER;

export const RESOURCE_NAMES: readonly ResourceName[] = RESOURCES.map(({ name }) => name);

/** The resources that have a limit: RFC 9208 §4.2.1 lists no others. */
export function limitedResources({ use, limits }: Quota): readonly Resource[] {
  return RESOURCES.flatMap(({ name, amount, unit }) => {
    const limit = limits[amount];
    return limit === null ? [] : [{ name, usage: Math.ceil(use[amount] / unit), limit: Math.ceil(limit / unit) }];
  });
}

/**
 * What SETQUOTA limits by the name of a resource; null if there is none of that name. More than anybody can count is rounded down.
 *
 * @param name in upper case
 * @param limit in the unit of the resource
 */
export function limitOf(name: string, limit: number): AmountLimit | null {
  const resource = RESOURCES.find((known) => known.name === name);
  return resource === undefined ? null : { amount: resource.amount, limit: Math.min(limit * resource.unit, MOST) };
}
