import { createHash, randomBytes } from 'node:crypto';
import { type Conversation, exchangeOf, failure } from './conversation.ts';
import { type DigestResponse, parseDigestResponse } from './digest-response.ts';
import { actAs } from './log-in.ts';
import { equalKeys } from './scram-keys.ts';
import type { ConnectionSecurity, CredentialVerifier, ServerMechanism } from './server-mechanism.ts';
import { tryAll } from './try-all.ts';

const NONCE_OCTETS = 18;
const LATIN_1 = /^[\0-\xff]*$/;

/**
 * DIGEST-MD5: RFC 2831, without security layers and without subsequent authentication. Historic (RFC 6331), but all that
 * some programs know. Under TLS only, as CRAM-MD5.
 */
export const digestMd5 = digestMd5With(randomNonce);

/** @param makeNonce makes a quoted string, without quotes and backslashes, never the same twice; tests of known answers have theirs */
export function digestMd5With(makeNonce: () => string): ServerMechanism {
  return {
    name: 'DIGEST-MD5',
    needs: 'tls',
    // An initial response asks for subsequent authentication, and has a challenge for its answer (RFC 2831 §2.2.2).
    start: (verifier, connection) => exchangeOf(() => converse(verifier, connection, makeNonce())),
  };
}

async function* converse<Identity>(
  verifier: CredentialVerifier<Identity>,
  connection: ConnectionSecurity,
  nonce: string,
): Conversation<Identity> {
  const realm = connection.hostNames[0];
  const challenge = `realm="${realm}",nonce="${nonce}",qop="auth",algorithm=md5-sess,charset=utf-8`;
  const response = parseDigestResponse(yield Buffer.from(challenge));
  if (response === null) return failure('malformed');
  const isForHere = response.nonce === nonce && response.realm === realm && isOurs(response, connection);
  if (!isForHere || response.nonceCount !== '00000001') return failure('credentials');

  const secrets = await verifier.findSharedSecrets(response.authenticationIdentity);
  const match = tryAll(secrets, ({ secret }) =>
    equalKeys(responseValue(response, secret, 'AUTHENTICATE'), Buffer.from(response.proof)),
  );
  if (match === null) return failure('credentials');
  const outcome = await actAs(verifier, match.identity, response.authorizationIdentity);
  if (outcome.type === 'failure') return outcome;

  const acknowledgement = yield Buffer.concat([Buffer.from('rspauth='), responseValue(response, match.secret, '')]);
  return acknowledgement.length === 0 ? outcome : failure('malformed');
}

/**
 * Whether the client means this service on this host (RFC 2831 §2.1.2, digest-uri). By which name it looked the host up,
 * the serv-name, is not for us to judge.
 */
function isOurs({ serviceType, host }: DigestResponse, { service, hostNames }: ConnectionSecurity): boolean {
  return serviceType === service && hostNames.includes(host);
}

/**
 * In hexadecimal: RFC 2831 §2.1.2.1, and §2.1.3 for the server's own.
 *
 * @param method `AUTHENTICATE` from the client, empty from the server
 */
function responseValue(response: DigestResponse, secret: string, method: string): Buffer {
  const { authenticationIdentity, authzid, realm, nonce, nonceCount, cnonce, qop, digestUri } = response;
  const user = md5(`${asHashed(authenticationIdentity)}:${realm}:${asHashed(secret)}`).toString('latin1');
  const a1 = md5(`${user}:${nonce}:${cnonce}${authzid === null ? '' : `:${authzid}`}`).toString('hex');
  const a2 = md5(`${method}:${digestUri}`).toString('hex');
  return Buffer.from(md5(`${a1}:${nonce}:${nonceCount}:${cnonce}:${qop}:${a2}`).toString('hex'));
}

/** @param octets a character an octet */
function md5(octets: string): Buffer {
  return createHash('md5').update(octets, 'latin1').digest();
}

/** ISO 8859-1 where that is enough, else UTF-8, whichever of them came (RFC 2831 §2.1.2.1). A character an octet. */
function asHashed(text: string): string {
  return LATIN_1.test(text) ? text : asOctets(text);
}

function asOctets(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function randomNonce(): string {
  return randomBytes(NONCE_OCTETS).toString('base64');
}
