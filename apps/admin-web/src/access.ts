import type {
  Actor,
  Administered,
  Administrator,
  Directory,
  ManagedDirectory,
  Role,
  TokenScope,
  WebHolder,
} from '@postel/directory';
import type { AccountId } from '@postel/storage';
import type { FastifyRequest } from 'fastify';
import { addressOf } from './client-context.ts';
import { notSignedIn, Problem } from './problem.ts';

/**
 * Who may use a route.
 *
 * - `public`: everybody.
 * - `account`: whoever has an account, for what is that account's.
 * - `domains`: the same, and whoever administers domains, for what is theirs: see `manage` and `requireTheirs`.
 * - `admin`: the owner of the server: by the admin password, or with an account whose role is `owner`.
 * - `sign-in`: whoever is signed in with a browser: what decides about signing in is closed to tokens.
 */
export type Access = 'public' | 'account' | 'domains' | 'admin' | 'sign-in';

/** Who asks. */
export type Principal = {
  /** Null: the admin password. */
  readonly holder: WebHolder;
  /** Of the account. */
  readonly name: string | null;
  readonly role: Role;
} & (
  | {
      readonly type: 'session';
      readonly sessionId: string;
      /** By password or passkey, a short while ago. */
      readonly isProved: boolean;
    }
  | { readonly type: 'token'; readonly tokenName: string; readonly scopes: readonly TokenScope[] }
);

const SAFE_METHODS = new Set(['GET', 'HEAD']);

/** The one place that says who may do what. @throws {Problem} they may not, whatever is or is not there */
export function requireAccess(access: Access, principal: Principal | null, method: string): void {
  if (access === 'public') return;
  if (principal === null) throw notSignedIn();
  if (access === 'sign-in') {
    if (principal.type === 'session') return;
    throw new Problem(403, 'not-allowed', 'A token does not do that: sign in with a browser.');
  }
  const area = access === 'account' ? 'account' : 'admin';
  const isEnough = principal.role === 'owner' || (access === 'domains' && principal.role === 'domain-admin');
  if (area === 'admin' && !isEnough) throw ownersOnly();
  if (area === 'account' && principal.holder === null) {
    throw new Problem(403, 'not-allowed', 'The admin password belongs to no account: sign in with an account.');
  }
  if (principal.type === 'session') return;
  const isRead = SAFE_METHODS.has(method);
  const { scopes } = principal;
  if (scopes.includes(`${area}:write`) || (isRead && scopes.includes(`${area}:read`))) return;
  throw new Problem(403, 'not-allowed', `This token has no scope ${area}:${isRead ? 'read' : 'write'}.`);
}

export const ownersOnly = () => new Problem(403, 'not-allowed', 'Only the owner of this server may do that.');

/**
 * For what is given for good, or cannot be brought back: that it is the person themselves, and nobody at a browser they left. A token
 * does what its scopes say.
 *
 * @throws {Problem} 403, `proof-needed`
 */
export function requireProof({ principal }: Pick<FastifyRequest, 'principal'>): void {
  if (principal === null || principal.type === 'token' || principal.isProved) return;
  throw new Problem(403, 'proof-needed', 'Prove once more who you are: by your password, or a passkey.');
}

/** Whose domains bound what is shown and changed; null: nobody's, it is all of the server. Of routes for administrators. */
export function administratorOf({ principal }: FastifyRequest): Administrator {
  if (principal === null) throw notSignedIn();
  if (principal.role === 'owner') return null;
  if (principal.role !== 'domain-admin' || principal.holder === null) throw ownersOnly();
  return principal.holder;
}

/** That what a request is about is theirs who ask. @throws as if what is not were not there */
export async function requireTheirs(
  directory: Directory,
  request: FastifyRequest,
  ...about: readonly Administered[]
): Promise<void> {
  const administrator = administratorOf(request);
  if (administrator !== null) await directory.requireAdministered({ administrator, about });
}

/** The directory, for one change of what is theirs who ask: then too, when it is made. @throws as `requireTheirs` */
export async function manage(
  directory: Directory,
  request: FastifyRequest,
  ...about: readonly Administered[]
): Promise<ManagedDirectory> {
  const administrator = administratorOf(request);
  if (administrator === null) return directory.as(actorOf(request));
  // Before anything else is done, too: how long it takes shall not tell whether it is somebody's.
  await directory.requireAdministered({ administrator, about });
  return directory.within(actorOf(request), { administrator, about });
}

/** Of routes that only those with an account reach. */
export function ownAccount({ principal }: FastifyRequest): { readonly accountId: AccountId; readonly name: string } {
  if (principal === null || principal.holder === null || principal.name === null) throw notSignedIn();
  return { accountId: principal.holder, name: principal.name };
}

/** Of routes that only those who are signed in reach. */
export function ownSession({ principal }: FastifyRequest) {
  if (principal === null || principal.type !== 'session') throw notSignedIn();
  return principal;
}

/** As the log of changes calls whoever came by the admin password: no account has such a name. */
const ADMINISTRATOR = 'admin password';

/** Who makes a change, for the log of changes. */
export function actorOf(request: FastifyRequest): Actor {
  const { principal } = request;
  if (principal === null) throw notSignedIn();
  const clientAddress = addressOf(request);
  const account = principal.name ?? ADMINISTRATOR;
  if (principal.type === 'token') return { type: 'token', account, token: principal.tokenName, clientAddress };
  return { type: 'account', account, service: 'web', clientAddress };
}
