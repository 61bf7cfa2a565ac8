/** SPF, DKIM, DMARC and ARC: who answers for a message that came in. No word of SMTP replies. */

export { authenticationResults, type Findings, receivedSpf } from './authentication-results.ts';
export { type DkimKey, DkimSigning } from './dkim-signing.ts';
export { type MessageCheck, MessageVerifier, type MessageVerifierOptions } from './message-verifier.ts';
export type {
  ArcResult,
  DkimResult,
  DmarcPolicy,
  DmarcResult,
  Envelope,
  MessageResults,
  SpfResult,
} from './results.ts';
