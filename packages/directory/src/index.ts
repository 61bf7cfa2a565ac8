export type { AccountState, KeyState, LimitState } from './account-state.ts';
export type { Actor, Door } from './actor.ts';
export { type Address, type CanonicalAddress, parseAddress } from './address.ts';
export { type AddressPrefixes, NetworkList, prefixesOf } from './address-prefix.ts';
export type { AddressChange, AddressSummary } from './addresses.ts';
export type { Administered, Administrator, Within } from './administered.ts';
export type { AliasState } from './alias-state.ts';
export type { AliasDetails, Aliases, AliasSettings, AliasSummary, EntryRole, Posters } from './aliases.ts';
export type { AppPassword, AppPasswords, NewAppPassword } from './app-passwords.ts';
export { forgetOldLogins, type LoginEntry } from './attempt-rows.ts';
export type { State, StateValue } from './change-record.ts';
export { countDirectory, type DirectoryCounts } from './count-directory.ts';
export type { AccountSecrets, AppPasswordSecret, PasswordSecret } from './credentials-state.ts';
export { type CountLimit, DecayingCounts } from './decaying-counts.ts';
export type { DeclaredAccount, DeclaredRoute, DeclaredState, StateDifference } from './declared-state.ts';
export type { Deed } from './deeds.ts';
export { countDefaultEffects, type DefaultEffects } from './default-effects.ts';
export type { DefaultState } from './default-state.ts';
export type {
  AccountSummary,
  AliasTarget,
  Directory,
  IdentifiedAccount,
  LoginFilter,
  LoginLimitFigures,
  ManagedDirectory,
  NewAccount,
  RecipientAccount,
  RecipientResolution,
  Retention,
  RetentionChange,
  Role,
} from './directory.ts';
export { CHANGES_KEPT_DAYS, type ChangeFilter, type DirectoryChange, forgetOldChanges } from './directory-changes.ts';
export type { AddressKey, DirectoryPages, LoginKey } from './directory-pages.ts';
export type { DirectorySecrets, DirectoryState } from './directory-state.ts';
export {
  DKIM_ALGORITHMS,
  type DkimAlgorithm,
  type DkimKeySummary,
  type DkimKeys,
  type DomainSigner,
  type DomainSigners,
} from './dkim-keys.ts';
export { type DomainState, MTA_STS_MODES, type MtaStsMode } from './domain-state.ts';
export { type DomainChange, type DomainSummary, listDomains } from './domains.ts';
export { DirectoryError, type DirectoryErrorKind } from './errors.ts';
export type { ExpandedAlias, MailingList, Poster } from './expand-alias.ts';
export { generatePassword } from './generate-password.ts';
export { LIST_FIELDS, listFields } from './list-fields.ts';
export type {
  AuthenticatedAccount,
  ClientKey,
  LoginAttempt,
  LoginContext,
  LoginCredential,
  LoginOutcome,
  LoginService,
} from './login.ts';
export { type LimitedNetwork, PREFIX_LIMITS } from './login-limits.ts';
export { LoopWatch } from './loop-watch.ts';
export { type DirectoryOptions, openDirectory } from './open-directory.ts';
export type { AccountQuota, DefaultQuotaChange, QuotaChange, Quotas } from './quotas.ts';
export { BUILT_IN_ROUTE, type Route, RouteBook } from './routes/choose-route.ts';
export { DEFAULT_SMARTHOST_CONNECTIONS } from './routes/limits.ts';
export {
  DIRECT_ROUTE,
  DIRECT_SETTINGS,
  formatHostPort,
  type HostAndPort,
  isLoggedIn,
  isPrivateAddress,
  parseHostPort,
  ROUTE_SECRET_NAMES,
  ROUTE_TLS_MODES,
  type RouteSecretName,
  type RouteSettings,
  type SealedSecrets,
} from './routes/route-settings.ts';
export { formatRouteRule, type RouteRule, type RouteRulesState, type RouteState } from './routes/route-state.ts';
export type { RouteSummary, Routes, StoredSecrets } from './routes/routes.ts';
export type { NamedMailbox, Shares } from './shares.ts';
export type { CountedSubmission, SubmissionChange, SubmissionLimits, Submitter } from './submission.ts';
export type { NewKey, RegisteredKey, TlsPublicKeys } from './tls-public-keys.ts';
export type { SessionEnd } from './watched-sessions.ts';
export type { ListedToken, TokenScope } from './web/api-tokens.ts';
export type { WebAccess } from './web/web-access.ts';
export type { WebHolder } from './web/web-holder.ts';
export { nameWebhooks, WEBHOOK_EVENTS, type WebhookEvent, type WebhookState } from './webhook-state.ts';
export {
  acceptWebhookSecret,
  type DeclaredWebhook,
  type ListedWebhook,
  makeWebhookSecret,
  type NewWebhook,
  type SealWebhook,
  type StoredWebhookSecret,
  type WebhookChange,
} from './webhooks.ts';
