import type { ScramHash, ScramKeys } from './scram-keys.ts';

/**
 * The server side of SASL (RFC 4422 §3), free of any protocol: a mechanism turns the client's responses into steps; the
 * protocol (IMAP, SMTP ...) carries them in base64, cancels on `*`, and words the outcome.
 */

/** Keys of one password of an account, and who comes in by it. */
export interface ScramCandidate<Identity> {
  readonly keys: ScramKeys;
  /** Null: whoever has this password may not come in, and hears what a wrong one would. */
  readonly identity: Identity | null;
}

/** What SCRAM checks a proof against. Somebody who does not exist has it too, made up, and the same each time. */
export interface ScramCredentials<Identity> {
  readonly salt: Buffer;
  readonly iterations: number;
  /** One for each password of the account. */
  readonly candidates: readonly ScramCandidate<Identity>[];
}

/** A password in the clear, for mechanisms that cannot do with less: CRAM-MD5 and DIGEST-MD5. */
export interface SharedSecret<Identity> {
  readonly secret: string;
  readonly identity: Identity | null;
}

/** What is wrong with a bearer token, in the words of RFC 7628 §3.2.2. */
export interface BearerRefusal {
  readonly status: 'invalid_token' | 'insufficient_scope' | 'invalid_request';
  readonly scope: string | null;
  /** Where the client learns how to get a token (RFC 7628 §3.2.2, openid-configuration). */
  readonly openidConfiguration: string | null;
}

export type BearerOutcome<Identity> =
  | { readonly type: 'accepted'; readonly identity: Identity }
  | { readonly type: 'refused'; readonly refusal: BearerRefusal };

/**
 * What a mechanism asks of whoever knows the accounts. `Identity` is the knower's own type; mechanisms pass it on.
 *
 * Everything here throws if it cannot be known now, or must not be tried now; the exchange lets the error through.
 */
export interface CredentialVerifier<Identity> {
  /**
   * The identity behind an authentication identity and a password, or null: unknown, wrong and disabled look the same,
   * in work done as in the answer.
   */
  verifyPassword(authenticationIdentity: string, password: string): Promise<Identity | null>;

  /** The identity to act as, for a non-empty authorization identity (RFC 4422 §3.4.1); null if that is not allowed. */
  authorize(identity: Identity, authorizationIdentity: string): Promise<Identity | null>;

  /** For SCRAM (RFC 5802): the same work whether anybody has that name or not. */
  findScramCredentials(authenticationIdentity: string, hash: ScramHash): Promise<ScramCredentials<Identity>>;

  /** For CRAM-MD5 and DIGEST-MD5: at least one, which for a name without any is random and nobody's. */
  findSharedSecrets(authenticationIdentity: string): Promise<readonly SharedSecret<Identity>[]>;

  /** Who the connection itself has proven to be (RFC 4422 appendix A): by a TLS public key, for instance. */
  findExternalIdentity(): Promise<Identity | null>;

  /** Who ANONYMOUS comes in as (RFC 4505). @param trace what the client says of itself, empty if nothing */
  findAnonymousIdentity(trace: string): Promise<Identity | null>;

  /**
   * @param token empty if the client only asks which scope it needs, and where tokens are had (RFC 7628 §4.3): refused
   * @param user what the client says whose token it is, empty if nothing; a token of somebody else is refused
   */
  verifyBearerToken(token: string, user: string): Promise<BearerOutcome<Identity>>;
}

/** Names the one TLS connection that a login is for (RFC 5056 §2.1). */
export interface ChannelBinding {
  /** `tls-exporter`: RFC 9266; `tls-unique`: RFC 5929 §3. */
  readonly type: 'tls-exporter' | 'tls-unique';
  readonly data: Buffer;
}

/** What is known of the connection under the exchange. */
export interface ConnectionSecurity {
  readonly isTls: boolean;
  /** Mechanisms that need TLS are offered without it too: for `localserve`, on loopback. */
  readonly allowPlaintextWithoutTls: boolean;
  /** Null where nothing can be bound to: then no mechanism whose name ends in -PLUS is offered. */
  readonly channelBinding: ChannelBinding | null;
  /** The connection has proven whose it is: EXTERNAL is offered. */
  readonly hasExternalIdentity: boolean;
  /** As registered for GSSAPI, in lower case: `imap`, `smtp` (RFC 2831 §2.1.2, serv-type). */
  readonly service: string;
  /** By which clients may know this host, in lower case. The first is what it calls itself: the realm of DIGEST-MD5. */
  readonly hostNames: readonly [string, ...string[]];
}

/**
 * - `malformed`: the response breaks the mechanism's grammar or limits, or comes after the end.
 * - `credentials`: unknown user, wrong password or disabled account, told apart nowhere (RFC 4422 §3.6); a proof made
 *   for another exchange or another server, too.
 * - `authorization`: the credentials are right, but may not act as the authorization identity asked for.
 * - `channel-binding`: the client is on another TLS connection than we are, or was told that we cannot bind to one
 *   (RFC 5802 §6). Somebody may be in between: for the log; the client hears what a wrong password would.
 */
export type ServerFailure = 'malformed' | 'credentials' | 'authorization' | 'channel-binding';

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
  /**
   * What the connection must have, or the mechanism is not offered. `tls`: it shows a secret to whoever reads along, or
   * enough to search for it.
   */
  readonly needs: 'nothing' | 'tls' | 'channel-binding' | 'external-identity';
  /** The server begins, and an initial response is an error of its own, not of the credentials (RFC 4954 §4). */
  readonly isServerFirst?: true;
  start<Identity>(verifier: CredentialVerifier<Identity>, connection: ConnectionSecurity): ServerExchange<Identity>;
}
