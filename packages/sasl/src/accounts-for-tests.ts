import { createHmac } from 'node:crypto';
import { preparePassword } from './saslprep.ts';
import { deriveScramKeys, type ScramHash, type ScramKeys } from './scram-keys.ts';
import type { BearerRefusal, CredentialVerifier } from './server-mechanism.ts';

interface MoreOfAccounts {
  /** In base64, by name, for known answers; other names have a made-up one, whether there is such an account or not. */
  readonly salts?: Record<string, string>;
  /** Accounts whose passwords are right, and bring nobody in. */
  readonly disabled?: readonly string[];
  /** Whose the connection is. */
  readonly external?: string;
  /** Who ANONYMOUS comes in as. */
  readonly anonymous?: string;
  /** Bearer tokens, and whose they are. */
  readonly tokens?: Record<string, string>;
  /** What all other tokens hear. */
  readonly refusal?: BearerRefusal;
}

/** The least that RFC 7677 §4 allows. */
export const ITERATIONS = 4_096;
const REFUSAL: BearerRefusal = { status: 'invalid_token', scope: null, openidConfiguration: null };

/**
 * Accounts by name with their passwords, and whose the addresses are, for every mechanism. Keeps a list of who was asked
 * for, and one of what was called, the arguments left out: alike for those who exist and those who do not.
 */
export function accountsOf(
  passwords: Record<string, string | readonly string[]>,
  addresses: Record<string, string>,
  { salts = {}, disabled = [], external, anonymous, tokens = {}, refusal = REFUSAL }: MoreOfAccounts = {},
) {
  const known = new Map(Object.entries(passwords).map(([name, list]) => [name, [list].flat()]));
  const knownSalts = new Map(Object.entries(salts));
  const knownTokens = new Map(Object.entries(tokens));
  const owners = new Map(Object.entries(addresses));
  const checks: string[] = [];
  const calls: string[] = [];

  const identityOf = (name: string) => (known.has(name) && !disabled.includes(name) ? name : null);
  /** As random, and as stable, as if it were stored. Nobody knows the key but the server. */
  const makeUp = (name: string, use: string) =>
    createHmac('sha256', 'key of these accounts')
      .update(use + name)
      .digest();
  const secretsOf = (name: string) => known.get(name) ?? [makeUp(name, 'secret').toString('base64')];

  const derived = new Map<string, Promise<ScramKeys>>();
  const keysOf = async (password: string, hash: ScramHash, salt: Buffer) => {
    const id = JSON.stringify([password, hash, salt.toString('base64')]);
    let keys = derived.get(id);
    if (keys === undefined) {
      const prepared = await preparePassword(password, 'stored');
      if (prepared === null) throw new Error('no password by SASLprep');
      keys = deriveScramKeys(prepared, { hash, salt, iterations: ITERATIONS });
      derived.set(id, keys);
    }
    return await keys;
  };

  const verifier: CredentialVerifier<string> = {
    async verifyPassword(authenticationIdentity, password) {
      checks.push(authenticationIdentity);
      calls.push('verifyPassword');
      const isRight = known.get(authenticationIdentity)?.includes(password) ?? false;
      return isRight ? identityOf(authenticationIdentity) : null;
    },

    async authorize(identity, authorizationIdentity) {
      calls.push('authorize');
      const isOwn = authorizationIdentity === identity || owners.get(authorizationIdentity) === identity;
      return isOwn ? identity : null;
    },

    async findScramCredentials(authenticationIdentity, hash) {
      checks.push(authenticationIdentity);
      calls.push('findScramCredentials');
      const stored = knownSalts.get(authenticationIdentity);
      const salt =
        stored === undefined ? makeUp(authenticationIdentity, hash).subarray(0, 16) : Buffer.from(stored, 'base64');
      const candidates = secretsOf(authenticationIdentity).map(async (password) => ({
        keys: await keysOf(password, hash, salt),
        identity: identityOf(authenticationIdentity),
      }));
      return { salt, iterations: ITERATIONS, candidates: await Promise.all(candidates) };
    },

    async findSharedSecrets(authenticationIdentity) {
      checks.push(authenticationIdentity);
      calls.push('findSharedSecrets');
      const identity = identityOf(authenticationIdentity);
      return secretsOf(authenticationIdentity).map((secret) => ({ secret, identity }));
    },

    async findExternalIdentity() {
      calls.push('findExternalIdentity');
      return external ?? null;
    },

    async findAnonymousIdentity(trace) {
      checks.push(trace);
      calls.push('findAnonymousIdentity');
      return anonymous ?? null;
    },

    async verifyBearerToken(token, user) {
      checks.push(user);
      calls.push('verifyBearerToken');
      const identity = knownTokens.get(token);
      const isTheirs = identity !== undefined && ['', identity].includes(owners.get(user) ?? user);
      return isTheirs ? { type: 'accepted', identity } : { type: 'refused', refusal };
    },
  };
  return { ...verifier, checks: checks as readonly string[], calls: calls as readonly string[] };
}
