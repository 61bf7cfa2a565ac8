import { setImmediate as nextTurn } from 'node:timers/promises';
import { MessageParser } from '@postel/mime';
import { type ContentText, contentText, prefixText } from './content-text.ts';
import type { Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';
import type { AccountId, ContentId, EmailId, MailboxId } from './ids.ts';
import { type BlobReader, readBlob } from './read-blob.ts';
import { MESSAGES_AND_TOMBSTONES } from './search-messages.ts';
import { numberArray, textArray } from './sql-arrays.ts';

/** UIDs looked at in one statement. */
const SLICE_UIDS = 4_096;
/** Contents read and written at once: so many, of so many octets together; a larger one stands alone. */
const BATCH_TEXTS = 64;
const BATCH_OCTETS = 1024 * 1024;
const PROGRESS_TEXTS = 1_000;

export interface FillOptions {
  readonly signal: AbortSignal;
  /** @param read texts filled in so far @param left messages not looked at yet */
  onProgress(read: number, left: number): void;
}

interface StoredContent {
  readonly id: ContentId;
  readonly octets: Buffer | null;
  readonly blobName: string | null;
  readonly sizeOctets: number;
  readonly hash: Buffer;
  readonly checksums: Buffer | null;
}

/**
 * Fills in what searches look in for messages stored by a Postel that knew of no search. It is derived from octets that
 * never change, so it takes no account row and no modseq, and who fills in what another has just filled in does no harm.
 */
export class MissingTexts {
  readonly #sql: Sql;
  readonly #blobs: BlobReader;
  readonly #onError: (error: unknown) => void;

  constructor(sql: Sql, blobs: BlobReader, onError: (error: unknown) => void) {
    this.#sql = sql;
    this.#blobs = blobs;
    this.#onError = onError;
  }

  /**
   * When it resolves, these messages have their texts; but for those in a blob that cannot be read, which no text is found
   * in until it can. Who calls it again for the same account meanwhile does the work twice.
   *
   * @throws {StorageError} 'unavailable'; the signal's reason, if it was aborted
   */
  async fill(account: AccountId, mailbox: MailboxId, uids: Uint32Array, options: FillOptions): Promise<void> {
    try {
      await this.#fill(account, mailbox, uids, options);
    } catch (error) {
      throw translateDatabaseError(error);
    }
  }

  async #fill(account: AccountId, mailbox: MailboxId, uids: Uint32Array, options: FillOptions): Promise<void> {
    if (!(await this.#isMissing(account))) return;
    let read = 0;
    let told = 0;
    for (let at = 0; at < uids.length; at += SLICE_UIDS) {
      const slice = [account, mailbox, numberArray(uids.subarray(at, at + SLICE_UIDS))];
      const deliveries = await this.#sql.unsafe<{ id: EmailId }[]>(WITHOUT_PREFIX_TEXT, slice, { prepare: true });
      for (const batch of batches(deliveries, () => 0)) {
        options.signal.throwIfAborted();
        await this.#fillPrefixes(account, batch);
      }
      const contents = await this.#sql.unsafe<{ id: ContentId; sizeOctets: number }[]>(WITHOUT_TEXT, slice, {
        prepare: true,
      });
      for (const batch of batches(contents, ({ sizeOctets }) => sizeOctets)) {
        options.signal.throwIfAborted();
        await this.#fillContents(account, batch, options.signal);
        read += batch.length;
        if (read - told < PROGRESS_TEXTS) continue;
        options.onProgress(read, Math.max(uids.length - at - SLICE_UIDS, 0));
        told = read;
      }
    }
    if (read > told) options.onProgress(read, 0);
  }

  /** The same for contents and deliveries with these ids, of which no two are the same. */
  async fillIn(account: AccountId, ids: readonly number[], signal: AbortSignal): Promise<void> {
    if (!(await this.#isMissing(account))) return;
    const deliveries = await this.#sql<{ id: EmailId }[]>`
      select email_id as id from deliveries
       where account_id = ${account}::bigint and email_id = any (${numberArray(ids)}::bigint[]) and prefix_text is null`;
    if (deliveries.length > 0) await this.#fillPrefixes(account, deliveries);
    const contents = await this.#sql<{ id: ContentId; sizeOctets: number }[]>`
      select content_id as id, size_octets as "sizeOctets" from contents
       where account_id = ${account}::bigint and content_id = any (${numberArray(ids)}::bigint[]) and search_text is null`;
    for (const batch of batches(contents, ({ sizeOctets }) => sizeOctets)) {
      signal.throwIfAborted();
      await this.#fillContents(account, batch, signal);
    }
  }

  /** Two look-ups in indexes that are empty, as a rule. */
  async #isMissing(account: AccountId): Promise<boolean> {
    const [row] = await this.#sql<{ isMissing: boolean }[]>`
      select exists (select from contents where account_id = ${account}::bigint and search_text is null)
          or exists (select from deliveries where account_id = ${account}::bigint and prefix_text is null) as "isMissing"`;
    return row?.isMissing === true;
  }

  async #fillPrefixes(account: AccountId, batch: readonly { readonly id: EmailId }[]): Promise<void> {
    const ids = numberArray(batch.map(({ id }) => id));
    const rows = await this.#sql<{ id: EmailId; prefix: Buffer }[]>`
      select email_id as id, prefix from deliveries
       where account_id = ${account}::bigint and email_id = any (${ids}::bigint[]) order by email_id`;
    await this.#sql`
      update deliveries as d set prefix_text = n.prefix_text
        from unnest(${numberArray(rows.map(({ id }) => id))}::bigint[],
                    ${textArray(rows.map(({ prefix }) => prefixText(prefix)))}::text[]) as n (email_id, prefix_text)
       where d.account_id = ${account}::bigint and d.email_id = n.email_id`;
  }

  /** Ascending ids: two processes that do the same wait for each other's rows in the same order. */
  async #fillContents(
    account: AccountId,
    batch: readonly { readonly id: ContentId }[],
    signal: AbortSignal,
  ): Promise<void> {
    const ids = numberArray(batch.map(({ id }) => id));
    const rows = await this.#sql<StoredContent[]>`
      select content_id as id, octets, blob_name as "blobName", size_octets as "sizeOctets",
             hash, blob_checksums as checksums from contents
       where account_id = ${account}::bigint and content_id = any (${ids}::bigint[])
       order by content_id`;
    const texts: (ContentText & { readonly id: ContentId })[] = [];
    for (const row of rows) {
      try {
        texts.push({ id: row.id, ...(await this.#read(row, signal)) });
      } catch (error) {
        signal.throwIfAborted();
        this.#onError(error);
      }
    }
    const column = (of: (text: ContentText) => string | null) => textArray(texts.map(of));
    await this.#sql.begin(async (tx) => {
      // Else two searches at once, which take the contents in any order, would wait for each other.
      await tx`select from accounts where account_id = ${account}::bigint for no key update`;
      await tx`
      update contents as c
         set preview = n.preview, search_text = n.search_text, header_text = n.header_text, sent_date = n.sent_date
        from unnest(${numberArray(texts.map(({ id }) => id))}::bigint[], ${column((text) => text.preview)}::text[],
                    ${column((text) => text.searchText)}::text[], ${column((text) => text.headerText)}::text[],
                    ${column((text) => text.sentDate)}::date[])
             as n (content_id, preview, search_text, header_text, sent_date)
       where c.account_id = ${account}::bigint and c.content_id = n.content_id`;
    });
  }

  async #read({ octets, blobName, ...content }: StoredContent, signal: AbortSignal): Promise<ContentText> {
    const parser = new MessageParser({ collectText: true });
    if (octets !== null) parser.push(octets);
    else if (blobName !== null) {
      for await (const piece of readBlob(this.#blobs, { name: blobName, ...content }, 0, content.sizeOctets)) {
        signal.throwIfAborted();
        parser.push(piece);
      }
    }
    await nextTurn(); // others' commands wait no longer than one message takes
    return await contentText(parser.end());
  }
}

// OFFSET 0 keeps the planner from beginning with all rows without text: it takes them to be few, and is right but for now.
const WITHOUT_PREFIX_TEXT = `
  select distinct d.email_id as id from ${MESSAGES_AND_TOMBSTONES}
   cross join lateral (select email_id, prefix_text from deliveries
                        where m.prefix_octets > 0 and account_id = m.account_id and email_id = m.email_id offset 0) as d
   where d.prefix_text is null order by d.email_id`;

const WITHOUT_TEXT = `
  select distinct c.content_id as id, c.size_octets as "sizeOctets" from ${MESSAGES_AND_TOMBSTONES}
   cross join lateral (select content_id, size_octets, search_text from contents
                        where account_id = m.account_id and content_id = m.content_id offset 0) as c
   where c.search_text is null order by c.content_id`;

/** Cuts a list so that no piece has more than BATCH_TEXTS, nor (but for one alone) more than BATCH_OCTETS. */
export function* batches<Item>(items: readonly Item[], octetsOf: (item: Item) => number): Generator<readonly Item[]> {
  let start = 0;
  let octets = 0;
  for (const [at, item] of items.entries()) {
    octets += octetsOf(item);
    if (at > start && (at - start === BATCH_TEXTS || octets > BATCH_OCTETS)) {
      yield items.slice(start, at);
      start = at;
      octets = octetsOf(item);
    }
  }
  if (start < items.length) yield items.slice(start);
}
