import type { Sql } from '../database.ts';
import { translateDatabaseError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import { MissingTexts } from '../missing-texts.ts';
import type { BlobReader } from '../read-blob.ts';
import { TextIndexer } from '../text-indexer.ts';
import { addChecksums, findingsOf, removeOrphans, repairContent } from './content-findings.ts';
import { type Finding, repaired } from './finding.ts';
import { repairAccount, repairMailbox, repairMessages, repairTombstones } from './repair.ts';
import { findStrayDeliveries, removeStrayDeliveries } from './stray-deliveries.ts';
import { verifyAccountRow } from './verify-account-row.ts';
import { verifyContents } from './verify-contents.ts';
import { type CountedMailbox, countMailboxes, verifyCounters } from './verify-counters.ts';
import { verifyMailboxRows } from './verify-mailbox-rows.ts';
import { verifyMessages, verifyTombstones } from './verify-messages.ts';
import { repairRemovedBlobs, verifyRemovedBlobs } from './verify-removed-blobs.ts';
import { verifyRewound } from './verify-rewound.ts';
import { repairShare, verifyShares } from './verify-shares.ts';
import { verifyStrays } from './verify-strays.ts';
import { verifyTextIndex } from './verify-text-index.ts';

export type VerifyOptions = VerifyDepth & {
  readonly signal?: AbortSignal;
  /** What was done since it was called last. */
  onProgress?(done: VerifyProgress): void;
};

/** How much is read: without the contents nobody can tell what is right, so nothing is repaired. */
type VerifyDepth =
  | { readonly blobs: null; readonly fix?: false }
  /** `fix`: repair what can be repaired without guessing. */
  | { readonly blobs: BlobReader; readonly fix?: boolean };

export interface VerifyProgress {
  readonly messages?: number;
  readonly contents?: number;
  readonly contentOctets?: number;
  readonly imperfection?: Imperfection;
}

/** What breaks no rule, but could be better. */
export interface Imperfection {
  /**
   * `orphans`: contents that nothing needs any more; `deliveries`: the same of them; `unchecked`: blobs of an older Postel,
   * without checksums of their chunks.
   */
  readonly kind: 'orphans' | 'deliveries' | 'unchecked';
  readonly count: number;
  /** Whether they were removed, or checksums added. */
  readonly isRepaired: boolean;
}

/**
 * Recomputes what is stored of an account, while others write to it, and gives what does not agree. What belongs together
 * is read in one statement, so that a change which is under way is never seen in half; what is large is read in slices.
 *
 * @throws {StorageError} 'unavailable'; the signal's reason, if it was aborted; what a blob store as a whole throws
 */
export async function* verifyAccount(
  sql: Sql,
  account: AccountId,
  options: VerifyOptions,
): AsyncGenerator<Finding, void> {
  try {
    for await (const found of verify(sql, account, options)) {
      yield* found;
      options.signal?.throwIfAborted();
    }
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

/** Gives often, if only nothing, so that it can be stopped. */
async function* verify(sql: Sql, account: AccountId, asked: VerifyOptions): AsyncGenerator<readonly Finding[], void> {
  const rewound = await verifyRewound(sql, account);
  if (rewound !== null) yield [rewound];
  const options: VerifyOptions = rewound === null ? asked : { ...asked, fix: false };
  // Before what takes long: housekeeping might be about to remove them.
  yield await settle(await verifyRemovedBlobs(sql, account), options, () => repairRemovedBlobs(sql, account));
  // Contents first: what the rows say of sizes is compared with what the contents' rows say.
  if (options.blobs !== null) yield* contents(sql, account, options.blobs, options);
  for await (const { found, repair } of verifyMailboxRows(sql, account)) {
    yield await settle([found], options, repair);
  }
  for await (const mailbox of countMailboxes(sql, account)) {
    const counters = [...verifyCounters(account, mailbox)];
    yield await settle(counters, options, () => repairMailbox(sql, account, mailbox.id));
    yield* rows(sql, account, mailbox, options);
  }
  if (options.blobs !== null) await deliveries(sql, account, options);
  yield await Array.fromAsync(verifyStrays(sql, account));
  for (const breach of await verifyShares(sql, account)) {
    yield await settle([breach.found], options, () => repairShare(sql, breach));
  }
  yield* texts(sql, account, options);
  const ofAccount = await Array.fromAsync(verifyAccountRow(sql, account));
  yield await settle(ofAccount, options, () => repairAccount(sql, account));
}

async function* contents(
  sql: Sql,
  account: AccountId,
  blobs: BlobReader,
  options: VerifyOptions,
): AsyncGenerator<readonly Finding[], void> {
  for await (const checked of verifyContents(sql, blobs, account)) {
    if ('orphans' in checked) {
      const { orphans } = checked;
      if (orphans.length === 0) continue;
      const isRepaired = options.fix === true;
      const count = isRepaired ? await removeOrphans(sql, account, orphans) : orphans.length;
      options.onProgress?.({ imperfection: { kind: 'orphans', count, isRepaired } });
      continue;
    }
    options.onProgress?.({ contents: 1, contentOctets: checked.octets });
    const { id, breach } = checked;
    yield await settle(await findingsOf(sql, account, checked), options, async () => {
      if (breach?.type === 'row') await repairContent(sql, account, id, breach.computed);
    });
    if (checked.missingChecksums !== null) {
      const isRepaired = options.fix === true;
      if (isRepaired) await addChecksums(sql, account, id, checked.missingChecksums);
      options.onProgress?.({ imperfection: { kind: 'unchecked', count: 1, isRepaired } });
    }
  }
}

async function deliveries(sql: Sql, account: AccountId, { fix, signal, onProgress }: VerifyOptions): Promise<void> {
  const strays = await findStrayDeliveries(sql, account, signal);
  if (strays.length === 0) return;
  const isRepaired = fix === true;
  const count = isRepaired ? await removeStrayDeliveries(sql, account, strays) : strays.length;
  onProgress?.({ imperfection: { kind: 'deliveries', count, isRepaired } });
}

async function* texts(sql: Sql, account: AccountId, options: VerifyOptions): AsyncGenerator<readonly Finding[], void> {
  const { blobs, signal } = options;
  const breach = await verifyTextIndex(sql, account, blobs !== null, signal);
  if (breach === null) return;
  yield await settle([breach.found], options, async () => {
    if (blobs === null) return;
    const missingTexts = new MissingTexts(sql, blobs, () => {}); // what cannot be read was told with the contents
    await new TextIndexer(sql, missingTexts).remake(account, breach.after, signal);
  });
}

async function* rows(
  sql: Sql,
  account: AccountId,
  mailbox: CountedMailbox,
  options: VerifyOptions,
): AsyncGenerator<readonly Finding[], void> {
  const { id, name } = mailbox;
  const what = { id, name };
  if (mailbox.counted.messages > 0) {
    for await (const { findings, broken, rows: messages } of verifyMessages(sql, account, what)) {
      options.onProgress?.({ messages });
      yield await settle(findings, options, () => repairMessages(sql, account, id, broken));
    }
  }
  if (mailbox.hasTombstones) {
    for await (const { findings, broken } of verifyTombstones(sql, account, what)) {
      yield await settle(findings, options, () => repairTombstones(sql, account, id, broken));
    }
  }
}

/** Repairs, if it is asked and can be. */
async function settle(
  findings: readonly Finding[],
  { fix }: VerifyOptions,
  repair: () => Promise<void>,
): Promise<readonly Finding[]> {
  const isRepairable = findings.some((each) => each.repair !== null);
  if (fix !== true || !isRepairable) return findings;
  await repair();
  return repaired(findings);
}
