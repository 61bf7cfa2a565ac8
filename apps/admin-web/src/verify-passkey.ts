import type { WebAccess, WebHolder } from '@postel/directory';
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';

/** Read at first need: it and what it brings are 10 MB of memory, which an installation without passkeys spares. */
export const webAuthn = () => import('@simplewebauthn/server');

/** Longer than any authenticator makes them (WebAuthn §6.1: up to 1,023 octets). */
export const ID_CHARACTERS = 1_400;
const CREDENTIAL_CHARACTERS = 8_000;

/** As the browser's `toJSON` gives it; the library reads the rest. */
export const credentialOf = (members: Record<string, ReturnType<typeof Type.String>>) =>
  Type.Object({
    id: Type.String({ maxLength: ID_CHARACTERS }),
    rawId: Type.String({ maxLength: ID_CHARACTERS }),
    type: Type.Literal('public-key'),
    response: Type.Object(members),
    clientExtensionResults: Type.Object({}),
  });
export const credentialText = Type.String({ maxLength: CREDENTIAL_CHARACTERS });
export const Authentication = Type.Unsafe<AuthenticationResponseJSON>(
  credentialOf({ clientDataJSON: credentialText, authenticatorData: credentialText, signature: credentialText }),
);
/** What the library makes for `navigator.credentials`. */
export const Options = Type.Unsafe<object>(Type.Object({}, { additionalProperties: true }));

/** What a passkey is to sign. */
export async function signingOptions(request: FastifyRequest, challenge: Buffer): Promise<object> {
  const { generateAuthenticationOptions } = await webAuthn();
  return await generateAuthenticationOptions({
    rpID: request.hostname,
    challenge: Uint8Array.from(challenge),
    userVerification: 'required',
  });
}

type FoundPasskey = NonNullable<Awaited<ReturnType<WebAccess['passkeys']['find']>>>;

/**
 * Whether a passkey has signed what it was given.
 *
 * @param holder whom the challenge was for
 * @returns the authenticator's counter; null: the signature is not what was asked for
 */
export async function verifyPasskey(
  passkeys: WebAccess['passkeys'],
  request: FastifyRequest,
  { passkeyId, publicKey, counter }: FoundPasskey,
  response: AuthenticationResponseJSON,
  holder: WebHolder,
): Promise<number | null> {
  const { verifyAuthenticationResponse } = await webAuthn();
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: (challenge) => passkeys.takeChallenge(Buffer.from(challenge, 'base64url'), 'sign-in', holder),
      ...expectedOf(request),
      credential: { id: passkeyId.toString('base64url'), publicKey: Uint8Array.from(publicKey), counter },
    });
    return verified ? authenticationInfo.newCounter : null;
  } catch {
    return null; // whatever is wrong with it
  }
}

export const expectedOf = (request: FastifyRequest) => ({
  expectedOrigin: `${request.protocol}://${request.host}`,
  expectedRPID: request.hostname,
  requireUserVerification: true,
});
