import { createHash, type KeyObject, type X509Certificate } from 'node:crypto';
import type { Tlsa } from '@postel/dns';
import { authorityConstraints } from './certificate-extensions.ts';
import { CHAIN_CERTIFICATES } from './limits.ts';
import { type TlsFailure, tlsFailure } from './tls-failure.ts';
import { publicKeyOctets, type TlsPeer } from './tls-peer.ts';
import { certificateIn, DANE_EE, DANE_TA, EXACT, PUBLIC_KEY, publicKeyIn } from './tlsa-records.ts';

/** What may stand in the extended key usage of a server's certificate, if anything does: RFC 5280 §4.2.1.12. */
const SERVER_USAGES = ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'];

/** MD5 and SHA-1 with RSA, DSA and ECDSA: who can make collisions can make signatures. */
const WEAK_SIGNATURES = new Set([
  '1.2.840.113549.1.1.4',
  '1.2.840.113549.1.1.5',
  '1.3.14.3.2.29',
  '1.2.840.10040.4.3',
  '1.2.840.10045.4.1',
]);

/**
 * Whether a server is the one that TLSA records tell of: RFC 7672 §3.
 *
 * @param records usable ones
 * @param names that a certificate under a trust anchor may be for (RFC 7672 §3.2.2)
 * @returns null if it is
 */
export function verifyDane(
  records: readonly Tlsa[],
  names: readonly string[],
  { chain }: Pick<TlsPeer, 'chain'>,
  now: Date,
): TlsFailure | null {
  const [server] = chain;
  // RFC 7672 §3.1.1: neither names nor dates matter, for the DNS says both.
  if (records.some((record) => record.usage === DANE_EE && isOf(record, server))) return null;
  const anchors = records.filter(({ usage }) => usage === DANE_TA);
  if (anchors.length === 0)
    return tlsFailure('validation-failure', 'its key is not the one that its TLSA records name');
  const path = pathOf(chain, anchors);
  if (path === null) {
    return tlsFailure('validation-failure', 'its certificate is not of the authority that its TLSA records name');
  }
  return checkPath(path, names, now);
}

function isOf({ selector, matchingType, data }: Tlsa, certificate: X509Certificate): boolean {
  const octets = selector === PUBLIC_KEY ? keyOctetsOrNull(certificate) : certificate.raw;
  if (octets === null) return false;
  if (matchingType === EXACT) return octets.equals(data);
  return createHash(matchingType === 1 ? 'sha256' : 'sha512')
    .update(octets)
    .digest()
    .equals(data);
}

/**
 * The certificates from a server's up to a trust anchor, which is the last of them, unless it is a key alone. Null if there is no
 * such path. An anchor that stands in the DNS in full need not be in the chain (RFC 7671 §5.2.2, §5.2.3).
 */
function pathOf(chain: TlsPeer['chain'], anchors: readonly Tlsa[]): readonly X509Certificate[] | null {
  const inDns = anchors.map(certificateIn).filter((certificate) => certificate !== null);
  const keys = anchors.map(publicKeyIn).filter((key) => key !== null);
  const path: X509Certificate[] = [chain[0]];
  const left = new Set([...chain.slice(1), ...inDns]);
  while (path.length <= CHAIN_CERTIFICATES) {
    const last = path.at(-1) ?? chain[0];
    if (path.length > 1 && anchors.some((anchor) => isOf(anchor, last))) return path;
    if (keys.some((key) => isSignedBy(last, () => key))) return path;
    const issuer = [...left].find(
      (candidate) => last.checkIssued(candidate) && isSignedBy(last, () => candidate.publicKey),
    );
    if (issuer === undefined) return null;
    left.delete(issuer);
    path.push(issuer);
  }
  return null;
}

/** Keys that OpenSSL does not know are nobody's: certificates above the server's may have any. */
function isSignedBy(certificate: X509Certificate, key: () => KeyObject): boolean {
  try {
    return certificate.verify(key());
  } catch {
    return false;
  }
}

function keyOctetsOrNull(certificate: X509Certificate): Buffer | null {
  try {
    return publicKeyOctets(certificate);
  } catch {
    return null;
  }
}

/** RFC 5280 §6.1, as far as it matters to a path whose end is known to be right. */
function checkPath(path: readonly X509Certificate[], names: readonly string[], now: Date): TlsFailure | null {
  for (const [at, certificate] of path.entries()) {
    if (certificate.validToDate < now) return tlsFailure('certificate-expired', 'its certificate has expired');
    if (certificate.validFromDate > now) return notTrusted('its certificate is not valid yet');
    // Nobody signs a trust anchor for us.
    const isAnchor = at === path.length - 1 && at > 0;
    if (!isAnchor && WEAK_SIGNATURES.has(certificate.signatureAlgorithmOid ?? '')) {
      return notTrusted('its certificate is signed in a way that can be forged');
    }
    if (at === 0) continue;
    const { pathLength, hasNameConstraints } = authorityConstraints(certificate);
    if (!certificate.ca || (pathLength !== null && at - 1 > pathLength)) {
      return notTrusted('its certificate is signed by who may not sign such ones');
    }
    // Of which we have no understanding, so that what they allow is not known.
    if (hasNameConstraints && !isAnchor) return notTrusted('the names that its authority may vouch for are limited');
  }
  const [server] = path;
  const usages = server?.keyUsage ?? [];
  if (usages.length > 0 && !usages.some((usage) => SERVER_USAGES.includes(usage))) {
    return notTrusted('its certificate is not for a server');
  }
  // RFC 7672 §3.2.3: the subject's name where no other is.
  const isNamed = names.some(
    (name) => server?.checkHost(name, { subject: 'default', partialWildcards: false }) !== undefined,
  );
  return isNamed ? null : tlsFailure('certificate-host-mismatch', 'its certificate is for another name');
}

function notTrusted(reason: string): TlsFailure {
  return tlsFailure('certificate-not-trusted', reason);
}
