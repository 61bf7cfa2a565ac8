import type { MxAnswer } from '@postel/dns';
import type { DmarcResult } from '@postel/message-auth';
import { replies, type SmtpReply } from './replies.ts';

/**
 * What is done with mail from other servers for what was found out about it, in this order. Refused is only what is certain:
 * what the DNS does not say now, or says with a wrong signature, is recorded and no more. Mail from this machine and from
 * trusted networks is never refused: a mail program under test, or a server in front of this one, which has to do it.
 */

export interface SenderFindings {
  /** Where mail to the sender would go; null for the null reverse-path. */
  readonly senderDomain: SenderDomain | null;
  readonly dmarc: DmarcResult;
}

/** Whether a domain takes mail: RFC 5321 §5.1, RFC 7505. */
export type SenderDomain = 'takes-mail' | 'takes-none' | 'does-not-exist' | 'unknown';

export function refusal({ senderDomain, dmarc }: SenderFindings): SmtpReply | null {
  // Nobody could be told if the message cannot be delivered, and nobody can answer it.
  if (senderDomain === 'takes-none') return replies.senderTakesNoMail;
  if (senderDomain === 'does-not-exist') return replies.noSenderDomain;
  // RFC 9989 §7.4: as the author's domain wants it. `quarantine` is recorded.
  if (dmarc.result === 'fail' && dmarc.policy === 'reject') return replies.dmarcRejects;
  return null;
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
