/**
 * - `account-exists`, `address-exists`, `app-password-exists`: the name or address is taken.
 * - `key-exists`: the key is registered, for this account or another.
 * - `no-such-account`, `no-such-domain`, `no-such-key`, `no-such-app-password`: what was named is not here.
 * - `invalid-name`, `invalid-address`, `invalid-domain`, `invalid-network`: what was given is none.
 * - `too-many-keys`, `too-many-app-passwords`: the account has as many as it may.
 * - `already-expired`: what was to be made would have been over from the start.
 * - `weak-password`: too short, too long, or with characters that no password may hold.
 * - `unavailable`: the database does not answer, or too many logins wait; the same may work later. If the connection
 *   broke during the commit of a change, the change may have been made.
 */
export type DirectoryErrorKind =
  | 'account-exists'
  | 'address-exists'
  | 'key-exists'
  | 'no-such-account'
  | 'no-such-domain'
  | 'no-such-key'
  | 'too-many-keys'
  | 'app-password-exists'
  | 'no-such-app-password'
  | 'invalid-name'
  | 'invalid-address'
  | 'invalid-domain'
  | 'invalid-network'
  | 'too-many-app-passwords'
  | 'already-expired'
  | 'weak-password'
  | 'unavailable';

/** The message says to a person what is wrong and what would be right. */
export class DirectoryError extends Error {
  readonly kind: DirectoryErrorKind;

  constructor(kind: DirectoryErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DirectoryError';
    this.kind = kind;
  }
}
