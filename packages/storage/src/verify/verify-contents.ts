import { createHash, type Hash } from 'node:crypto';
import { body, bodyStructure, encodePartIndex, envelope, MessageParser, type MessageStructure } from '@postel/mime';
import { ChunkChecksums } from '../chunk-checksums.ts';
import { type ContentSummary, contentSummary } from '../content-text.ts';
import type { Sql } from '../database.ts';
import { StorageError, translateFileError } from '../errors.ts';
import type { AccountId, ContentId } from '../ids.ts';
import type { OctetRow } from '../octet-rows.ts';
import type { BlobReader } from '../read-blob.ts';
import { S3Error } from '../s3-error.ts';

/** Contents looked up at once, and read at once: so many, of so many octets together; a larger one is read by itself. */
const SLICE_CONTENTS = 2_000;
const BATCH_CONTENTS = 128;
const BATCH_OCTETS = 1024 * 1024;

export interface ContentCheck {
  readonly id: ContentId;
  /** Octets read for it. */
  readonly octets: number;
  /** Null: it is as it should be. */
  readonly breach: ContentBreach | null;
  readonly messageId: string | null;
  /** Of the chunks of its blob, which is as it should be, if an older Postel stored none; else null. */
  readonly missingChecksums: Buffer | null;
}

export type ContentBreach =
  /** The octets cannot be had. */
  | { readonly type: 'unreadable'; readonly blobName: string; readonly why: string }
  /** The octets are not those that were stored. */
  | { readonly type: 'checksum'; readonly isInBlob: boolean }
  /** The octets are right; what the row says of them is not. */
  | { readonly type: 'row'; readonly columns: readonly string[]; readonly computed: ComputedContent };

export interface ComputedContent {
  readonly sizeOctets: number;
  readonly headerOctets: number;
  readonly envelope: Buffer;
  readonly bodyStructure: Buffer;
  readonly body: Buffer;
  readonly partIndex: Buffer;
  /** See ChunkChecksums; null without a blob. */
  readonly blobChecksums: Buffer | null;
  readonly summary: ContentSummary;
}

interface StoredContent extends Omit<ComputedContent, 'summary'> {
  /** Null: none was filled in yet. */
  readonly summary: ContentSummary | null;
  readonly id: ContentId;
  readonly hash: Buffer;
  readonly octets: Buffer | null;
  readonly blobName: string | null;
}

interface ListedContent {
  readonly id: ContentId;
  readonly held: number;
  readonly isOrphan: boolean;
}

/** Contents that no message needs, and no tombstone; they come together. */
export interface Orphans {
  readonly orphans: readonly ContentId[];
}

/** Reads every content of an account, and computes anew what its octets fix. */
export async function* verifyContents(
  sql: Sql,
  blobs: BlobReader,
  account: AccountId,
): AsyncGenerator<ContentCheck | Orphans, void> {
  for (let above = 0; ; ) {
    const slice = await sql.read<ListedContent[]>`
      select content_id as id, coalesce(octet_length(octets), 0) + octet_length(envelope) + octet_length(body_structure)
               + octet_length(body) + octet_length(part_index) + coalesce(octet_length(blob_checksums), 0) as held,
             not exists (select from messages as m where m.account_id = c.account_id and m.content_id = c.content_id)
               and not exists (select from tombstones as t where t.account_id = c.account_id and t.content_id = c.content_id)
               as "isOrphan"
        from contents as c
       where account_id = ${account}::bigint and content_id > ${above}::bigint
       order by content_id limit ${SLICE_CONTENTS}::integer`;
    yield { orphans: slice.filter(({ isOrphan }) => isOrphan).map(({ id }) => id) };
    for (const batch of batches(slice)) {
      const rows = await sql.octetRows('inBinary', CONTENTS, [account, batch.map(({ id }) => id)]);
      for (const row of rows) yield await check(storedFrom(row), blobs);
    }
    const last = slice.at(-1);
    if (last === undefined || slice.length < SLICE_CONTENTS) return;
    above = last.id;
  }
}

function* batches(contents: readonly ListedContent[]): Generator<readonly ListedContent[]> {
  let batch: ListedContent[] = [];
  let octets = 0;
  for (const content of contents) {
    if (batch.length > 0 && (batch.length === BATCH_CONTENTS || octets + content.held > BATCH_OCTETS)) {
      yield batch;
      batch = [];
      octets = 0;
    }
    batch.push(content);
    octets += content.held;
  }
  if (batch.length > 0) yield batch;
}

async function check(stored: StoredContent, blobs: BlobReader): Promise<ContentCheck> {
  const reading = new Reading();
  if (stored.octets !== null) reading.push(stored.octets);
  else if (stored.blobName !== null) {
    const why = await readBlob(blobs, stored.blobName, stored.sizeOctets, reading);
    if (why !== null) {
      const breach = { type: 'unreadable', blobName: stored.blobName, why } as const;
      const messageId = messageIdIn(stored.envelope);
      return { id: stored.id, octets: reading.octets, breach, messageId, missingChecksums: null };
    }
  }
  const { hash, checksums, structure } = reading.end();
  const messageId = structure.fields.messageId?.trim() ?? null;
  const said = { id: stored.id, octets: reading.octets, messageId, missingChecksums: null };
  if (!hash.equals(stored.hash)) return { ...said, breach: { type: 'checksum', isInBlob: stored.octets === null } };
  const computed = compute(structure, stored.blobName === null ? null : checksums);
  const columns = differences(stored, computed);
  if (columns.length > 0) return { ...said, breach: { type: 'row', columns, computed } };
  return { ...said, breach: null, missingChecksums: stored.blobChecksums === null ? computed.blobChecksums : null };
}

