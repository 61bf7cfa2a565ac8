import type { MechanismPolicy } from '@postel/sasl';
import type { LoginContext } from './login.ts';

/** Who is to log in, as far as the mechanisms offered depend on it. */
export type LoginClient = Pick<LoginContext, 'service' | 'clientAddress'>;

export interface MechanismPolicyOptions {
  /** In upper case; null: all. */
  readonly mechanisms: readonly string[] | null;
  /** Somebody is configured whom ANONYMOUS comes in as. */
  readonly hasAnonymousAccount: boolean;
  /** Some issuer of bearer tokens is. */
  readonly takesTokens: boolean;
  /** Some app password is kept as CRAM-MD5 and DIGEST-MD5 need it, and is good there. */
  takesSharedSecrets(client: LoginClient): boolean;
}

/**
 * Which mechanisms an operator wants, and of these the ones that somebody can log in with from there. CRAM-MD5 and DIGEST-MD5
 * are for the few who have a password for them: programs that take them before PLAIN fail with any other (curl).
 */
export function mechanismPolicy({
  mechanisms,
  hasAnonymousAccount,
  takesTokens,
  takesSharedSecrets,
}: MechanismPolicyOptions): (client: LoginClient) => MechanismPolicy {
  const allowed = mechanisms === null ? null : new Set(mechanisms);
  return (client) => (name) => {
    // Who allows SCRAM-SHA-256 allows it bound to the channel too, which is only stronger.
    if (allowed !== null && !allowed.has(name) && !allowed.has(name.replace(/-PLUS$/, ''))) return false;
    switch (name) {
      case 'ANONYMOUS':
        return hasAnonymousAccount;
      case 'OAUTHBEARER':
      case 'XOAUTH2':
        return takesTokens;
      case 'CRAM-MD5':
      case 'DIGEST-MD5':
        return takesSharedSecrets(client);
      default:
        return true;
    }
  };
}
