import { isIP } from 'node:net';
import { type TlsFailure, tlsFailure } from './tls-failure.ts';
import type { TlsPeer } from './tls-peer.ts';

/** What Node.js says, and what it means to people. */
const CHAIN_ERRORS: ReadonlyMap<string, TlsFailure> = new Map([
  ['CERT_HAS_EXPIRED', tlsFailure('certificate-expired', 'its certificate has expired')],
  ['CERT_NOT_YET_VALID', tlsFailure('certificate-not-trusted', 'its certificate is not valid yet')],
  [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    tlsFailure('certificate-not-trusted', 'nobody but itself has signed its certificate'),
  ],
  ['SELF_SIGNED_CERT_IN_CHAIN', tlsFailure('certificate-not-trusted', 'the authority of its certificate is not known')],
  [
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    tlsFailure('certificate-not-trusted', 'the authority of its certificate is not known'),
  ],
  [
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    tlsFailure('certificate-not-trusted', 'the authority of its certificate is not known'),
  ],
]);

/** Whether an authority that is trusted vouches for a server under its name: RFC 8461 §4.2. @returns null if one does */
export function verifyWebPki(name: string, { chain: [server], chainError }: TlsPeer): TlsFailure | null {
  if (chainError !== null) {
    const known = CHAIN_ERRORS.get(chainError);
    return known ?? tlsFailure('certificate-not-trusted', `its certificate is not in order (${chainError})`);
  }
  // A DNS-ID alone, whose wildcard is a whole label (RFC 8461 §4.2, RFC 6125 §6.4.3).
  const found =
    isIP(name) === 0 ? server.checkHost(name, { subject: 'never', partialWildcards: false }) : server.checkIP(name);
  const isNamed = found !== undefined;
  return isNamed ? null : tlsFailure('certificate-host-mismatch', 'its certificate is for another name');
}
