import { type Conversation, exchangeOf, failure } from './conversation.ts';
import { parseIdentity } from './credential-text.ts';
import { actAs } from './log-in.ts';
import type { CredentialVerifier, ServerMechanism } from './server-mechanism.ts';

const EMPTY = Buffer.alloc(0);

/** EXTERNAL: RFC 4422 appendix A. */
export const external: ServerMechanism = {
  name: 'EXTERNAL',
  needs: 'external-identity',
  start: (verifier) => exchangeOf((initialResponse) => converse(verifier, initialResponse)),
};

async function* converse<Identity>(
  verifier: CredentialVerifier<Identity>,
  initialResponse: Buffer | null,
): Conversation<Identity> {
  const response = initialResponse ?? (yield EMPTY);
  const authorizationIdentity = response.length === 0 ? '' : parseIdentity(response);
  if (authorizationIdentity === null) return failure('malformed');
  return await actAs(verifier, await verifier.findExternalIdentity(), authorizationIdentity);
}
