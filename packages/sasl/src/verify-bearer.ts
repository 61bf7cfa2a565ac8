import { type Conversation, failure } from './conversation.ts';
import { actAs } from './log-in.ts';
import type { BearerRefusal, CredentialVerifier } from './server-mechanism.ts';

interface BearerLogin {
  /** Empty: the client asks what a token must be like. */
  readonly token: string;
  /** Empty: whoever the token stands for. */
  readonly user: string;
}

/**
 * The end of OAUTHBEARER and XOAUTH2. What a refused client hears comes as a challenge, because a failure has no room for
 * it (RFC 7628 §3.2.3); whatever it answers, it has failed.
 *
 * @param describe the refusal as the mechanism words it, in JSON
 */
export async function* verifyBearer<Identity>(
  verifier: CredentialVerifier<Identity>,
  { token, user }: BearerLogin,
  describe: (refusal: BearerRefusal) => Readonly<Record<string, string>>,
): Conversation<Identity> {
  const outcome = await verifier.verifyBearerToken(token, user);
  if (outcome.type === 'accepted') return await actAs(verifier, outcome.identity, user);
  yield Buffer.from(JSON.stringify(describe(outcome.refusal)));
  return failure('credentials');
}
