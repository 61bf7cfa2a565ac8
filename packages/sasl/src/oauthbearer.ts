import { parseBearerCredentials, parsePairs, parseText } from './bearer-message.ts';
import { type Conversation, exchangeOf, failure } from './conversation.ts';
import { parseGs2Header } from './gs2-header.ts';
import type { BearerRefusal, CredentialVerifier, ServerMechanism } from './server-mechanism.ts';
import { verifyBearer } from './verify-bearer.ts';

const EMPTY = Buffer.alloc(0);

/** OAUTHBEARER: RFC 7628. */
export const oauthBearer: ServerMechanism = {
  name: 'OAUTHBEARER',
  needs: 'tls',
  start: (verifier) => exchangeOf((initialResponse) => converse(verifier, initialResponse)),
};

async function* converse<Identity>(
  verifier: CredentialVerifier<Identity>,
  initialResponse: Buffer | null,
): Conversation<Identity> {
  const message = parseMessage(initialResponse ?? (yield EMPTY));
  if (message === null) return failure('malformed');
  return yield* verifyBearer(verifier, message, describe);
}

/**
 * `gs2-header kvsep *kvpair kvsep`: RFC 7628 §3.1. `host` and `port` are passed over, as unknown keys are: we cannot tell
 * by which name and through which gateway a client has come to us, and a token names whom it is for by itself.
 */
function parseMessage(octets: Buffer) {
  const text = parseText(octets);
  const header = text === null ? null : parseGs2Header(text);
  // No such mechanism binds to a channel.
  if (text === null || header === null || header.flag.type === 'p') return null;

  const auth = parsePairs(text.slice(header.text.length))?.get('auth');
  // With an empty one the client asks for the scope: RFC 7628 §4.3.
  const token = auth === undefined || auth === '' ? auth : parseBearerCredentials(auth);
  return token === undefined || token === null ? null : { token, user: header.authorizationIdentity };
}

/** RFC 7628 §3.2.2. */
function describe({ status, scope, openidConfiguration }: BearerRefusal) {
  return {
    status,
    ...(scope !== null && { scope }),
    ...(openidConfiguration !== null && { 'openid-configuration': openidConfiguration }),
  };
}
