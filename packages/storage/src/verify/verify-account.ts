import type { Sql } from '../database.ts';
import { translateDatabaseError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import type { Finding } from './finding.ts';
import { verifyAccountRow } from './verify-account-row.ts';
import { countMailboxes, verifyCounters } from './verify-counters.ts';
import { verifyMessages, verifyTombstones } from './verify-messages.ts';
import { verifyNames } from './verify-names.ts';

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  /** What was looked at since it was called last. */
  onProgress?(done: { readonly messages: number; readonly octets: number }): void;
}

/**
 * Recomputes what the tables say of an account, while others write to it, and gives what does not agree. What belongs
 * together is read in one statement, so that a change which is under way is never seen in half; large mailboxes are read
 * in slices.
 *
 * @throws {StorageError} 'unavailable'; the signal's reason, if it was aborted
 */
export async function* verifyAccount(
  sql: Sql,
  account: AccountId,
  options: VerifyOptions = {},
): AsyncGenerator<Finding, void> {
  try {
    yield* verify(sql, account, options);
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

async function* verify(
  sql: Sql,
  account: AccountId,
  { signal, onProgress }: VerifyOptions,
): AsyncGenerator<Finding, void> {
  yield* verifyAccountRow(sql, account);
  yield* verifyNames(sql, account);
  for await (const mailbox of countMailboxes(sql, account)) {
    signal?.throwIfAborted();
    yield* verifyCounters(account, mailbox);
    if (mailbox.counted.messages > 0) {
      for await (const { findings, rows, octets } of verifyMessages(sql, account, mailbox)) {
        signal?.throwIfAborted();
        yield* findings;
        onProgress?.({ messages: rows, octets });
      }
    }
    if (mailbox.hasTombstones) {
      for await (const { findings } of verifyTombstones(sql, account, mailbox)) {
        signal?.throwIfAborted();
        yield* findings;
      }
    }
  }
}
