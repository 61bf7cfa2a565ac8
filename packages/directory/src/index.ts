export { type Address, type CanonicalAddress, canonicalAddress, formatAddress, parseAddress } from './address.ts';
export type { AccountSummary, AuthenticatedAccount, Directory, RecipientResolution } from './directory.ts';
export { canonicalDomain } from './domain-name.ts';
export { DirectoryError, type DirectoryErrorKind } from './errors.ts';
export { openDirectory } from './open-directory.ts';
