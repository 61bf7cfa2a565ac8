import { setImmediate as nextTurn } from 'node:timers/promises';
import { limits, MessageParser } from '@postel/mime';
import type { BlobStore } from './blob-store.ts';
import { type ContentSummary, contentSummary } from './content-text.ts';
import type { Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';
import type { AccountId, ContentId } from './ids.ts';
import { numberArray, textArray } from './sql-arrays.ts';

/** Contents whose headers are read and written at once. */
const BATCH_CONTENTS = 256;
/** Messages that get their threads in one transaction, which holds the account. */
const BATCH_MESSAGES = 500;

export interface SummaryProgress {
  readonly signal: AbortSignal;
  /** Told for each batch. @param left messages still to come, as counted when it began */
  onProgress(done: number, left: number): void;
}

interface StoredHeader {
  readonly id: ContentId;
  /** Null if it is in the blob. */
  readonly header: Buffer | null;
  readonly blobName: string | null;
  readonly headerOctets: number;
}

interface Assigned {
  readonly assigned: number;
  /** The email id of the last one, null if there was none left. */
  readonly last: number | null;
}

/**
 * Fills in subjects, addresses, keys to sort by and threads of messages stored by a Postel that knew of none, in small transactions: it may be
 * ended at any time, and goes on where it was. Two at once do the work twice, and no harm.
 */
export class MissingSummaries {
  readonly #sql: Sql;
  readonly #blobs: BlobStore;
  readonly #onError: (error: unknown) => void;

  constructor(sql: Sql, blobs: BlobStore, onError: (error: unknown) => void) {
    this.#sql = sql;
    this.#blobs = blobs;
    this.#onError = onError;
  }

  /** Messages to which something is missing, in all accounts. @throws {StorageError} 'unavailable' */
  async count(): Promise<number> {
    const [row] = await this.#sql.read<{ left: number }[]>`
      select (select count(*) from contents where thread_links is null)
           + (select count(*) from messages where thread_id is null) as left`;
    return row?.left ?? 0;
  }

  /**
   * A message whose header is in a blob that cannot be read is left out, told to `onError`, and tried the next time.
   *
   * @throws {StorageError} 'unavailable'; the signal's reason, if it was aborted
   */
  async fill(progress: SummaryProgress): Promise<void> {
    try {
      await this.#fill(progress);
    } catch (error) {
      throw translateDatabaseError(error);
    }
  }

  /** Of one account, subjects and what stands with them; no threads. As `fill` otherwise. */
  async fillSummariesOf(account: AccountId, { signal, onProgress }: SummaryProgress): Promise<void> {
    try {
      const [missing] = await this.#sql.read<{ left: number }[]>`
        select count(*) as left from contents where account_id = ${account}::bigint and thread_links is null`;
      let left = missing?.left ?? 0;
      if (left === 0) return;
      let done = 0;
      await this.#fillSummaries(account, signal, (count) => {
        done += count;
        left = Math.max(left - count, 0);
        onProgress(done, left);
      });
    } catch (error) {
      throw translateDatabaseError(error);
    }
  }

  async #fill({ signal, onProgress }: SummaryProgress): Promise<void> {
    let left = await this.count();
    if (left === 0) return;
    let done = 0;
    const took = (count: number) => {
      signal.throwIfAborted();
      done += count;
      left = Math.max(left - count, 0);
      onProgress(done, left);
    };
    const accounts = await this.#sql<{ id: AccountId }[]>`
      select account_id as id from accounts as a
       where exists (select from contents where account_id = a.account_id and thread_links is null)
          or exists (select from messages where account_id = a.account_id and thread_id is null)
       order by account_id`;
    for (const { id } of accounts) {
      await this.#fillSummaries(id, signal, took);
      await this.#assignThreads(id, took);
    }
  }

  async #fillSummaries(account: AccountId, signal: AbortSignal, took: (count: number) => void): Promise<void> {
    for (let after = 0; ; ) {
      const rows = await this.#sql<StoredHeader[]>`
        select content_id as id, substring(octets for least(header_octets, ${limits.headerOctets})::integer) as header,
               blob_name as "blobName", header_octets as "headerOctets"
          from contents
         where account_id = ${account}::bigint and thread_links is null and content_id > ${after}::bigint
         order by content_id limit ${BATCH_CONTENTS}`;
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.id;
      const summaries: (ContentSummary & { readonly id: ContentId })[] = [];
      for (const row of rows) {
        try {
          summaries.push({ id: row.id, ...(await this.#summarize(row)) });
        } catch (error) {
          this.#onError(error);
        }
        signal.throwIfAborted();
      }
      await this.#write(account, summaries);
      took(rows.length);
    }
  }

  async #summarize({ header, blobName, headerOctets }: StoredHeader): Promise<ContentSummary> {
    const parser = new MessageParser();
    if (header !== null) parser.push(header);
    else if (blobName !== null) {
      const end = Math.min(headerOctets, limits.headerOctets);
      for await (const piece of this.#blobs.read(blobName, 0, end)) parser.push(piece);
    }
    await nextTurn(); // others' commands wait no longer than one header takes
    return contentSummary(parser.end());
  }

  /**
   * The text is taken apart as `append_messages` does it. The account's row first: two at once, which take the contents in any
   * order, would wait for each other.
   */
  async #write(account: AccountId, summaries: readonly (ContentSummary & { readonly id: ContentId })[]): Promise<void> {
    await this.#sql.begin(async (tx) => {
      await tx`select from accounts where account_id = ${account}::bigint for no key update`;
      await tx`
      update contents as c
         set subject = n.summary[1], from_list = n.summary[2], to_list = n.summary[3], cc_list = n.summary[4],
             message_id = n.summary[5], sort_keys = n.summary[6:11], thread_links = decode(n.summary[12], 'hex'),
             sent_at = to_timestamp(n.sent_at / 1000.0), thread_keys = decode(n.thread_keys, 'hex')
        from (select content_id, string_to_array(summary, E'\\x1f', '') as summary, sent_at, thread_keys
                from unnest(${numberArray(summaries.map(({ id }) => id))}::bigint[],
                            ${textArray(summaries.map(({ summary }) => summary))}::text[],
                            ${textArray(summaries.map(({ sentAt }) => sentAt?.toString() ?? null))}::bigint[],
                            ${textArray(summaries.map(({ threadKeys }) => threadKeys.toString('hex')))}::text[])
                     as u (content_id, summary, sent_at, thread_keys)) as n
       where c.account_id = ${account}::bigint and c.content_id = n.content_id`;
    });
  }

  async #assignThreads(account: AccountId, took: (count: number) => void): Promise<void> {
    for (let after: number | null = 0; after !== null; ) {
      const [slice]: Assigned[] = await this.#sql<Assigned[]>`
        select assigned, last from assign_threads(${account}::bigint, ${after}::bigint, ${BATCH_MESSAGES}::integer)`;
      after = slice?.last ?? null;
      took(slice?.assigned ?? 0);
    }
  }
}
