import { createHmac, randomBytes } from 'node:crypto';
import { type Conversation, exchangeOf, failure } from './conversation.ts';
import { parseIdentity } from './credential-text.ts';
import { actAs } from './log-in.ts';
import { equalKeys } from './scram-keys.ts';
import type { CredentialVerifier, ServerMechanism } from './server-mechanism.ts';
import { tryAll } from './try-all.ts';

const RANDOM_OCTETS = 16;
const DIGEST = /^[0-9a-f]{32}$/;
const SPACE = 0x20;

/** CRAM-MD5: RFC 2195. Under TLS only: MD5 is tried on what somebody has read along faster than any other hash. */
export const cramMd5 = cramMd5With(randomDigits);

/** @param makeDigits left half of the challenge's message identifier, never the same twice; tests of known answers have theirs */
export function cramMd5With(makeDigits: () => string): ServerMechanism {
  return {
    name: 'CRAM-MD5',
    needs: 'tls',
    isServerFirst: true,
    start: (verifier, { hostNames }) =>
      exchangeOf((initialResponse) => converse(verifier, `<${makeDigits()}@${hostNames[0]}>`, initialResponse)),
  };
}

async function* converse<Identity>(
  verifier: CredentialVerifier<Identity>,
  challenge: string,
  initialResponse: Buffer | null,
): Conversation<Identity> {
  if (initialResponse !== null) return failure('malformed');
  const message = parseMessage(yield Buffer.from(challenge));
  if (message === null) return failure('malformed');

  const secrets = await verifier.findSharedSecrets(message.authenticationIdentity);
  const match = tryAll(secrets, ({ secret }) =>
    equalKeys(createHmac('md5', secret).update(challenge).digest(), message.digest),
  );
  return await actAs(verifier, match?.identity ?? null, '');
}

/** User name, space, digest in lower-case hexadecimal (RFC 2195 §2). The name may have spaces, the digest has none. */
function parseMessage(message: Buffer) {
  const space = message.lastIndexOf(SPACE);
  const authenticationIdentity = parseIdentity(message.subarray(0, Math.max(space, 0)));
  const digest = message.toString('latin1', space + 1);
  if (authenticationIdentity === null || !DIGEST.test(digest)) return null;
  return { authenticationIdentity, digest: Buffer.from(digest, 'hex') };
}

/** RFC 2195 §2 has a timestamp here, so that none comes twice; as many random digits do not need one. */
function randomDigits(): string {
  return randomBytes(RANDOM_OCTETS).toString('hex');
}
