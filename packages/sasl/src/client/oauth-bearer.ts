import { type ClientConversation, clientExchangeOf } from './client-conversation.ts';
import type { ClientMechanism } from './client-mechanism.ts';
import { SaslError } from './sasl-error.ts';
import { saslName } from './sasl-name.ts';

const KVSEP = '\x01';
/** What a server says of a refusal is for people to read: so much of it. */
const MAX_REFUSAL_CHARACTERS = 500;

/** OAUTHBEARER: RFC 7628. */
export const oauthBearer: ClientMechanism = {
  name: 'OAUTHBEARER',
  needsTls: true,
  start({ credentials: { authenticationIdentity, authorizationIdentity, bearerToken }, connection: { host, port } }) {
    if (bearerToken === undefined) return null;
    const user = authorizationIdentity || authenticationIdentity;
    const header = `n,${user ? `a=${saslName(user)}` : ''},`;
    return clientExchangeOf(() =>
      present(() => [header, `host=${host}`, `port=${port}`, `auth=Bearer ${checked(bearerToken)}`], KVSEP),
    );
  },
};

/** XOAUTH2: what came before RFC 7628, and all that some large providers know. */
export const xoauth2: ClientMechanism = {
  name: 'XOAUTH2',
  needsTls: true,
  start({ credentials: { authenticationIdentity, authorizationIdentity, bearerToken } }) {
    if (authenticationIdentity === undefined || bearerToken === undefined || authorizationIdentity) return null;
    return clientExchangeOf(() =>
      present(() => [`user=${checked(authenticationIdentity)}`, `auth=Bearer ${checked(bearerToken)}`], ''),
    );
  },
};

/** A refusal comes as a challenge, which has to be answered before the server says so in its protocol (RFC 7628 §3.2.3). */
async function* present(fields: () => readonly string[], answerToRefusal: string): ClientConversation {
  const refusal = yield { response: Buffer.from(`${fields().join(KVSEP)}${KVSEP}${KVSEP}`), maySucceed: true };
  yield { response: Buffer.from(answerToRefusal), refusal: describe(refusal) };
}

/** The JSON of RFC 7628 §3.2.2 names a status; of other text, the printable ASCII. */
function describe(refusal: Buffer): string {
  const text = refusal
    .toString('latin1')
    .slice(0, MAX_REFUSAL_CHARACTERS)
    .replace(/[^\x20-\x7e]/g, ' ');
  return /"status"\s{0,8}:\s{0,8}"([A-Za-z0-9_-]{1,64})"/.exec(text)?.[1] ?? text;
}

function checked(text: string): string {
  if (/[\0-\x1f\x7f]/.test(text)) throw new SaslError('credentials', 'A token or name cannot hold a control character');
  return text;
}
