/** RFC 8460 §4.3: what each result means for who runs the server. */
const MEANINGS: ReadonlyMap<string, string> = new Map([
  [
    'starttls-not-supported',
    'The server offered no STARTTLS. Somebody in between may have taken it away, or TLS is off.',
  ],
  ['certificate-host-mismatch', 'The certificate is not for the name that the MX record has. Get one that names it.'],
  ['certificate-expired', 'The certificate had expired. Renew it, and see that renewal works by itself.'],
  ['certificate-not-trusted', 'The certificate is of no authority that senders trust, or its chain is not sent whole.'],
  ['validation-failure', 'The certificate or key was not accepted, for a reason that the report does not name.'],
  [
    'tlsa-invalid',
    'The TLSA record is not of the key that the server has. Publish the record of the new key before it is used.',
  ],
  [
    'dnssec-invalid',
    'DNSSEC of the zone is broken, so the TLSA records cannot be believed. No mail comes from who checks it.',
  ],
  ['dane-required', 'The sender has DANE as a condition, and there are no usable TLSA records.'],
  [
    'sts-policy-fetch-error',
    'The MTA-STS policy could not be fetched: look whether https://mta-sts.DOMAIN/.well-known/mta-sts.txt answers.',
  ],
  ['sts-policy-invalid', 'The MTA-STS policy was fetched, and is not one.'],
  [
    'sts-webpki-invalid',
    'The certificate of the MX host does not satisfy the MTA-STS policy, or the policy names other hosts.',
  ],
]);

/** What a failure on TLS means, and what to do. @param type as the report names it */
export function explainTlsFailure(type: string): string {
  return MEANINGS.get(type) ?? 'The report gives a reason that is not of RFC 8460.';
}
