import { failure, type Outcome } from './conversation.ts';
import type { CredentialVerifier } from './server-mechanism.ts';

interface PasswordLogin {
  readonly authenticationIdentity: string;
  readonly password: string;
  /** Empty: whatever the credentials stand for. */
  readonly authorizationIdentity: string;
}

/** Credentials first: who has none learns nothing from the authorization identity (RFC 4422 §3.6). */
export async function logIn<Identity>(
  verifier: CredentialVerifier<Identity>,
  { authenticationIdentity, password, authorizationIdentity }: PasswordLogin,
): Promise<Outcome<Identity>> {
  const identity = await verifier.verifyPassword(authenticationIdentity, password);
  if (identity === null) return failure('credentials');
  if (authorizationIdentity === '') return { type: 'success', identity };

  const actingAs = await verifier.authorize(identity, authorizationIdentity);
  return actingAs === null ? failure('authorization') : { type: 'success', identity: actingAs };
}
