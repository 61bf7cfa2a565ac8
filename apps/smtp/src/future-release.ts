import type { EsmtpParameters } from './esmtp-parameters.ts';
import { HOLD_SECONDS } from './limits.ts';
import { replies, SmtpError } from './replies.ts';

/** HOLDFOR or HOLDUNTIL of MAIL: RFC 4865 §3. */
export type Hold =
  | { readonly type: 'for'; readonly seconds: number }
  | { readonly type: 'until'; readonly at: Date; readonly text: string };

/** RFC 4865 §3, item 2: future-release-integer. */
const SECONDS = /^[1-9][0-9]{0,8}$/;
/** RFC 3339 §5.6, in UTC. */
const DATE_TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z$/i;
const WITHOUT_FRACTION = 19;

/** What EHLO says: RFC 4865 §3, item 3. */
export function futureReleaseLine(nowMs: number): string {
  const latest = new Date(nowMs + HOLD_SECONDS * 1_000);
  return `FUTURERELEASE ${HOLD_SECONDS} ${latest.toISOString().slice(0, WITHOUT_FRACTION)}Z`;
}

/** The one of the two that MAIL has, null if it has none: RFC 4865 §4.2, items 7 to 11. @throws {SmtpError} 501 5.5.4 */
export function parseHold(parameters: EsmtpParameters, nowMs: number): Hold | null {
  const [holdFor, holdUntil] = [parameters.get('HOLDFOR'), parameters.get('HOLDUNTIL')];
  if (holdFor !== undefined && holdUntil !== undefined) throw new SmtpError(replies.twoHolds);
  if (holdFor !== undefined) return parseSeconds(holdFor);
  return holdUntil === undefined ? null : parseDateTime(holdUntil, nowMs);
}

function parseSeconds(value: string | null): Hold {
  if (value === null || !SECONDS.test(value)) throw new SmtpError(replies.badParameter);
  const seconds = Number(value);
  if (seconds > HOLD_SECONDS) throw new SmtpError(replies.holdTooLong);
  return { type: 'for', seconds };
}

/** One in the past holds nothing: the client's clock, or its way to us, may be slow. */
function parseDateTime(value: string | null, nowMs: number): Hold {
  const text = value?.toUpperCase() ?? '';
  const at = new Date(DATE_TIME.test(text) ? text : '');
  // A day that the month does not have would be one of the next.
  if (Number.isNaN(at.getTime()) || at.toISOString().slice(0, WITHOUT_FRACTION) !== text.slice(0, WITHOUT_FRACTION)) {
    throw new SmtpError(replies.badParameter);
  }
  if (at.getTime() > nowMs + HOLD_SECONDS * 1_000) throw new SmtpError(replies.holdTooLong);
  return { type: 'until', at, text };
}

/** When a message that came at this time is to be released; null if at once. */
export function releaseTime(hold: Hold | null, receivedAt: Date): Date | null {
  if (hold === null) return null;
  const at = hold.type === 'for' ? new Date(receivedAt.getTime() + hold.seconds * 1_000) : hold.at;
  return at > receivedAt ? at : null;
}

/** As Future-Release-Request of a DSN has it: RFC 4865 §5.1.2. */
export function releaseRequest(hold: Hold): string {
  return hold.type === 'for' ? `for;${hold.seconds}` : `until;${hold.text}`;
}
