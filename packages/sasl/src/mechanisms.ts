import { login } from './login.ts';
import { plain } from './plain.ts';
import type { ConnectionSecurity, ServerMechanism } from './server-mechanism.ts';

/** Strongest first: clients that do not rank by themselves take the first that they know. */
const MECHANISMS: readonly ServerMechanism[] = [plain, login];

/** What the operator's settings and the accounts that there are allow: `true` for every mechanism that may be offered. */
export type MechanismPolicy = (name: string) => boolean;

export type MechanismChoice =
  | { readonly type: 'offered'; readonly mechanism: ServerMechanism }
  | { readonly type: 'needs-tls' }
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
  const mechanism = MECHANISMS.find((known) => known.name === name.toUpperCase());
  if (mechanism === undefined || !allows(mechanism.name)) return { type: 'unknown' };
  if (!isOffered(mechanism, connection)) return { type: connection.isTls ? 'unknown' : 'needs-tls' };
  return { type: 'offered', mechanism };
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
