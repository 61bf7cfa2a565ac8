import { clientExchangeOf } from './client-conversation.ts';
import type { ClientMechanism } from './client-mechanism.ts';

/**
 * LOGIN: draft-murchison-sasl-login. For servers that know nothing else.
 *
 * The words of the two challenges differ from server to server; only their order counts.
 */
export const login: ClientMechanism = {
  name: 'LOGIN',
  needsTls: true,
  start({ credentials: { authenticationIdentity, authorizationIdentity, password } }) {
    if (authenticationIdentity === undefined || password === undefined || authorizationIdentity) return null;
    return clientExchangeOf(async function* () {
      yield { response: null };
      yield { response: Buffer.from(authenticationIdentity) };
      yield { response: Buffer.from(password), maySucceed: true };
    });
  },
};
