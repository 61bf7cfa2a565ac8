import { createHmac } from 'node:crypto';
import { clientExchangeOf } from './client-conversation.ts';
import type { ClientMechanism } from './client-mechanism.ts';

/** CRAM-MD5: RFC 2195. Older than SASLprep: name and password go in as they are, as they are in Dovecot and Cyrus SASL. */
export const cramMd5: ClientMechanism = {
  name: 'CRAM-MD5',
  needsTls: false,
  start({ credentials: { authenticationIdentity, authorizationIdentity, password } }) {
    if (authenticationIdentity === undefined || password === undefined || authorizationIdentity) return null;
    return clientExchangeOf(async function* () {
      const challenge = yield { response: null };
      const digest = createHmac('md5', password).update(challenge).digest('hex');
      yield { response: Buffer.from(`${authenticationIdentity} ${digest}`), maySucceed: true };
    });
  },
};
