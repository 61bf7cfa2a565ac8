export { type Address, type CanonicalAddress, parseAddress } from './address.ts';
export type {
  AccountSummary,
  AuthenticatedAccount,
  Directory,
  RecipientAccount,
  RecipientResolution,
  Retention,
  RetentionChange,
} from './directory.ts';
export { DirectoryError, type DirectoryErrorKind } from './errors.ts';
export { openDirectory } from './open-directory.ts';
