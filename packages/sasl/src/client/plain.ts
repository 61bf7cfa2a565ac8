import { clientExchangeOf } from './client-conversation.ts';
import type { ClientMechanism } from './client-mechanism.ts';
import { nulSeparated } from './nul-separated.ts';

/** PLAIN: RFC 4616. Name and password go as they are: preparing them is the server's (§2). */
export const plain: ClientMechanism = {
  name: 'PLAIN',
  needsTls: true,
  start({ credentials: { authenticationIdentity, authorizationIdentity = '', password } }) {
    if (authenticationIdentity === undefined || password === undefined) return null;
    return clientExchangeOf(async function* () {
      const message = nulSeparated(authorizationIdentity, authenticationIdentity, password);
      yield { response: message, maySucceed: true };
    });
  },
};
