import type { Quota } from './quota.ts';
import { limitedResources, type Resource } from './resources.ts';

/** From here on (the "soft quota" of RFC 9208 §4.3.1) the owner is warned; there is time to make room. */
const WARNING_PERCENT = 90;
/** From here on most messages do not fit any more. */
const FULL_PERCENT = 99;

/** Where the use of an account stands. */
export type QuotaLevel = 'low' | 'near' | 'full';

export interface QuotaState {
  readonly level: QuotaLevel;
  /** Of what messages fill, the resource with the least room left, in whole percent; null if neither has a limit. */
  readonly fullest: (Resource & { readonly percent: number }) | null;
}

/** How near an account is to taking no more messages. Mailboxes do not count: they do not become more by themselves. */
export function quotaState(quota: Quota): QuotaState {
  let fullest: QuotaState['fullest'] = null;
  for (const resource of limitedResources(quota)) {
    const { name, usage, limit } = resource;
    if (name === 'MAILBOX') continue;
    const percent = limit === 0 ? 100 : Math.floor((usage * 100) / limit);
    if (fullest === null || percent > fullest.percent) fullest = { ...resource, percent };
  }
  const percent = fullest?.percent ?? 0;
  return { level: percent >= FULL_PERCENT ? 'full' : percent >= WARNING_PERCENT ? 'near' : 'low', fullest };
}
