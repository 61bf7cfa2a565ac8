import { type Conversation, exchangeOf, failure } from './conversation.ts';
import { parseIdentity, parsePassword } from './credential-text.ts';
import { logIn } from './log-in.ts';
import type { CredentialVerifier, ServerMechanism } from './server-mechanism.ts';

const EMPTY = Buffer.alloc(0);
const NUL = 0;

/** PLAIN: RFC 4616. */
export const plain: ServerMechanism = {
  name: 'PLAIN',
  needs: 'tls',
  start: (verifier) => exchangeOf((initialResponse) => converse(verifier, initialResponse)),
};

async function* converse<Identity>(
  verifier: CredentialVerifier<Identity>,
  initialResponse: Buffer | null,
): Conversation<Identity> {
  const message = parseMessage(initialResponse ?? (yield EMPTY));
  return message === null ? failure('malformed') : await logIn(verifier, message);
}

/** `[authzid] NUL authcid NUL passwd`: RFC 4616 §2. */
function parseMessage(message: Buffer) {
  const first = message.indexOf(NUL);
  const second = message.indexOf(NUL, first + 1);
  if (first === -1 || second === -1) return null;

  const authorizationIdentity = first === 0 ? '' : parseIdentity(message.subarray(0, first));
  const authenticationIdentity = parseIdentity(message.subarray(first + 1, second));
  const password = parsePassword(message.subarray(second + 1));
  if (authorizationIdentity === null || authenticationIdentity === null || password === null) return null;
  return { authorizationIdentity, authenticationIdentity, password };
}
