import { isUtf8 } from 'node:buffer';
import { createHmac, randomBytes } from 'node:crypto';
import { decodeBase64 } from '../base64.ts';
import { deriveScramClientKeys, equalKeys, type ScramHash } from '../scram-keys.ts';
import { type ClientConversation, clientExchangeOf, EMPTY } from './client-conversation.ts';
import type { ClientMechanism } from './client-mechanism.ts';
import { prepareName, prepareSecret } from './prepare-credentials.ts';
import { SaslError } from './sasl-error.ts';
import { saslName } from './sasl-name.ts';

/** Fewer would let whoever plays the server guess passwords fast (RFC 7677 §4). */
const MIN_ITERATIONS = 4_096;
/** More than servers ask for; a hostile one shall not keep a thread of ours busy for long. */
const MAX_ITERATIONS = 2_000_000;

const NONCE_OCTETS = 18;
const PLUS_NAMES = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1-PLUS'] as const;

/** SCRAM: RFC 5802, RFC 7677. */
export const scramSha256Plus = withBinding('SCRAM-SHA-256-PLUS', 'sha256');
export const scramSha256 = withoutBinding('SCRAM-SHA-256', 'sha256');
export const scramSha1Plus = withBinding('SCRAM-SHA-1-PLUS', 'sha1');
export const scramSha1 = withoutBinding('SCRAM-SHA-1', 'sha1');

function withBinding(name: string, hash: ScramHash): ClientMechanism {
  return {
    name,
    needsTls: false,
    start({
      credentials: { authenticationIdentity, authorizationIdentity, password },
      connection: { channelBinding },
    }) {
      if (authenticationIdentity === undefined || password === undefined || channelBinding === null) return null;
      const login = { hash, authenticationIdentity, authorizationIdentity, password };
      const binding = { flag: `p=${channelBinding.type}`, data: channelBinding.data };
      return clientExchangeOf(() => converseScram(login, binding, makeNonce()));
    },
  };
}

function withoutBinding(name: string, hash: ScramHash): ClientMechanism {
  return {
    name,
    needsTls: false,
    start({ credentials: { authenticationIdentity, authorizationIdentity, password }, connection, offered }) {
      if (authenticationIdentity === undefined || password === undefined) return null;
      const login = { hash, authenticationIdentity, authorizationIdentity, password };
      // `y`: we could bind, and hear that the server cannot. One that can then knows that somebody took its -PLUS away,
      // and refuses (RFC 5802 §6). Only those that we would have taken count: any other could have been put in their place.
      const couldBind = connection.channelBinding !== null && !PLUS_NAMES.some((plus) => offered.has(plus));
      return clientExchangeOf(() => converseScram(login, { flag: couldBind ? 'y' : 'n', data: EMPTY }, makeNonce()));
    },
  };
}

export interface ScramLogin {
  readonly hash: ScramHash;
  readonly authenticationIdentity: string;
  readonly authorizationIdentity?: string | undefined;
  readonly password: string;
}

/** gs2-cbind-flag and cbind-data: RFC 5802 §7. */
export interface ScramBinding {
  readonly flag: string;
  readonly data: Buffer;
}

/** @param clientNonce printable ASCII without a comma, never used before (RFC 5802 §5.1) */
export async function* converseScram(
  { hash, authenticationIdentity, authorizationIdentity, password }: ScramLogin,
  binding: ScramBinding,
  clientNonce: string,
): ClientConversation {
  const preparedPassword = await prepareSecret(password);
  const gs2Header = `${binding.flag},${authorizationIdentity ? `a=${saslName(authorizationIdentity)}` : ''},`;
  const clientFirstBare = `n=${saslName(await prepareName(authenticationIdentity))},r=${clientNonce}`;
  const serverFirst = textOf(yield { response: Buffer.from(gs2Header + clientFirstBare) });

  const { nonce, salt, iterations } = parseServerFirst(serverFirst, clientNonce);
  const channelBinding = Buffer.concat([Buffer.from(gs2Header), binding.data]).toString('base64');
  const clientFinalWithoutProof = `c=${channelBinding},r=${nonce}`;
  const keys = await deriveScramClientKeys(preparedPassword, { hash, salt, iterations });
  const authMessage = `${clientFirstBare},${serverFirst},${clientFinalWithoutProof}`;
  const proof = xor(keys.clientKey, createHmac(hash, keys.storedKey).update(authMessage).digest());
  const clientFinal = `${clientFinalWithoutProof},p=${proof.toString('base64')}`;
  const serverFinal = textOf(yield { response: Buffer.from(clientFinal) });

  checkServerFinal(serverFinal, createHmac(hash, keys.serverKey).update(authMessage).digest());
  yield { response: EMPTY, maySucceed: true };
}

/** `r=nonce,s=salt,i=count`, then extensions that need not be understood: RFC 5802 §5.1. */
function parseServerFirst(message: string, clientNonce: string) {
  const [nonce = '', salt = '', iterations = ''] = message.split(',', 3);
  if (nonce.startsWith('m=')) throw malformed('The server wants a SCRAM extension that is not known here');
  if (!/^r=[\x21-\x2b\x2d-\x7e]+$/.test(nonce) || !salt.startsWith('s=') || !/^i=[1-9][0-9]{0,9}$/.test(iterations)) {
    throw malformed("The server's first message is not one of SCRAM");
  }
  if (!nonce.startsWith(`r=${clientNonce}`) || nonce.length === clientNonce.length + 2) {
    throw new SaslError('untrusted', 'The server answers with a nonce that does not extend ours');
  }

  const saltOctets = decodeBase64(salt.slice(2));
  if (saltOctets === null || saltOctets.length === 0) throw malformed("The server's salt is not base64");
  const count = Number(iterations.slice(2));
  if (count < MIN_ITERATIONS || count > MAX_ITERATIONS) {
    throw malformed(`The server asks for ${count} iterations, not ${MIN_ITERATIONS} to ${MAX_ITERATIONS}`);
  }
  return { nonce: nonce.slice(2), salt: saltOctets, iterations: count };
}

/** `v=signature` or `e=error`: RFC 5802 §5.1. */
function checkServerFinal(message: string, signature: Buffer): void {
  const [attribute = ''] = message.split(',', 1);
  if (attribute.startsWith('e=')) throw new SaslError('refused', `The server refuses the login: ${said(attribute)}`);
  if (!attribute.startsWith('v=')) throw malformed("The server's last message is not one of SCRAM");
  if (!equalKeys(decodeBase64(attribute.slice(2)) ?? EMPTY, signature)) {
    throw new SaslError('untrusted', 'The server does not know the password: its signature is wrong');
  }
}

/** server-error-value as registered is letters and hyphens (RFC 5802 §7); nothing else goes into our messages. */
function said(attribute: string): string {
  return /^[a-z-]{1,64}$/.exec(attribute.slice(2))?.[0] ?? 'other-error';
}

function textOf(message: Buffer): string {
  if (!isUtf8(message)) throw malformed('The message of the server is not UTF-8');
  return message.toString('utf8');
}

function makeNonce(): string {
  return randomBytes(NONCE_OCTETS).toString('base64');
}

function xor(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((octet, i) => octet ^ (right[i] ?? 0)));
}

function malformed(message: string): SaslError {
  return new SaslError('malformed', message);
}