/** @returns what is wrong with the blob; null if all of it came */
async function readBlob(blobs: BlobReader, name: string, sizeOctets: number, into: Reading): Promise<string | null> {
  try {
    for await (const piece of blobs.read(name, 0, sizeOctets)) into.push(piece);
    return null;
  } catch (error) {
    if (error instanceof S3Error && error.code === 'NoSuchKey') return 'it is missing';
    if (error instanceof S3Error) throw new StorageError('unavailable', error.message, { cause: error });
    if (!(error instanceof Error) || error instanceof StorageError) throw error;
    const code = 'code' in error ? error.code : null;
    if (code === 'ENOENT') return 'it is missing';
    if (code === 'EIO') return 'the disk cannot read it';
    // The store as a whole: nothing is known of this blob.
    if (code !== null || translateFileError(error) !== error) throw error;
    return error.message;
  }
}

/** The octets of a content as they come. */
class Reading {
  octets = 0;
  readonly #hash: Hash = createHash('sha256');
  readonly #checksums = new ChunkChecksums();
  readonly #parser = new MessageParser();

  push(piece: Buffer): void {
    this.octets += piece.length;
    this.#hash.update(piece);
    this.#checksums.update(piece);
    this.#parser.push(piece);
  }

  end(): { readonly hash: Buffer; readonly checksums: Buffer; readonly structure: MessageStructure } {
    return { hash: this.#hash.digest(), checksums: this.#checksums.finish(), structure: this.#parser.end() };
  }
}

const compute = (structure: MessageStructure, blobChecksums: Buffer | null): ComputedContent => ({
  sizeOctets: structure.sizeOctets,
  headerOctets: structure.headerOctets,
  envelope: envelope(structure),
  bodyStructure: bodyStructure(structure.root),
  body: body(structure.root),
  partIndex: encodePartIndex(structure),
  blobChecksums,
  summary: contentSummary(structure),
});

/** What differs, by the names that a person knows. */
function differences(stored: StoredContent, computed: ComputedContent): readonly string[] {
  return [
    ...(stored.sizeOctets === computed.sizeOctets ? [] : ['size']),
    ...(stored.headerOctets === computed.headerOctets ? [] : ['header size']),
    ...(stored.envelope.equals(computed.envelope) ? [] : ['ENVELOPE']),
    ...(stored.bodyStructure.equals(computed.bodyStructure) ? [] : ['BODYSTRUCTURE']),
    ...(stored.body.equals(computed.body) ? [] : ['BODY']),
    ...(stored.partIndex.equals(computed.partIndex) ? [] : ['part index']),
    ...(areSameChecksums(stored.blobChecksums, computed.blobChecksums) ? [] : ['list of checksums']),
    ...(stored.summary === null || areSameSummaries(stored.summary, computed.summary) ? [] : ['summary']),
  ];
}

/** Those of older Postels have none. */
function areSameChecksums(stored: Buffer | null, computed: Buffer | null): boolean {
  return stored === null || (computed?.equals(stored) ?? false);
}

function areSameSummaries(stored: ContentSummary, computed: ContentSummary): boolean {
  return (
    stored.summary === computed.summary &&
    stored.sentAt === computed.sentAt &&
    stored.threadKeys.equals(computed.threadKeys)
  );
}

/** The last field of a stored ENVELOPE (RFC 9051 §7.5.2), if it is a quoted string, as it nearly always is. */
function messageIdIn(stored: Buffer): string | null {
  const [, messageId] = /"((?:[^"\\]|\\.)*)"\)$/.exec(stored.toString('latin1')) ?? [];
  return messageId ?? null;
}

const CONTENTS = `
  select int8send(content_id), int8send(size_octets), int8send(header_octets), hash, envelope, body_structure, body, part_index,
         octets, convert_to(blob_name, 'UTF8'), blob_checksums, thread_keys,
         case when thread_links is not null then convert_to(array_to_string(
           array[subject, from_list, to_list, cc_list, message_id] || sort_keys || encode(thread_links, 'hex'), E'\\x1f', ''), 'UTF8') end,
         int8send(case when isfinite(sent_at) then round(extract(epoch from sent_at) * 1000)::bigint end)
    from contents where account_id = $1::bigint and content_id = any ($2::bigint[]) order by content_id`;

function storedFrom(row: OctetRow): StoredContent {
  const [id, size, header, hash, envelopeOctets, structure, bodyOctets, partIndex, ...optional] = row;
  const [octets = null, blobName = null, blobChecksums = null, threadKeys = null, summary = null, sentAt = null] =
    optional;
  if (!id || !size || !header || !hash || !envelopeOctets || !structure || !bodyOctets || !partIndex) {
    throw new Error('a content without its fixed fields');
  }
  return {
    id: Number(id.readBigInt64BE()) as ContentId,
    sizeOctets: Number(size.readBigInt64BE()),
    headerOctets: Number(header.readBigInt64BE()),
    hash,
    envelope: envelopeOctets,
    bodyStructure: structure,
    body: bodyOctets,
    partIndex,
    octets,
    blobName: blobName?.toString('latin1') ?? null,
    blobChecksums,
    summary: summary && {
      threadKeys: threadKeys ?? Buffer.alloc(0),
      summary: summary.toString(),
      sentAt: sentAt === null ? null : Number(sentAt.readBigInt64BE()),
    },
  };
}
