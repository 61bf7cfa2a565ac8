import { StorageError, type StorageErrorKind } from '@postel/storage';
import { deferred, failed, type Outcome } from './outcome.ts';

/** Null where it may work later, or nothing is known. */
const STATUSES = {
  nonexistent: ['failed', '5.1.1', 'The account is gone'],
  'over-quota': ['deferred', '4.2.2', 'The mailbox is full'],
  'too-large': ['failed', '5.2.3', 'The message is too large'],
  'uid-exhausted': ['failed', '5.2.0', 'The mailbox has no UIDs left'],
} as const satisfies Partial<Record<StorageErrorKind, readonly ['failed' | 'deferred', string, string]>>;

/** What a delivery here that failed means for its recipient. @throws what it does not know */
export function outcomeOfStorage(error: unknown): Outcome {
  if (!(error instanceof StorageError)) throw error;
  const known = Object.entries(STATUSES).find(([kind]) => kind === error.kind)?.[1];
  if (known === undefined) return deferred('4.3.0', `It cannot be stored now: ${error.kind}`);
  const [type, status, text] = known;
  return type === 'failed' ? failed(status, text) : deferred(status, text);
}
