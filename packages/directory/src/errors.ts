/**
 * - `account-exists`, `address-exists`, `app-password-exists`: the name or address is taken.
 * - `key-exists`: the key is registered, for this account or another.
 * - `no-such-account`, `no-such-mailbox`, `no-such-domain`, `no-such-address`, `no-such-alias`, `no-such-key`, `no-such-app-password`,
 *   `no-such-dkim-key`: what was named is not here.
 * - `dkim-key-exists`: one waits already to be published.
 * - `route-exists`, `no-such-route`, `route-in-use`: of routes, the last while a rule, the default or waiting mail names it;
 *   `invalid-route`: its settings make no sense; `no-such-route-rule`; `too-many-routes`.
 * - `domain-in-use`: something still has an address of the domain.
 * - `invalid-name`, `invalid-address`, `invalid-domain`, `invalid-network`: what was given is none.
 * - `too-many-keys`, `too-many-app-passwords`, `too-many-members`, `too-many-mailboxes`, `too-many-dkim-keys`: the account, alias or
 *   domain has as many as it may.
 * - `already-expired`: what was to be made would have been over from the start.
 * - `invalid-secrets`: what passwords are checked against is not in the form in which it is dumped.
 * - `no-such-webhook`: none has this number, or it is not theirs who asks.
 * - `invalid-webhook`: its URL is none that is taken, it wants no events, or its secret is too short or too long.
 * - `too-many-webhooks`: the account, or the installation, has as many as it may.
 * - `weak-password`: too short, too long, or with characters that no password may hold.
 * - `too-many-failures`: too many logins from there have failed; `retryAfterMs` says when the next may be tried.
 * - `unavailable`: the database does not answer, or too many logins wait; the same may work later. If the connection
 *   broke during the commit of a change, the change may have been made.
 */
export type DirectoryErrorKind =
  | 'account-exists'
  | 'address-exists'
  | 'key-exists'
  | 'no-such-account'
  | 'no-such-mailbox'
  | 'no-such-domain'
  | 'no-such-address'
  | 'no-such-alias'
  | 'domain-in-use'
  | 'route-exists'
  | 'no-such-route'
  | 'no-such-route-rule'
  | 'route-in-use'
  | 'invalid-route'
  | 'too-many-routes'
  | 'no-such-dkim-key'
  | 'dkim-key-exists'
  | 'too-many-dkim-keys'
  | 'too-many-members'
  | 'too-many-mailboxes'
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
  | 'invalid-secrets'
  | 'no-such-webhook'
  | 'invalid-webhook'
  | 'too-many-webhooks'
  | 'weak-password'
  | 'too-many-failures'
  | 'unavailable';

/** The message says to a person what is wrong and what would be right. */
export class DirectoryError extends Error {
  readonly kind: DirectoryErrorKind;
  /** Null where it is not known when the same would work. */
  readonly retryAfterMs: number | null;

  constructor(
    kind: DirectoryErrorKind,
    message: string,
    { retryAfterMs, ...options }: ErrorOptions & { readonly retryAfterMs?: number } = {},
  ) {
    super(message, options);
    this.name = 'DirectoryError';
    this.kind = kind;
    this.retryAfterMs = retryAfterMs ?? null;
  }
}
