import { createHash, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { CHAIN_CERTIFICATES } from './limits.ts';

/** Who is at the other end of a TLS connection, as far as it shows. */
export interface TlsPeer {
  /** Its certificate, and those above it. Never empty. */
  readonly chain: readonly [X509Certificate, ...X509Certificate[]];
  /** What Node.js has against the chain, whatever name it is for: `CERT_HAS_EXPIRED`. Null if an authority that is trusted vouches for it. */
  readonly chainError: string | null;
}

/**
 * Looks at the other end after the handshake of a connection that was made with `rejectUnauthorized: false` and
 * `checkServerIdentity` without an opinion.
 *
 * @returns null if it showed no certificate
 */
export function tlsPeer(socket: TLSSocket): TlsPeer | null {
  let shown = socket.getPeerCertificate(true);
  // Without a certificate it is an object without anything in it, whatever its type says.
  if (!Buffer.isBuffer(shown.raw)) return null;
  const chain: [X509Certificate, ...X509Certificate[]] = [new X509Certificate(shown.raw)];
  while (chain.length < CHAIN_CERTIFICATES) {
    const issuer = shown.issuerCertificate;
    if (issuer === undefined || issuer === shown || issuer.raw.equals(shown.raw)) break;
    chain.push(new X509Certificate(issuer.raw));
    shown = issuer;
  }
  return { chain, chainError: socket.authorized ? null : String(socket.authorizationError) };
}

/** SHA-256 of the public key of the other end (its SubjectPublicKeyInfo: RFC 7469 §2.4). */
export function peerKeyHash({ chain: [certificate] }: TlsPeer): Buffer {
  return createHash('sha256').update(publicKeyOctets(certificate)).digest();
}

export function publicKeyOctets(certificate: X509Certificate): Buffer {
  return certificate.publicKey.export({ type: 'spki', format: 'der' });
}
