export { type Address, type CanonicalAddress, parseAddress } from './address.ts';
export type {
  AccountSummary,
  Directory,
  RecipientAccount,
  RecipientResolution,
  Retention,
  RetentionChange,
} from './directory.ts';
export { DirectoryError, type DirectoryErrorKind } from './errors.ts';
export type {
  AuthenticatedAccount,
  ClientKey,
  LoginAttempt,
  LoginContext,
  LoginCredential,
  LoginOutcome,
  LoginService,
} from './login.ts';
export { type DirectoryOptions, openDirectory } from './open-directory.ts';
export type { NewKey, RegisteredKey, TlsPublicKeys } from './tls-public-keys.ts';
