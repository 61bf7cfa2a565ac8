import type { MailauthResolver } from 'mailauth/lib/dkim/dkim-verifier.js';
import { spf } from 'mailauth/lib/spf/index.js';
import { EXPLANATION_OCTETS } from './limits.ts';
import { type Envelope, type SpfResult, spfIdentity } from './results.ts';

/** @param hostname ours, which macros of policies may name */
export async function checkSpf(resolver: MailauthResolver, envelope: Envelope, hostname: string): Promise<SpfResult> {
  const { status, explanation } = await spf({
    sender: envelope.reversePath,
    ip: envelope.clientAddress,
    helo: envelope.clientName,
    mta: hostname,
    resolver,
    strict: true,
  });
  return {
    result: spfResult(status.result),
    ...spfIdentity(envelope),
    explanation: explanation === undefined ? null : explanation.slice(0, EXPLANATION_OCTETS),
  };
}

function spfResult(result: string): SpfResult['result'] {
  switch (result) {
    case 'none':
    case 'neutral':
    case 'pass':
    case 'fail':
    case 'softfail':
    case 'permerror':
      return result;
    default:
      return 'temperror';
  }
}
