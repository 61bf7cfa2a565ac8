import type { CredentialVerifier, ServerFailure } from '@postel/sasl';
import type { AccountId } from '@postel/storage';
import type { DirectoryError } from './errors.ts';

/** By what somebody logged in. */
export type LoginCredential =
  | { readonly type: 'password'; readonly credentialId: number }
  | { readonly type: 'app-password'; readonly credentialId: number; readonly name: string }
  | { readonly type: 'tls-public-key'; readonly fingerprint: string; readonly name: string }
  | { readonly type: 'token'; readonly issuer: string }
  | { readonly type: 'anonymous' };

/** Who logged in. */
export interface AuthenticatedAccount {
  readonly accountId: AccountId;
  readonly name: string;
  /** The address the login named, in canonical form; null if it named the account. */
  readonly loginAddress: string | null;
  readonly credential: LoginCredential;
  /** When the credential is over, and every session with it; null: never. */
  readonly expiresAt: Date | null;
}

/** What logins are for: app passwords are good for one of these, or for both. */
export type MailService = 'imap' | 'smtp';
/** And the web, which takes none of them. */
export type LoginService = MailService | 'web';

/** A TLS public key that a client has shown, and whose it is. */
export interface ClientKey {
  /** SHA-256 of the SubjectPublicKeyInfo, in base64url. */
  readonly fingerprint: string;
  readonly accountId: AccountId;
  readonly accountName: string;
  readonly name: string;
  /** In canonical form; null: the account itself. */
  readonly loginAddress: string | null;
  readonly isImapPreauth: boolean;
}

/** Where a login comes from. */
export interface LoginContext {
  readonly service: LoginService;
  /** An IP address, as `clientAddress` gives it. */
  readonly clientAddress: string;
  /** `TLSv1.3`; null in the clear. */
  readonly tlsVersion: string | null;
  /** The key that the client showed in the TLS handshake, if it is an account's. */
  readonly clientKey: ClientKey | null;
  /** The fingerprint of a key that it showed and that is nobody's. */
  readonly unknownKey: string | null;
}

/** How a login ended. `unavailable`: it could not be checked. */
export type LoginOutcome = 'success' | ServerFailure | 'cancelled' | 'unavailable';

/** One try to log in. To be settled when it has ended, whatever came of it. */
export interface LoginAttempt extends CredentialVerifier<AuthenticatedAccount> {
  /**
   * Counts the attempt and writes it down.
   *
   * @param account who logged in, if somebody did
   * @returns how long the answer is to wait, in ms: longer with every failure
   */
  settle(outcome: LoginOutcome, account?: AuthenticatedAccount | null): number;

  /**
   * 'too-many-failures' instead of `credentials`, once that is settled, where too many have failed. Whether somebody may try
   * all the same, because the account has been used from there, cannot be told from it.
   */
  readonly refusal: DirectoryError | null;

  /** Tells for the history what program it is: by its ID (RFC 2971) or EHLO. May come until 2 s after the login. */
  nameProgram(program: string): void;
}
