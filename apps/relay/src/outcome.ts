import type { NewRecipient } from '@postel/queue';
import { type SmtpReply, textOf } from '@postel/smtp-client';
import type { AccountId } from '@postel/storage';

/** What came of an attempt at one recipient. */
export interface Outcome {
  readonly type: 'delivered' | 'deferred' | 'failed';
  /** RFC 3463. */
  readonly status: string;
  /** What the other server said, or what went wrong. */
  readonly reply: string;
  /** The other server; null if nobody said anything. */
  readonly mta: string | null;
  /** How success is told to a sender who wants to hear of it; null: by the other server. */
  readonly success: 'relayed' | 'delivered' | 'expanded' | null;
  /** At other servers, who are to get the message now in place of the recipient; left out: nobody. */
  readonly members?: readonly NewRecipient[];
  /** Of accounts here for whom the recipient stands, those that do not get it; left out: none. */
  readonly leftOut?: readonly LeftOut[];
}

/** An account that takes no mail, and for which too much waits already, or that can never have the message. */
export interface LeftOut {
  readonly accountId: AccountId;
  readonly accountName: string;
  /** It is a member of a mailing list: whoever writes to that has nothing to do with it (RFC 3461 §5.2.7.1). */
  readonly isOfList: boolean;
}

/** RFC 3463 §2, at the beginning of a text. */
const ENHANCED = /^([245])\.\d{1,3}\.\d{1,3}(?= |$)/;

/** What a reply means for those whom it is about. */
export function outcomeOf(reply: SmtpReply, mta: string): Outcome {
  const [digit = '4'] = String(reply.code);
  const [status = `${digit}.0.0`] = ENHANCED.exec(reply.lines[0] ?? '') ?? [];
  const type = digit === '2' ? 'delivered' : digit === '5' ? 'failed' : 'deferred';
  // 3yz where nobody asked for more, and enhanced codes of another class, are mistakes of the other side.
  const fits = type === 'delivered' ? '2' : type === 'failed' ? '5' : '4';
  return { type, status: status.startsWith(fits) ? status : `${fits}.0.0`, reply: textOf(reply), mta, success: null };
}

export function deferred(status: string, reply: string, mta: string | null = null): Outcome {
  return { type: 'deferred', status, reply, mta, success: null };
}

export function failed(status: string, reply: string, mta: string | null = null): Outcome {
  return { type: 'failed', status, reply, mta, success: null };
}

/** Nothing can be done with one host, or not now: the next one may do better. */
export class HostFailure extends Error {
  override readonly name = 'HostFailure';
  readonly outcome: Outcome;
  /** This machine has no way there: it says nothing about the other side. */
  readonly isNoRoute: boolean;
  /** The connection had ended before it was used again: another one may do. */
  readonly isStale: boolean;

  constructor(
    outcome: Outcome,
    {
      isNoRoute = false,
      isStale = false,
      ...options
    }: ErrorOptions & { readonly isNoRoute?: boolean; readonly isStale?: boolean } = {},
  ) {
    super(outcome.reply, options);
    this.outcome = outcome;
    this.isNoRoute = isNoRoute;
    this.isStale = isStale;
  }
}
