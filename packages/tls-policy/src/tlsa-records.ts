import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Tlsa } from '@postel/dns';

/** RFC 6698 §2.1.1. */
export const DANE_TA = 2;
export const DANE_EE = 3;
/** RFC 6698 §2.1.2. */
const WHOLE_CERTIFICATE = 0;
export const PUBLIC_KEY = 1;
/** RFC 6698 §2.1.3. */
export const EXACT = 0;
const SHA2_256 = 1;
const SHA2_512 = 2;

const DIGEST_OCTETS = new Map([
  [SHA2_256, 32],
  [SHA2_512, 64],
]);

/**
 * The records by which a server can be known: RFC 7672 §3.1. PKIX-TA and PKIX-EE are not among them, for which authorities are
 * trusted with mail nobody has agreed upon (§3.1.3). Of two digests of the same thing the stronger counts alone (RFC 7671 §9).
 */
export function usableRecords(records: readonly Tlsa[]): readonly Tlsa[] {
  const usable = records.filter(isUsable);
  const stronger = new Set(usable.filter(({ matchingType }) => matchingType === SHA2_512).map(subject));
  return usable.filter((record) => record.matchingType !== SHA2_256 || !stronger.has(subject(record)));
}

/** `3 1 1 0123...`: RFC 6698 §2.2. */
export function formatTlsa({ usage, selector, matchingType, data }: Tlsa): string {
  return `${usage} ${selector} ${matchingType} ${data.toString('hex')}`;
}

/** The certificate that a record has in full; null if it has another thing. */
export function certificateIn({ selector, matchingType, data }: Tlsa): X509Certificate | null {
  return selector === WHOLE_CERTIFICATE && matchingType === EXACT ? readOrNull(() => new X509Certificate(data)) : null;
}

/** The public key that a record has in full; null if it has another thing. */
export function publicKeyIn({ selector, matchingType, data }: Tlsa): KeyObject | null {
  if (selector !== PUBLIC_KEY || matchingType !== EXACT) return null;
  return readOrNull(() => createPublicKey({ key: data, format: 'der', type: 'spki' }));
}

function isUsable(record: Tlsa): boolean {
  const { usage, matchingType, data } = record;
  if (usage !== DANE_TA && usage !== DANE_EE) return false;
  if (matchingType === EXACT) return certificateIn(record) !== null || publicKeyIn(record) !== null;
  return [WHOLE_CERTIFICATE, PUBLIC_KEY].includes(record.selector) && DIGEST_OCTETS.get(matchingType) === data.length;
}

function subject({ usage, selector }: Tlsa): string {
  return `${usage} ${selector}`;
}

function readOrNull<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    return null; // it is none
  }
}
