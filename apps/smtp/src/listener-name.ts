import type { SmtpListener } from '@postel/config';

/** A listener's name in logs and metrics: `mx`, `lmtp`, `submission`, and with implicit TLS `submissions`. */
export function listenerName({ kind, tls }: SmtpListener): string {
  return tls === 'implicit' ? `${kind}s` : kind;
}
