import type { ChannelBinding } from '../server-mechanism.ts';
import type { GssContext } from './gss-context.ts';
import type { OtpChallenge } from './one-time-password.ts';

/**
 * The client side of SASL (RFC 4422 §3), free of any protocol: a mechanism turns the server's challenges into responses;
 * the protocol (SMTP, IMAP ...) carries them in base64, cancels with `*` when an error is thrown, and hears the outcome.
 */

/** What SECURID asks of the person with the token card, each time anew (RFC 2808). */
export interface SecurIdCard {
  passcode(): Promise<string>;
  /** A new PIN, when the server wants one. @param suggestion the server's, null if it makes none */
  pin(suggestion: string | null): Promise<string>;
}

/** What a person has to log in with: a mechanism is used only if all that it needs is here. */
export interface ClientCredentials {
  /** The name the secrets belong to. EXTERNAL and ANONYMOUS do without. */
  readonly authenticationIdentity?: string;
  /** Whom to act as, if not the one the credentials stand for; mechanisms that cannot say it are then passed over. */
  readonly authorizationIdentity?: string;
  readonly password?: string;
  /** For OAUTHBEARER and XOAUTH2. */
  readonly bearerToken?: string;
  /** For OTP: the one-time password for this challenge, as 16 hexadecimal digits or six words. */
  readonly otp?: (challenge: OtpChallenge) => Promise<string>;
  readonly securId?: SecurIdCard;
  /** For GSSAPI: begins a context with the service, `smtp@mail.example.com` (RFC 4752 §3.1). */
  readonly gss?: (service: string) => Promise<GssContext>;
  /** For ANONYMOUS: what to say of oneself, perhaps nothing (RFC 4505 §2). */
  readonly anonymousTrace?: string;
}

/** What is known of the connection under the exchange. */
export interface ClientConnection {
  /** TLS, and the server's certificate or key is the right one: passwords and tokens are shown to nobody else. */
  readonly hasTrustedTls: boolean;
  /** Null where nothing can be bound to. */
  readonly channelBinding: ChannelBinding | null;
  /** A client certificate was given in the TLS handshake: EXTERNAL can be used. */
  readonly hasClientCertificate: boolean;
  /** The protocol's name in Kerberos and DIGEST-MD5: `smtp`, `imap`. */
  readonly service: string;
  /** The server's host name, as the person configured it. */
  readonly host: string;
  readonly port: number;
}

interface ClientAttempt {
  readonly credentials: ClientCredentials;
  readonly connection: ClientConnection;
  /** The names of all the mechanisms that the server offers, in upper case. */
  readonly offered: ReadonlySet<string>;
}

export interface ClientExchange {
  /**
   * What to send first; null if the server speaks first. Called once, before all else. A protocol that cannot carry it
   * with its command sends it as the response to the first, empty challenge (RFC 4422 §3).
   */
  initialResponse(): Promise<Buffer | null>;

  /**
   * The response to a challenge, both without base64. Data that came with the outcome goes through here too.
   *
   * @throws {SaslError}
   */
  respond(challenge: Buffer): Promise<Buffer>;

  /**
   * To be called when the server says success, and nothing is to be believed before it returns.
   *
   * @throws {SaslError} 'untrusted' if the server has not proven itself, in a mechanism where it must
   */
  succeeded(): void;

  /** What the server said in the mechanism of a refusal that its protocol has yet to announce; null if nothing. */
  readonly refusal: string | null;
}

export interface ClientMechanism {
  /** As registered, in upper case (RFC 4422 §3.1). */
  readonly name: string;
  /** The mechanism shows a secret to whoever reads along. */
  readonly needsTls: boolean;
  /** @returns null if the credentials or the connection lack what it needs */
  start(attempt: ClientAttempt): ClientExchange | null;
}
