import { readFileSync } from 'node:fs';
import { startPostfix } from './postfix.ts';
import type { Receiver } from './receiver.ts';

export interface Smarthost extends Receiver {
  /** Of its certificate, in PEM; it names mx.receiver.example. */
  readonly certificate: string;
}

/**
 * Debian's Postfix as one that takes mail from whoever has a certificate that it knows, and from nobody else.
 *
 * @param fingerprint SHA-256 of a client's certificate, in hex with colons
 */
export async function startPostfixSmarthost(fingerprint: string): Promise<Smarthost> {
  let certificate = '';
  const receiver = await startPostfix(async (directory) => {
    certificate = readFileSync(directory.at('cert.pem'), 'utf8');
    directory.write('etc/clients', `${fingerprint} mary\n`);
    return {
      smtpd_tls_ask_ccert: 'yes',
      smtpd_tls_fingerprint_digest: 'sha256',
      relay_clientcerts: `texthash:${directory.at('etc/clients')}`,
      smtpd_relay_restrictions: 'permit_tls_clientcerts, reject',
      smtpd_recipient_restrictions: 'permit_tls_clientcerts, reject',
    };
  });
  return { ...receiver, certificate, [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose]() };
}
