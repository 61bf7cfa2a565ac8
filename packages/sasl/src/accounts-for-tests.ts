import type { CredentialVerifier } from './server-mechanism.ts';

/** Accounts by name with their passwords, and whose the addresses are; keeps a list of who was asked for. */
export function accountsOf(passwords: Record<string, string>, addresses: Record<string, string>) {
  const known = new Map(Object.entries(passwords));
  const owners = new Map(Object.entries(addresses));
  const checks: string[] = [];
  const verifier: CredentialVerifier<string> = {
    async verifyPassword(authenticationIdentity, password) {
      checks.push(authenticationIdentity);
      return known.get(authenticationIdentity) === password ? authenticationIdentity : null;
    },
    findScramCredentials: () => Promise.reject(new Error('no SCRAM here')),
    findSharedSecrets: () => Promise.reject(new Error('no shared secrets here')),
    findExternalIdentity: async () => null,
    findAnonymousIdentity: async () => null,
    verifyBearerToken: () => Promise.reject(new Error('no tokens here')),
    async authorize(identity, authorizationIdentity) {
      const isOwn = authorizationIdentity === identity || owners.get(authorizationIdentity) === identity;
      return isOwn ? identity : null;
    },
  };
  return { ...verifier, checks: checks as readonly string[] };
}
