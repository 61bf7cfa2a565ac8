import type { Quota, QuotaUse } from './quota.ts';

/** RFC 9208 §5. */
type ResourceName = 'STORAGE' | 'MESSAGE' | 'MAILBOX';

/** A resource as GETQUOTA tells it, in its own unit: for STORAGE that is 1,024 octets. */
export interface Resource {
  readonly name: ResourceName;
  readonly usage: number;
  readonly limit: number;
}

const UNIT_OCTETS = 1_024;

const count = (amount: number): number => amount;
/**
 * Begun units count. Use and limit are rounded alike, so that what fits by its octets is never told to be above the limit.
 */
const units = (octets: number): number => Math.ceil(octets / UNIT_OCTETS);

const RESOURCES = [
  { name: 'STORAGE', amount: 'octets', told: units },
  { name: 'MESSAGE', amount: 'messages', told: count },
  { name: 'MAILBOX', amount: 'mailboxes', told: count },
] as const satisfies readonly { name: ResourceName; amount: keyof QuotaUse; told: (amount: number) => number }[];

export const RESOURCE_NAMES: readonly ResourceName[] = RESOURCES.map(({ name }) => name);

/** The resources that have a limit: RFC 9208 §4.2.1 lists no others. */
export function limitedResources({ use, limits }: Quota): readonly Resource[] {
  return RESOURCES.flatMap(({ name, amount, told }) => {
    const limit = limits[amount];
    return limit === null ? [] : [{ name, usage: told(use[amount]), limit: told(limit) }];
  });
}
