import { parseBearerCredentials, parsePairs, parseText, SEPARATOR } from './bearer-message.ts';
import { type Conversation, exchangeOf, failure } from './conversation.ts';
import { parseIdentity } from './credential-text.ts';
import type { BearerRefusal, CredentialVerifier, ServerMechanism } from './server-mechanism.ts';
import { verifyBearer } from './verify-bearer.ts';

const EMPTY = Buffer.alloc(0);

/** A status of HTTP: at 400, some programs fetch a new token and try again; at any other, they ask the person. */
const STATUS = {
  invalid_token: '400',
  insufficient_scope: '401',
  invalid_request: '401',
} as const satisfies Record<BearerRefusal['status'], string>;

/** XOAUTH2: developers.google.com/workspace/gmail/imap/xoauth2-protocol, which Microsoft's is the same as. */
export const xoauth2: ServerMechanism = {
  name: 'XOAUTH2',
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

/** `user=USER ^A auth=Bearer TOKEN ^A ^A`: the pairs of OAUTHBEARER, without what goes before. */
function parseMessage(octets: Buffer) {
  const pairs = parsePairs(SEPARATOR + (parseText(octets) ?? ''));
  const user = parseIdentity(Buffer.from(pairs?.get('user') ?? ''));
  const token = parseBearerCredentials(pairs?.get('auth') ?? '');
  return user === null || token === null ? null : { user, token };
}

function describe({ status, scope }: BearerRefusal) {
  return { status: STATUS[status], schemes: 'bearer', ...(scope !== null && { scope }) };
}
