import type { MechanismPolicy } from '../mechanisms.ts';
import { anonymous } from './anonymous.ts';
import type { ClientConnection, ClientCredentials, ClientExchange, ClientMechanism } from './client-mechanism.ts';
import { cramMd5 } from './cram-md5.ts';
import { digestMd5 } from './digest-md5.ts';
import { external } from './external.ts';
import { gssapi } from './gssapi.ts';
import { login } from './login.ts';
import { oauthBearer, xoauth2 } from './oauth-bearer.ts';
import { otp } from './otp.ts';
import { plain } from './plain.ts';
import { SaslError } from './sasl-error.ts';
import { scramSha1, scramSha1Plus, scramSha256, scramSha256Plus } from './scram.ts';
import { securId } from './securid.ts';

/**
 * Strongest first: what gives the server nothing that it could use elsewhere and proves that it is the right one, then
 * what hides the secret at least from those who read along, then what shows it.
 */
const MECHANISMS: readonly ClientMechanism[] = [
  external,
  scramSha256Plus,
  scramSha1Plus,
  gssapi,
  scramSha256,
  scramSha1,
  otp,
  oauthBearer,
  xoauth2,
  digestMd5,
  cramMd5,
  securId,
  plain,
  login,
  anonymous,
];

/** Strongest first. */
export const clientMechanismNames: readonly string[] = MECHANISMS.map(({ name }) => name);

/** RFC 4422 §3.1. */
const MECHANISM_NAME = /^[A-Z0-9_-]{1,20}$/;

export interface ChosenMechanism {
  readonly name: string;
  readonly exchange: ClientExchange;
}

/**
 * Begins the strongest mechanism that the server offers and the person has credentials for. One that shows a secret is
 * begun only under TLS with the right server.
 *
 * @param allows which mechanisms may be used at all, by their names in upper case
 * @throws {SaslError} 'no-mechanism', saying why in words a person can act on
 */
export function chooseClientMechanism(
  offeredNames: Iterable<string>,
  credentials: ClientCredentials,
  connection: ClientConnection,
  allows: MechanismPolicy = () => true,
): ChosenMechanism {
  const names = Iterator.from(offeredNames).map((name) => name.toUpperCase());
  const offered: ReadonlySet<string> = new Set(names.filter((name) => MECHANISM_NAME.test(name)));
  const passedOver: string[] = [];
  for (const mechanism of MECHANISMS) {
    if (!offered.has(mechanism.name) || !allows(mechanism.name)) continue;
    const exchange = mechanism.start({ credentials, connection, offered });
    if (exchange === null) continue;
    if (!mechanism.needsTls || connection.hasTrustedTls) return { name: mechanism.name, exchange };
    passedOver.push(mechanism.name);
  }
  throw new SaslError('no-mechanism', explain(offered, passedOver));
}

function explain(offered: ReadonlySet<string>, passedOver: readonly string[]): string {
  if (offered.size === 0) return 'The server offers no way to log in';
  if (passedOver.length === 0)
    return `The server offers ${list(offered)}, none of which the credentials given here are for`;
  return `The server offers ${list(passedOver)}, which would show the secret: TLS with a server that can be trusted is missing`;
}

const MAX_NAMES_LISTED = 20;

function list(names: Iterable<string>): string {
  return Iterator.from(names).take(MAX_NAMES_LISTED).toArray().join(', ');
}
