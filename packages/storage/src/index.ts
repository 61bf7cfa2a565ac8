export type { AccountChanges, WatchedMailbox } from './account-changes.ts';
export {
  createAccount,
  createAccounts,
  findAccounts,
  listAccountIds,
  type NamedAccount,
  removeAccountMail,
} from './accounts.ts';
export {
  type Grantee,
  type RightsEdit,
  type RightsEntry,
  readRights,
  type SharedWith,
  type Sharer,
  setRights,
} from './acls.ts';
export {
  ANNOTATION_OCTETS,
  type Annotated,
  type Annotation,
  type AnnotationChange,
  type AnnotationEdit,
  type AnnotationQuery,
} from './annotations.ts';
export { type Appended, type Arrival, heldOctets, type NewMessage } from './append.ts';
export type { Arrivals } from './arrivals.ts';
export { BlobDirectory } from './blob-directory.ts';
export type { BlobStore } from './blob-store.ts';
export type { FlagsChanged } from './change-flags.ts';
export { checkBlobs } from './check-blobs.ts';
export type { SortColumn } from './column-reader.ts';
export { CONTENT_CHUNK_OCTETS, contentChunks } from './content-chunks.ts';
export type { Content, ContentWriter } from './content-writer.ts';
export { type Copied, type CopyTarget, joinCopied } from './copy-messages.ts';
export {
  type Database,
  type DatabaseOptions,
  type DatabaseTarget,
  openDatabase,
  pingDatabase,
  type Sql,
  type Transaction,
} from './database.ts';
export { DiskReserve } from './disk-reserve.ts';
export { StorageError, type StorageErrorKind, translateDatabaseError } from './errors.ts';
export type { ExpiredDelivery } from './expired-deliveries.ts';
export type { FetchColumns, FetchedMessage } from './fetch-messages.ts';
export {
  findPlaces,
  findTransactions,
  findWaitingCopies,
  type MessagePlace,
  type RecordedTransaction,
  readTransaction,
  type TransactionCursor,
  type TransactionFilter,
  type TransactionKey,
  type WaitingCopyState,
} from './find-transactions.ts';
export { type FlagEdit, type FlagScope, type Flags, SystemFlag } from './flags.ts';
export { type FuzzyCriterion, fuzzyWords, type ScoredMessages } from './fuzzy-search.ts';
export type { NewReport } from './give-up-waiting.ts';
export { cancelHeld, type ListedHeld, listHeld } from './held-list.ts';
export type { HeldMessage, ReleasedMessage } from './held-messages.ts';
export {
  type AccountId,
  accountId,
  type ContentId,
  type EmailId,
  type MailboxId,
  type ModSeq,
  mailboxId,
  modSeq,
  type Uid,
} from './ids.ts';
export { JobTurns } from './job-turns.ts';
export { readLastMail, readMailActivity } from './mail-activity.ts';
export {
  beganAt,
  firstTransactionId,
  forgetTransactions,
  type HourOfMail,
  type MailKind,
  type NewTransaction,
  type TransactionOutcome,
  type TransactionStage,
  writeTransactions,
} from './mail-transactions.ts';
export {
  createMailbox,
  type FoundMailbox,
  HIERARCHY_DELIMITER,
  MAILBOX_LEVELS,
  MAILBOX_NAME_OCTETS,
  type Mailbox,
  type MailboxName,
  subscribe,
} from './mailboxes.ts';
export type { ThreadLinks } from './message-columns.ts';
export { MessageTable } from './message-table.ts';
export { MigrationError, migrate, type PendingMigration, pendingMigrations } from './migrate.ts';
export type { SummaryProgress } from './missing-summaries.ts';
export { type BlobTarget, openBlobs } from './open-blobs.ts';
export type { Pruned, PruneOptions } from './prune.ts';
export { BlobDamaged, type StoredBlob } from './read-blob.ts';
export { findReaderAccess, type ReaderAccess } from './reader-access.ts';
export {
  type EnvelopeDetails,
  NO_DETAILS,
  type ReceivedEnvelope,
  type ReceivedRecipient,
} from './received-envelope.ts';
export {
  findRewoundAccounts,
  type Recovered,
  type RewoundAccount,
  recoverAccount,
  trustAccount,
} from './recover-account.ts';
export { type Released, type ReleaseOptions, releaseExpired } from './release-expired.ts';
export { type RemoveBlobsOptions, removeBlobs } from './remove-blobs.ts';
export {
  type PurgedPart,
  type RemovedFrom,
  RemovedMail,
  type RemovedMessage,
  type RemovedSelection,
  type RestoredPart,
} from './removed-mail.ts';
export { markRewound, readSeenAccounts, type SeenAccount } from './rewound.ts';
export { ALL_RIGHTS, formatRights, isRight, NO_RIGHTS, parseRights, type Right, type Rights } from './rights.ts';
export type { S3Target } from './s3-client.ts';
export type { SearchCriterion } from './search-messages.ts';
export type { MailboxWatcher, SharedMailbox } from './shared-mailbox.ts';
export { placesUpTo, sortInTurns } from './sort-in-turns.ts';
export { numberArray, textArray } from './sql-arrays.ts';
export { Store, type StoreOptions } from './store.ts';
export type { StoredMailboxes } from './stored-mailboxes.ts';
export { sweepBlobs } from './sweep-blobs.ts';
export { sweepWaiting } from './sweep-waiting.ts';
export { countUids, hasUid, rangesFrom, rangesOf, type UidRange, type UidRanges } from './uid-ranges.ts';
export type { Finding, VerifiedRule } from './verify/finding.ts';
export { type Imperfection, type VerifyOptions, type VerifyProgress, verifyAccount } from './verify/verify-account.ts';
export {
  type Delivery,
  hasMuchWaiting,
  OWN_COPIES_WAITING,
  type WaitingDelivery,
  type WaitingUse,
} from './waiting-deliveries.ts';
export {
  countWaiting,
  dropWaiting,
  listWaiting,
  retryWaiting,
  summarizeWaiting,
  type WaitingCopy,
  type WaitingSelection,
} from './waiting-list.ts';
