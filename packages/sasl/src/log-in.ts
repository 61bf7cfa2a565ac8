import { failure, type Outcome } from './conversation.ts';
import type { CredentialVerifier } from './server-mechanism.ts';

interface PasswordLogin {
  readonly authenticationIdentity: string;
  readonly password: string;
  /** Empty: whatever the credentials stand for. */
  readonly authorizationIdentity: string;
}

/** The outcome for a user name and a password. */
export async function logIn<Identity>(
  verifier: CredentialVerifier<Identity>,
  { authenticationIdentity, password, authorizationIdentity }: PasswordLogin,
): Promise<Outcome<Identity>> {
  const identity = await verifier.verifyPassword(authenticationIdentity, password);
  return await actAs(verifier, identity, authorizationIdentity);
}

/**
 * The outcome for whoever the credentials stand for, null if for nobody. Credentials come first: who has none learns
 * nothing from the authorization identity (RFC 4422 §3.6), which is empty if the client asked for none.
 */
export async function actAs<Identity>(
  verifier: CredentialVerifier<Identity>,
  identity: Identity | null,
  authorizationIdentity: string,
): Promise<Outcome<Identity>> {
  if (identity === null) return failure('credentials');
  if (authorizationIdentity === '') return { type: 'success', identity };

  const actingAs = await verifier.authorize(identity, authorizationIdentity);
  return actingAs === null ? failure('authorization') : { type: 'success', identity: actingAs };
}
