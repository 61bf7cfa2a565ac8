import type { ResponseWriter } from '@postel/imap-wire';
import { limitedResources, type Quota } from '@postel/quota';
import type { Session } from './session.ts';

/**
 * The quota root (RFC 9208 §3.2) of an account, which all its mailboxes share. Mail programs show the name to people; no
 * session sees the root of another account, so that one name will do.
 */
export const QUOTA_ROOT = 'User quota';

/** Use is nobody's business but the owner's (RFC 9208 §8). */
export function seesQuota({ account }: Session): boolean {
  return account.credential.type !== 'anonymous';
}

/** QUOTA: RFC 9208 §4.2.1. The list is empty where nothing is limited, though §7 has at least one resource in it. */
export function writeQuota(out: ResponseWriter, quota: Quota): void {
  out.text('* QUOTA ').string(QUOTA_ROOT).text(' (');
  limitedResources(quota).forEach(({ name, usage, limit }, index) => {
    if (index > 0) out.sp();
    out.text(name).sp().number(usage).sp().number(limit);
  });
  out.text(')').crlf();
}
