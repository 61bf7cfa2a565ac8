import { anonymous } from './anonymous.ts';
import { cramMd5 } from './cram-md5.ts';
import { digestMd5 } from './digest-md5.ts';
import { external } from './external.ts';
import { login } from './login.ts';
import { oauthBearer } from './oauthbearer.ts';
import { plain } from './plain.ts';
import { scram } from './scram.ts';
import type { ConnectionSecurity, ServerMechanism } from './server-mechanism.ts';
import { xoauth2 } from './xoauth2.ts';

/**
 * Strongest first: clients that do not rank by themselves take the first that they know.
 *
 * What binds to the connection comes before the better hash, because it alone tells who is in between. CRAM-MD5 and
 * DIGEST-MD5 stand behind PLAIN: they are offered under TLS only, as it is, their secrets are stored as they are, and
 * hardly any password can be used with them, so that a client which took them first would fail with most.
 */
const MECHANISMS: readonly ServerMechanism[] = [
  external,
  scram({ hash: 'sha256', isPlus: true }),
  scram({ hash: 'sha1', isPlus: true }),
  scram({ hash: 'sha256', isPlus: false }),
  scram({ hash: 'sha1', isPlus: false }),
  oauthBearer,
  xoauth2,
  plain,
  login,
  digestMd5,
  cramMd5,
  anonymous,
];

/** What the operator's settings and the accounts that there are allow: `true` for every mechanism that may be offered. */
export type MechanismPolicy = (name: string) => boolean;

export type MechanismChoice =
  | { readonly type: 'offered'; readonly mechanism: ServerMechanism }
  | { readonly type: 'needs-tls' }
  /** By the policy. */
  | { readonly type: 'not-allowed' }
  | { readonly type: 'unknown' };

/** What to announce on this connection (RFC 4422 §3.2), strongest first. */
export function offeredMechanisms(connection: ConnectionSecurity, allows: MechanismPolicy): readonly ServerMechanism[] {
  return MECHANISMS.filter((mechanism) => allows(mechanism.name) && isOffered(mechanism, connection));
}

/** The mechanism a client named, in whatever case, if it is offered on this connection. */
export function chooseMechanism(
  name: string,
  connection: ConnectionSecurity,
  allows: MechanismPolicy,
): MechanismChoice {
  const mechanism = findMechanism(name);
  if (mechanism === undefined) return { type: 'unknown' };
  if (!allows(mechanism.name)) return { type: 'not-allowed' };
  if (!isOffered(mechanism, connection)) return { type: connection.isTls ? 'unknown' : 'needs-tls' };
  const plus = findMechanism(`${mechanism.name}-PLUS`);
  return {
    type: 'offered',
    mechanism: plus === undefined || allows(plus.name) ? mechanism : withoutBinding(mechanism),
  };
}

function findMechanism(name: string): ServerMechanism | undefined {
  return MECHANISMS.find((known) => known.name === name.toUpperCase());
}

/** A client that believes we cannot bind is right where the policy forbids to, and no victim of anybody (RFC 5802 §6). */
function withoutBinding(mechanism: ServerMechanism): ServerMechanism {
  return {
    ...mechanism,
    start: (verifier, connection) => mechanism.start(verifier, { ...connection, channelBinding: null }),
  };
}

function isOffered({ needs }: ServerMechanism, connection: ConnectionSecurity): boolean {
  switch (needs) {
    case 'nothing':
      return true;
    case 'tls':
      return connection.isTls || connection.allowPlaintextWithoutTls;
    case 'channel-binding':
      return connection.channelBinding !== null;
    case 'external-identity':
      return connection.hasExternalIdentity;
    default:
      return needs satisfies never;
  }
}
