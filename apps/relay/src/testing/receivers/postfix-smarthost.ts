import { readFileSync } from 'node:fs';
import { type DovecotAuth, startDovecotAuth } from './dovecot-auth.ts';
import { startPostfix } from './postfix.ts';
import type { Receiver } from './receiver.ts';

export interface Smarthost extends Receiver {
  /** Of its certificate, in PEM; it names mx.receiver.example. */
  readonly certificate: string;
  readonly auth: DovecotAuth;
}

/**
 * Debian's Postfix as one that takes mail from whoever logs in by Dovecot's SASL, or has a certificate that it knows, and from nobody else.
 *
 * @param fingerprint SHA-256 of a client's certificate, in hex with colons
 */
export async function startPostfixSmarthost(fingerprint: string): Promise<Smarthost> {
  const started: { certificate: string; auth: DovecotAuth | null } = { certificate: '', auth: null };
  const receiver = await startPostfix(async (directory) => {
    started.certificate = readFileSync(directory.at('cert.pem'), 'utf8');
    started.auth = await startDovecotAuth(directory);
    directory.write('etc/clients', `${fingerprint} mary\n`);
    const who = 'permit_sasl_authenticated, permit_tls_clientcerts, reject';
    return {
      smtpd_tls_ask_ccert: 'yes',
      smtpd_tls_fingerprint_digest: 'sha256',
      relay_clientcerts: `texthash:${directory.at('etc/clients')}`,
      smtpd_sasl_auth_enable: 'yes',
      smtpd_sasl_type: 'dovecot',
      smtpd_sasl_path: started.auth.socket,
      smtpd_sasl_authenticated_header: 'yes',
      smtpd_relay_restrictions: who,
      smtpd_recipient_restrictions: who,
    };
  });
  const { certificate, auth } = started;
  if (auth === null) throw new Error('Dovecot was not started');
  return {
    ...receiver,
    certificate,
    auth,
    async [Symbol.asyncDispose]() {
      await auth[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
    },
  };
}
