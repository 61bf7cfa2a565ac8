import type { MxAnswer } from '@postel/dns';
import type { DmarcResult } from '@postel/message-auth';
import type { Listing } from './block-lists.ts';
import { REASON_CHARACTERS, REASONS } from './limits.ts';
import { replies, type SmtpReply } from './replies.ts';
import type { RspamdAnswer } from './rspamd-answer.ts';

/**
 * What is done with mail from other servers for what was found out about it, in this order. Refused for good is only what is
 * certain: what the DNS does not say now, or says with a wrong signature, is recorded and no more. Mail from this machine and from
 * trusted networks is always taken: a mail program under test, or a server in front of this one, which has to judge.
 */
export type Judgement =
  | { readonly type: 'accept' }
  /** Taken, and delivered with the junk. Reasons as of `suspect`. */
  | { readonly type: 'junk'; readonly reasons: readonly string[] }
  /** For good, and nothing of it is kept. */
  | { readonly type: 'refuse'; readonly reply: SmtpReply }
  /** Refused for now, as often as it comes, while its recipients find a copy in Rejects. Each reason is a short phrase for people. */
  | { readonly type: 'suspect'; readonly reasons: readonly string[] };

export interface SenderFindings {
  /** Where mail to the sender would go; null for the null reverse-path. */
  readonly senderDomain: SenderDomain | null;
  readonly dmarc: DmarcResult;
  /** What speaks against the message could not be looked for, for want of room or by a fault here. */
  readonly isUnchecked: boolean;
  /** DNSBLs that have the client. */
  readonly listings: readonly Listing[];
}

/** Whether a domain takes mail: RFC 5321 §5.1, RFC 7505. */
export type SenderDomain = 'takes-mail' | 'takes-none' | 'does-not-exist' | 'unknown';

export function judge({ senderDomain, dmarc, isUnchecked, listings }: SenderFindings): Judgement {
  // Nobody could be told if the message cannot be delivered, and nobody can answer it.
  if (senderDomain === 'takes-none') return refuse(replies.senderTakesNoMail);
  if (senderDomain === 'does-not-exist') return refuse(replies.noSenderDomain);
  // RFC 9989 §7.4: as the author's domain wants it.
  if (dmarc.result === 'fail' && dmarc.policy === 'reject') return refuse(replies.dmarcRejects);
  // Whoever can bring that about must not get by what is above.
  if (isUnchecked) return refuse(replies.notChecked);
  const reasons: string[] = [];
  if (dmarc.result === 'fail' && dmarc.policy === 'quarantine') {
    reasons.push(`DMARC of ${dmarc.domain ?? 'the author'} asks for quarantine`);
  }
  for (const { address, list, text } of listings) {
    reasons.push(`${address} is listed in ${list}${text === null ? '' : `: ${text}`}`);
  }
  return reasons.length === 0 ? { type: 'accept' } : suspect(reasons);
}

/** By its content, of a message that would be accepted. */
export function judgeContent({ advice, score, requiredScore, text }: RspamdAnswer): Judgement {
  switch (advice) {
    case 'take':
    case 'junk':
      return { type: 'accept' };
    case 'defer': {
      const [code, status, words] = replies.contentDeferred;
      return refuse([code, status, text ?? words]);
    }
    case 'reject': {
      const most = requiredScore === null ? '' : `, and ${requiredScore.toFixed(1)} are too many`;
      return suspect([`The content filter takes it for spam: ${score.toFixed(1)} points${most}`]);
    }
    default:
      return advice satisfies never;
  }
}

/**
 * Of a message that is for the postmaster alone: RFC 5321 §4.5.1 asks for every reasonable effort to take it, and who is refused
 * by mistake has nobody else to write to. What is certain stays so.
 */
export function sparePostmaster(judgement: Judgement): Judgement {
  return judgement.type === 'suspect' ? { type: 'junk', reasons: judgement.reasons } : judgement;
}

function refuse(reply: SmtpReply): Judgement {
  return { type: 'refuse', reply };
}

/** Nor the semicolon, which stands between reasons. */
const NOT_PRINTABLE = /[^ -:<-~]/g;

/** Reasons stand in a reply and in a header field, and may quote what comes from outside. */
function suspect(reasons: readonly string[]): Judgement {
  const printable = reasons.slice(0, REASONS).map((reason) => reason.replace(NOT_PRINTABLE, '?'));
  return { type: 'suspect', reasons: printable.map((reason) => reason.slice(0, REASON_CHARACTERS)) };
}

/** @param hasAddress of a host of that name: what is there without MX (RFC 5321 §5.1) */
export function senderDomain(mx: MxAnswer['kind'], hasAddress: 'yes' | 'no' | 'unknown'): SenderDomain {
  switch (mx) {
    case 'found':
      return 'takes-mail';
    case 'null-mx':
      return 'takes-none';
    case 'temporary':
    case 'bogus':
      return 'unknown';
    case 'nxdomain':
      return 'does-not-exist';
    case 'nodata':
      if (hasAddress === 'unknown') return 'unknown';
      return hasAddress === 'yes' ? 'takes-mail' : 'does-not-exist';
    default:
      return mx satisfies never;
  }
}
