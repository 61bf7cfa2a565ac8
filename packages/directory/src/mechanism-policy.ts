import type { MechanismPolicy } from '@postel/sasl';

export interface MechanismPolicyOptions {
  /** In upper case; null: all. */
  readonly mechanisms: readonly string[] | null;
  /** Somebody is configured whom ANONYMOUS comes in as. */
  readonly hasAnonymousAccount: boolean;
  /** Some issuer of bearer tokens is. */
  readonly takesTokens: boolean;
  hasSharedSecrets(): boolean;
}

/** Which mechanisms an operator wants, and of these the ones that somebody can log in with. */
export function mechanismPolicy({
  mechanisms,
  hasAnonymousAccount,
  takesTokens,
  hasSharedSecrets,
}: MechanismPolicyOptions): MechanismPolicy {
  const allowed = mechanisms === null ? null : new Set(mechanisms);
  return (name) => {
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
        return hasSharedSecrets();
      default:
        return true;
    }
  };
}
