/**
 * The server side of SASL (RFC 4422 §3), free of any protocol: a mechanism turns the client's responses into steps; the
 * protocol (IMAP, SMTP ...) carries them in base64, cancels on `*`, and words the outcome.
 */

/** What a mechanism asks of whoever knows the accounts. `Identity` is the knower's own type; mechanisms pass it on. */
export interface CredentialVerifier<Identity> {
  /**
   * The identity behind an authentication identity and a password, or null: unknown, wrong and disabled look the same,
   * in work done as in the answer. Throws if it cannot be known now; the exchange lets the error through.
   */
  verifyPassword(authenticationIdentity: string, password: string): Promise<Identity | null>;

  /** The identity to act as, for a non-empty authorization identity (RFC 4422 §3.4.1); null if that is not allowed. */
  authorize(identity: Identity, authorizationIdentity: string): Promise<Identity | null>;
}

/** What is known of the connection under the exchange. */
export interface ConnectionSecurity {
  readonly isTls: boolean;
  /** Mechanisms that show the password are offered without TLS too: for `localserve`, on loopback. */
  readonly allowPlaintextWithoutTls: boolean;
}

/**
 * - `malformed`: the response breaks the mechanism's grammar or limits, or comes after the end.
 * - `credentials`: unknown user, wrong password or disabled account, told apart nowhere (RFC 4422 §3.6).
 * - `authorization`: the credentials are right, but may not act as the authorization identity asked for.
 */
export type ServerFailure = 'malformed' | 'credentials' | 'authorization';

export type ServerStep<Identity> =
  | { readonly type: 'challenge'; readonly challenge: Buffer }
  | { readonly type: 'success'; readonly identity: Identity }
  | { readonly type: 'failure'; readonly reason: ServerFailure };

export interface ServerExchange<Identity> {
  /**
   * The server's answer to a response, decoded from base64. The first call takes the initial response, null if the
   * client sent none: a mechanism in which the client speaks first then gives an empty challenge, one in which the
   * server does gives its own, and refuses an initial response (RFC 4422 §3). After success or failure every call
   * fails as `malformed`.
   */
  next(response: Buffer | null): Promise<ServerStep<Identity>>;
}

export interface ServerMechanism {
  /** As registered, in upper case (RFC 4422 §3.1). */
  readonly name: string;
  /** The mechanism shows the password to whoever reads along. */
  readonly needsTls: boolean;
  start<Identity>(verifier: CredentialVerifier<Identity>, connection: ConnectionSecurity): ServerExchange<Identity>;
}
