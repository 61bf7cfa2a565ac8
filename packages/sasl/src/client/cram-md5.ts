import { createHmac } from 'node:crypto';
import { clientExchangeOf } from './client-conversation.ts';
import type { ClientMechanism } from './client-mechanism.ts';
import { prepareName, prepareSecret } from './prepare-credentials.ts';

/** CRAM-MD5: RFC 2195. Older than SASLprep, which is applied because a name or password typed twice should match itself. */
export const cramMd5: ClientMechanism = {
  name: 'CRAM-MD5',
  needsTls: false,
  start({ credentials: { authenticationIdentity, authorizationIdentity, password } }) {
    if (authenticationIdentity === undefined || password === undefined || authorizationIdentity) return null;
    return clientExchangeOf(async function* () {
      const challenge = yield { response: null };
      const name = await prepareName(authenticationIdentity);
      const digest = createHmac('md5', await prepareSecret(password))
        .update(challenge)
        .digest('hex');
      yield { response: Buffer.from(`${name} ${digest}`), maySucceed: true };
    });
  },
};
