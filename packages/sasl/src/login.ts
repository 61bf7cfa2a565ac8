import { type Conversation, exchangeOf, failure } from './conversation.ts';
import { parseIdentity, parsePassword } from './credential-text.ts';
import { logIn } from './log-in.ts';
import type { CredentialVerifier, ServerMechanism } from './server-mechanism.ts';

/** A widely deployed client wants these very words, not the ones specified (draft-murchison-sasl-login §2.2). */
const USER_NAME = Buffer.from('Username:');
const PASSWORD = Buffer.from('Password:');

/**
 * LOGIN: draft-murchison-sasl-login. Obsolete, but all that some programs know.
 *
 * The server speaks first; yet a user name as initial response is taken, because System.Net.Mail of .NET sends one.
 */
export const login: ServerMechanism = {
  name: 'LOGIN',
  needs: 'tls',
  start: (verifier) => exchangeOf((initialResponse) => converse(verifier, initialResponse)),
};

async function* converse<Identity>(
  verifier: CredentialVerifier<Identity>,
  initialResponse: Buffer | null,
): Conversation<Identity> {
  const authenticationIdentity = parseIdentity(initialResponse ?? (yield USER_NAME));
  if (authenticationIdentity === null) return failure('malformed');
  const password = parsePassword(yield PASSWORD);
  if (password === null) return failure('malformed');
  return await logIn(verifier, { authenticationIdentity, password, authorizationIdentity: '' });
}
