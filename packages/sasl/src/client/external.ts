import { clientExchangeOf } from './client-conversation.ts';
import type { ClientMechanism } from './client-mechanism.ts';

/** EXTERNAL: RFC 4422 appendix A. TLS has proven who we are; the response says only whom to act as, perhaps nobody else. */
export const external: ClientMechanism = {
  name: 'EXTERNAL',
  needsTls: false,
  start({ credentials: { authorizationIdentity = '' }, connection }) {
    if (!connection.hasClientCertificate) return null;
    return clientExchangeOf(async function* () {
      yield { response: Buffer.from(authorizationIdentity), maySucceed: true };
    });
  },
};
