import { isUtf8 } from 'node:buffer';
import { type Conversation, exchangeOf, failure } from './conversation.ts';
import { actAs } from './log-in.ts';
import type { CredentialVerifier, ServerMechanism } from './server-mechanism.ts';

const EMPTY = Buffer.alloc(0);
const MAX_TRACE_CHARACTERS = 255;
const MAX_CHARACTER_OCTETS = 4;

/**
 * What the `trace` profile prohibits (RFC 4505 §3): controls, private use, non-characters, what is unfit for plain text,
 * what turns the direction of text around, and tags. The direction check is left to who prepares the string, the client.
 */
const PROHIBITED =
  /[\u0340\u0341\p{Cc}\p{Co}\p{Noncharacter_Code_Point}\u06dd\u070f\u180e\u200c-\u200f\u2028-\u202e\u2060-\u2063\u206a-\u206f\ufeff\ufff9-\ufffd\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/u;

/** ANONYMOUS: RFC 4505. */
export const anonymous: ServerMechanism = {
  name: 'ANONYMOUS',
  needs: 'nothing',
  start: (verifier) => exchangeOf((initialResponse) => converse(verifier, initialResponse)),
};

async function* converse<Identity>(
  verifier: CredentialVerifier<Identity>,
  initialResponse: Buffer | null,
): Conversation<Identity> {
  const trace = parseTrace(initialResponse ?? (yield EMPTY));
  if (trace === null) return failure('malformed');
  return await actAs(verifier, await verifier.findAnonymousIdentity(trace), '');
}

/** `[email / token]`: RFC 4505 §2. An address gets the length of a token; that it has a domain is all that is asked of it. */
function parseTrace(octets: Buffer): string | null {
  if (octets.length > MAX_TRACE_CHARACTERS * MAX_CHARACTER_OCTETS || !isUtf8(octets)) return null;
  const trace = octets.toString('utf8');
  if ([...trace].length > MAX_TRACE_CHARACTERS || PROHIBITED.test(trace)) return null;
  return /^@|@$/.test(trace) ? null : trace;
}
