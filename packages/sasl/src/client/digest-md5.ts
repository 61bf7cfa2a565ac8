import { createHash, randomBytes } from 'node:crypto';
import { equalKeys } from '../scram-keys.ts';
import { type ClientConversation, clientExchangeOf, EMPTY } from './client-conversation.ts';
import type { ClientMechanism } from './client-mechanism.ts';
import { parseDirectives } from './digest-directives.ts';
import { SaslError } from './sasl-error.ts';

const NONCE_COUNT = '00000001';
const CNONCE_OCTETS = 18;
/** RFC 2831 §2.1.1. */
const MAX_CHALLENGE_OCTETS = 2_048;

/** DIGEST-MD5: RFC 2831, quality of protection `auth`. For servers that know nothing better. No SASLprep, which is younger. */
export const digestMd5: ClientMechanism = {
  name: 'DIGEST-MD5',
  needsTls: false,
  start({ credentials: { authenticationIdentity, authorizationIdentity, password }, connection: { service, host } }) {
    if (authenticationIdentity === undefined || password === undefined) return null;
    const login = { authenticationIdentity, authorizationIdentity, password, digestUri: `${service}/${host}` };
    const cnonce = randomBytes(CNONCE_OCTETS).toString('base64');
    return clientExchangeOf(() => converseDigest(login, cnonce));
  },
};

export interface DigestLogin {
  readonly authenticationIdentity: string;
  readonly authorizationIdentity?: string | undefined;
  readonly password: string;
  readonly digestUri: string;
}

export async function* converseDigest(login: DigestLogin, cnonce: string): ClientConversation {
  const challenge = parseChallenge(yield { response: null });
  const { nonce, isUtf8 } = challenge;
  const { authenticationIdentity: name, password } = login;
  const realm = chooseRealm(challenge.realms, name);

  const authzid = login.authorizationIdentity ? Buffer.from(`:${login.authorizationIdentity}`) : EMPTY;
  // The hash is of ISO 8859-1 wherever that can be, whatever is sent (RFC 2831 §2.1.2.1).
  const secret = md5(hashedForm(name), ':', hashedForm(realm ?? ''), ':', hashedForm(password));
  const a1 = md5(secret, `:${nonce}:${cnonce}`, authzid).toString('hex');
  const digest = (a2: string) =>
    md5(`${a1}:${nonce}:${NONCE_COUNT}:${cnonce}:auth:${md5(a2).toString('hex')}`).toString('hex');

  const directives = [
    ...(isUtf8 ? ['charset=utf-8'] : []),
    `username=${quoted(name)}`,
    ...(realm === null ? [] : [`realm=${quoted(realm)}`]),
    `nonce=${quoted(nonce)}`,
    `nc=${NONCE_COUNT}`,
    `cnonce=${quoted(cnonce)}`,
    `digest-uri=${quoted(login.digestUri)}`,
    `response=${digest(`AUTHENTICATE:${login.digestUri}`)}`,
    'qop=auth',
    ...(login.authorizationIdentity ? [`authzid=${quoted(login.authorizationIdentity)}`] : []),
  ];
  const outcome = yield { response: encode(directives.join(','), isUtf8) };

  checkOutcome(outcome, digest(`:${login.digestUri}`));
  yield { response: EMPTY, maySucceed: true };
}

/** digest-challenge: RFC 2831 §2.1.1. */
function parseChallenge(message: Buffer) {
  const directives = message.length > MAX_CHALLENGE_OCTETS ? null : parseDirectives(message);
  if (directives === null) throw malformed("The server's challenge is not one of DIGEST-MD5");
  const single = (name: string): string | null => {
    const values = directives.get(name) ?? [];
    if (values.length > 1) throw malformed(`The server's challenge has ${name} more than once`);
    return values[0] ?? null;
  };

  const nonce = single('nonce');
  if (nonce === null || nonce === '') throw malformed("The server's challenge has no nonce");
  if (single('algorithm') !== 'md5-sess') throw malformed('The server wants another algorithm than md5-sess');
  const qualities = (single('qop') ?? 'auth').split(',').map((quality) => quality.trim());
  if (!qualities.includes('auth')) throw malformed('The server wants a security layer, which is not known here');
  const charset = single('charset');
  if (charset !== null && charset !== 'utf-8') throw malformed('The server wants another charset than UTF-8');
  return { nonce, isUtf8: charset !== null, realms: directives.get('realm') ?? [] };
}

/** The realm of the name's own domain if the server has it, else its first; null if it has none. */
function chooseRealm(realms: readonly string[], name: string): string | null {
  const domain = name.slice(name.lastIndexOf('@') + 1).toLowerCase();
  return realms.find((realm) => realm.toLowerCase() === domain) ?? realms[0] ?? null;
}

/** response-auth: RFC 2831 §2.1.3. */
function checkOutcome(message: Buffer, expected: string): void {
  const [rspauth = ''] = parseDirectives(message)?.get('rspauth') ?? [];
  if (!equalKeys(Buffer.from(rspauth), Buffer.from(expected))) {
    throw new SaslError('untrusted', 'The server does not know the password: its rspauth is wrong');
  }
}

function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

function encode(text: string, isUtf8: boolean): Buffer {
  if (!isUtf8 && !isLatin1(text)) {
    throw new SaslError('credentials', 'The server takes only names in ISO 8859-1 by DIGEST-MD5');
  }
  return Buffer.from(text, isUtf8 ? 'utf8' : 'latin1');
}

function hashedForm(text: string): Buffer {
  return Buffer.from(text, isLatin1(text) ? 'latin1' : 'utf8');
}

function isLatin1(text: string): boolean {
  return /^[\0-\xff]*$/.test(text);
}

function md5(...parts: readonly (string | Buffer)[]): Buffer {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function malformed(message: string): SaslError {
  return new SaslError('malformed', message);
}
