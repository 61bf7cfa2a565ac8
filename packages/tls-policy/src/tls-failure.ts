/** Why TLS was not as a policy wants it, in the words of RFC 8460 §4.3. */
export type FailureType =
  | 'starttls-not-supported'
  | 'certificate-host-mismatch'
  | 'certificate-expired'
  | 'certificate-not-trusted'
  | 'validation-failure'
  | 'tlsa-invalid'
  | 'dnssec-invalid'
  | 'dane-required'
  | 'sts-policy-fetch-error'
  | 'sts-policy-invalid'
  | 'sts-webpki-invalid';

export interface TlsFailure {
  readonly type: FailureType;
  /** For people: the end of a sentence about the host. */
  readonly reason: string;
}

export function tlsFailure(type: FailureType, reason: string): TlsFailure {
  return { type, reason };
}
