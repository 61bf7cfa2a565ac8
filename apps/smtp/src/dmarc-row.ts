import type { DmarcRow, PublishedPolicy } from '@postel/mail-reports';
import type { Envelope, MessageResults } from '@postel/message-auth';
import { DMARC_SIGNATURES } from './limits.ts';

/** What is counted of a message for the owner of a policy: messages with the same row are one number. */
export interface CountedDmarcRow {
  readonly policy: PublishedPolicy;
  readonly row: Omit<DmarcRow, 'messages'>;
}

/** As it can stand in a header field and a file name. */
const NAME = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){0,126}$/i;
/** No name in the DNS is longer, but who writes mail may write more. */
const NAME_CHARACTERS = 253;
const named = (text: string) => text.slice(0, NAME_CHARACTERS).toLowerCase().toWellFormed();

/**
 * A message as a row of an aggregate report (RFC 7489 §7.2); null where the owner asked for none, or no single policy decides.
 * What is refused for other reasons is counted as DMARC alone would have it.
 */
export function countedDmarcRow(
  { clientAddress, reversePath }: Envelope,
  { spf, dkim, dmarc }: MessageResults,
): CountedDmarcRow | null {
  const { evaluated, result, domain } = dmarc;
  if (evaluated === null || !evaluated.wantsReports || domain === null) return null;
  if (result !== 'pass' && result !== 'fail') return null;
  if (!NAME.test(evaluated.policyDomain)) return null;
  const { policyDomain, adkim, aspf, p, sp, fo, isTest } = evaluated;
  return {
    policy: { domain: policyDomain.toLowerCase(), adkim, aspf, p, sp, fo },
    row: {
      sourceAddress: clientAddress.replace(/^::ffff:(?=[0-9.]+$)/, ''),
      disposition: result === 'fail' ? dmarc.policy : 'none',
      dkim: evaluated.isDkimAligned ? 'pass' : 'fail',
      spf: evaluated.isSpfAligned ? 'pass' : 'fail',
      reasons: isTest && result === 'fail' ? [{ type: 'other', comment: 'the policy is in test mode (t=y)' }] : [],
      headerFrom: named(domain),
      envelopeFrom: named(reversePath.slice(reversePath.lastIndexOf('@') + 1)),
      dkimResults: dkim.slice(0, DMARC_SIGNATURES).map((each) => ({
        domain: named(each.domain),
        selector: named(each.selector),
        result: each.result,
      })),
      spfResults: [
        { domain: named(spf.domain), scope: spf.identity === 'helo' ? 'helo' : 'mfrom', result: spf.result },
      ],
    },
  };
}
