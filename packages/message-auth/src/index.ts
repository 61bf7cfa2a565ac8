/** SPF, DKIM, DMARC and ARC: who answers for a message that came in, and our word for one that leaves. No word of SMTP replies. */

export { authenticationResults, type Findings, receivedSpf } from './authentication-results.ts';
export { formatDkimRecord, isDkimRecordOf, isSameDkimRecord } from './dkim-record.ts';
export { type DkimKey, DkimSigning, dkimKey } from './dkim-signing.ts';
export { evaluateSpf } from './evaluate-spf.ts';
export { MessageSigner } from './message-signer.ts';
export { type MessageCheck, MessageVerifier, type MessageVerifierOptions } from './message-verifier.ts';
export { isSameOrganization } from './organizational-domain.ts';
export type {
  ArcResult,
  DkimResult,
  DmarcEvaluated,
  DmarcPolicy,
  DmarcResult,
  Envelope,
  MessageResults,
  SpfResult,
} from './results.ts';
