import { createHash, X509Certificate } from 'node:crypto';

/** What a TLSA record needs to know of a certificate. */
export interface ServerKey {
  /** SHA-256 of the SubjectPublicKeyInfo, in hexadecimal: what TLSA 3 1 1 has. */
  readonly digest: string;
  /**
   * Whether the key outlives its certificate: it is older than that, or the certificate is one that nobody renews every few weeks.
   * False if that is not known: many programs make a new key with each certificate, and the record is wrong from then on.
   */
  readonly isKept: boolean;
}

const DAY_MS = 86_400_000;
/** Longer than certificates of public authorities may be good for. */
const OWN_CERTIFICATE_DAYS = 400;

/**
 * @param certificate in PEM, the host's own first @param keyChangedAt when the file of its key was written
 * @returns null if it is not for the host
 */
export function serverKey(certificate: string | Buffer, keyChangedAt: Date, hostname: string): ServerKey | null {
  const x509 = new X509Certificate(certificate);
  if (x509.checkHost(hostname) === undefined) return null;
  const { validFromDate, validToDate, publicKey } = x509;
  const days = (validToDate.getTime() - validFromDate.getTime()) / DAY_MS;
  const isOlder = keyChangedAt.getTime() < validFromDate.getTime() - DAY_MS;
  const digest = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
  return { digest, isKept: isOlder || days > OWN_CERTIFICATE_DAYS };
}
