import { createHash, createHmac, randomBytes } from 'node:crypto';
import { type Conversation, exchangeOf, failure } from './conversation.ts';
import type { BindingFlag } from './gs2-header.ts';
import { actAs } from './log-in.ts';
import { DIGEST_OCTETS, equalKeys, type ScramHash, type ScramKeys } from './scram-keys.ts';
import { parseClientFinal, parseClientFirst } from './scram-messages.ts';
import type { ChannelBinding, CredentialVerifier, ServerFailure, ServerMechanism } from './server-mechanism.ts';
import { tryAll } from './try-all.ts';

interface ScramOptions {
  readonly hash: ScramHash;
  /** With channel binding: the mechanism whose name ends in -PLUS. */
  readonly isPlus: boolean;
  /** Printable US-ASCII without comma, never the same twice. Tests of known answers have theirs. */
  readonly makeNonce?: () => string;
}

const EMPTY = Buffer.alloc(0);
const NAMES = { sha256: 'SCRAM-SHA-256', sha1: 'SCRAM-SHA-1' } as const satisfies Record<ScramHash, string>;
const NONCE_OCTETS = 18;

/**
 * SCRAM-SHA-1, SCRAM-SHA-1-PLUS: RFC 5802. SCRAM-SHA-256, SCRAM-SHA-256-PLUS: RFC 7677.
 *
 * Whoever reads an exchange along can try passwords on it at leisure (RFC 5802 §9), hence TLS also for those that bind to
 * nothing.
 */
export function scram({ hash, isPlus, makeNonce = randomNonce }: ScramOptions): ServerMechanism {
  return {
    name: isPlus ? `${NAMES[hash]}-PLUS` : NAMES[hash],
    needs: isPlus ? 'channel-binding' : 'tls',
    start: (verifier, { channelBinding }) =>
      exchangeOf((initialResponse) => converse(verifier, { hash, isPlus, makeNonce }, channelBinding, initialResponse)),
  };
}

async function* converse<Identity>(
  verifier: CredentialVerifier<Identity>,
  { hash, isPlus, makeNonce }: Required<ScramOptions>,
  channelBinding: ChannelBinding | null,
  initialResponse: Buffer | null,
): Conversation<Identity> {
  const first = parseClientFirst(initialResponse ?? (yield EMPTY));
  if (first === null) return failure('malformed');
  const refusal = refusalOf(first.header.flag, isPlus, channelBinding);
  if (refusal !== null) return failure(refusal);

  const { salt, iterations, candidates } = await verifier.findScramCredentials(first.authenticationIdentity, hash);
  const nonce = first.nonce + makeNonce();
  const serverFirst = `r=${nonce},s=${salt.toString('base64')},i=${iterations}`;

  const final = parseClientFinal(yield Buffer.from(serverFirst), DIGEST_OCTETS[hash]);
  if (final === null) return failure('malformed');
  if (final.nonce !== nonce) return failure('credentials');
  // For `n` and `y` too: whoever changed the flag on its way did not change this (RFC 5802 §6).
  const boundTo = isPlus && channelBinding !== null ? channelBinding.data : EMPTY;
  if (!final.bindingInput.equals(Buffer.concat([Buffer.from(first.header.text), boundTo]))) {
    return failure('channel-binding');
  }

  const authMessage = `${first.bare},${serverFirst},${final.withoutProof}`;
  const match = tryAll(candidates, ({ keys }) => isProof(final.proof, hash, keys, authMessage));
  if (match === null) return failure('credentials');
  const outcome = await actAs(verifier, match.identity, first.header.authorizationIdentity);
  if (outcome.type === 'failure') return outcome;

  const serverSignature = createHmac(hash, match.keys.serverKey).update(authMessage).digest('base64');
  const acknowledgement = yield Buffer.from(`v=${serverSignature}`);
  return acknowledgement.length === 0 ? outcome : failure('malformed');
}

/** What is wrong with the client's gs2-cbind-flag, if anything is: RFC 5802 §6. */
function refusalOf(flag: BindingFlag, isPlus: boolean, channelBinding: ChannelBinding | null): ServerFailure | null {
  switch (flag.type) {
    case 'n':
      return isPlus ? 'malformed' : null;
    case 'y':
      if (isPlus) return 'malformed';
      // We did offer to bind, so somebody took that out of what the client read.
      return channelBinding === null ? null : 'channel-binding';
    case 'p':
      if (!isPlus) return 'malformed';
      return flag.bindingType === channelBinding?.type ? null : 'channel-binding';
    default:
      return flag satisfies never;
  }
}

/** ClientProof is ClientKey XOR ClientSignature, and StoredKey is H(ClientKey): RFC 5802 §3. */
function isProof(proof: Buffer, hash: ScramHash, { storedKey }: ScramKeys, authMessage: string): boolean {
  const clientSignature = createHmac(hash, storedKey).update(authMessage).digest();
  const clientKey = clientSignature.map((octet, at) => octet ^ (proof[at] ?? 0));
  return equalKeys(createHash(hash).update(clientKey).digest(), storedKey);
}

function randomNonce(): string {
  return randomBytes(NONCE_OCTETS).toString('base64');
}
