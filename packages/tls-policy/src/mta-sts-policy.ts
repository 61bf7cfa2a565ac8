import { createHash } from 'node:crypto';
import { type StsMode, stsPolicyLines } from './sts-policy.ts';

const MAX_AGE_SECONDS = 604_800;
const ID_CHARACTERS = 20;

/** A policy of ours: RFC 8461 §3. */
interface MtaStsPolicy {
  /** What https://mta-sts.DOMAIN/.well-known/mta-sts.txt says. */
  readonly text: string;
  /** Another one for every other policy: RFC 8461 §3.1. */
  readonly id: string;
}

/** @param hostname in any case: senders compare without, and the id is one for all of them @param mode `testing`: senders tell of what is wrong (RFC 8460), and deliver all the same */
export function mtaStsPolicy(hostname: string, mode: StsMode): MtaStsPolicy {
  const lines = stsPolicyLines({ mode, mx: [hostname.toLowerCase()], maxAgeSeconds: MAX_AGE_SECONDS });
  const text = lines.map((line) => `${line}\r\n`).join('');
  return { text, id: createHash('sha256').update(text).digest('hex').slice(0, ID_CHARACTERS) };
}
