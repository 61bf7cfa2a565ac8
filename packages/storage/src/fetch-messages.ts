import type { Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';
import type { AccountId, ContentId, EmailId, MailboxId } from './ids.ts';
import type { OctetRow } from './octet-rows.ts';
import type { PackedMessage } from './packed-messages.ts';
import type { StoredBlob } from './read-blob.ts';
import { decodeEnvelope, ENVELOPE_JSON, type ReceivedEnvelope } from './received-envelope.ts';

/** What to read beside the fixed fields of a message. */
export interface FetchColumns {
  readonly envelope?: boolean;
  readonly bodyStructure?: boolean;
  readonly body?: boolean;
  readonly partIndex?: boolean;
  /** RFC 8970, as it was made at arrival. */
  readonly preview?: boolean;
  readonly threadId?: boolean;
  /** The envelope that it came in. */
  readonly arrival?: boolean;
  /** The top header: its part of the prefix and of the content. */
  readonly header?: boolean;
  /** Prefix and content. */
  readonly octets?: boolean;
}

export interface FetchedMessage extends PackedMessage {
  /** Epoch ms. */
  readonly internalDate: number;
  readonly saveDate: number;
  /** RFC822.SIZE. */
  readonly sizeOctets: number;
  readonly contentId: ContentId;
  readonly emailId: EmailId;
  readonly prefixOctets: number;
  /** Of the content's own header. */
  readonly headerOctets: number;
  readonly envelope: Buffer | null;
  readonly bodyStructure: Buffer | null;
  readonly body: Buffer | null;
  readonly partIndex: Buffer | null;
  /** In UTF-8; null too in contents of a Postel that made none, until `fillTexts`. */
  readonly preview: Buffer | null;
  /** Null too in messages of a Postel that knew of no threads, until it is filled in. */
  readonly threadId: EmailId | null;
  /** Null too if it did not come by SMTP. */
  readonly arrival: ReceivedEnvelope | null;
  /** What Postel put before the content; with `header` and `octets`, empty if nothing. */
  readonly prefix: Buffer | null;
  /** The content's header block; null if it is in the blob. */
  readonly header: Buffer | null;
  /** The content; null if it is in the blob. */
  readonly octets: Buffer | null;
  /** Null if the content is in its row. */
  readonly blob: StoredBlob | null;
}

const VARIABLE_COLUMNS = [
  'envelope',
  'bodyStructure',
  'body',
  'partIndex',
  'preview',
  'threadId',
  'arrival',
  'prefix',
  'header',
  'octets',
  'blob',
] as const;
type VariableColumn = (typeof VARIABLE_COLUMNS)[number];

/**
 * From so many messages on, with their octets or without, rows come in binary: what the statement then costs more is less
 * than what the octets cost in hexadecimal (octet-rows.ts).
 */
const IN_BINARY = { octets: 8, noOctets: 64 } as const;

/** SHA-256. */
const HASH_OCTETS = 32;
/** Of a blob: 32 hexadecimal digits. */
const NAME_OCTETS = 32;
const NO_KEYWORDS: readonly number[] = [];
/** 2000-01-01, from which Postgres counts microseconds. */
const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);
const statements = new Map<string, string>();

/**
 * Reads messages of one mailbox in one statement, by ascending UID; one that was expunged in the meantime comes from its
 * tombstone, one that is gone altogether is left out. The caller bounds the number of UIDs by what it can hold.
 *
 * What every message has comes packed into the first column of its row: a column costs more than its octets.
 *
 * @throws {StorageError} 'unavailable'
 */
export async function fetchMessages(
  sql: Sql,
  account: AccountId,
  mailbox: MailboxId,
  uids: ArrayLike<number>,
  columns: FetchColumns,
): Promise<readonly FetchedMessage[]> {
  if (uids.length === 0) return [];
  const wanted = variableColumns(columns);
  const found = await fetchFrom(sql, 'messages', account, mailbox, uids, wanted);
  if (found.length === uids.length) return found;
  const present = new Set(found.map(({ uid }) => uid));
  const absent = Array.from(uids).filter((uid) => !present.has(uid));
  const expunged = await fetchFrom(sql, 'tombstones', account, mailbox, absent, wanted);
  return [...found, ...expunged].sort((a, b) => a.uid - b.uid);
}

/** As fetchMessages, of messages that are in the mailbox now. @throws {StorageError} 'unavailable' */
export async function fetchPresentMessages(
  sql: Sql,
  account: AccountId,
  mailbox: MailboxId,
  uids: ArrayLike<number>,
  columns: FetchColumns,
): Promise<readonly FetchedMessage[]> {
  return await fetchFrom(sql, 'messages', account, mailbox, uids, variableColumns(columns));
}

function variableColumns(columns: FetchColumns): readonly VariableColumn[] {
  const isWanted: Record<VariableColumn, boolean> = {
    envelope: columns.envelope === true,
    bodyStructure: columns.bodyStructure === true,
    body: columns.body === true,
    partIndex: columns.partIndex === true,
    preview: columns.preview === true,
    threadId: columns.threadId === true,
    arrival: columns.arrival === true,
    prefix: columns.header === true || columns.octets === true,
    header: columns.header === true && columns.octets !== true,
    octets: columns.octets === true,
    blob: columns.header === true || columns.octets === true,
  };
  return VARIABLE_COLUMNS.filter((column) => isWanted[column]);
}

async function fetchFrom(
  sql: Sql,
  table: 'messages' | 'tombstones',
  account: AccountId,
  mailbox: MailboxId,
  uids: ArrayLike<number>,
  wanted: readonly VariableColumn[],
): Promise<readonly FetchedMessage[]> {
  const isLarge = uids.length >= (wanted.includes('octets') ? IN_BINARY.octets : IN_BINARY.noOctets);
  const values = [account, mailbox, Array.from(uids)];
  try {
    const rows = await sql.octetRows(isLarge ? 'inBinary' : 'prepared', statement(table, wanted), values);
    return rows.map((row) => messageOf(row, wanted));
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

const EXPRESSIONS: Record<VariableColumn, string> = {
  envelope: 'c.envelope',
  bodyStructure: 'c.body_structure',
  body: 'c.body',
  partIndex: 'c.part_index',
  preview: `convert_to(c.preview, 'UTF8')`,
  threadId: 'int8send(m.thread_id)',
  arrival: `(select convert_to(${ENVELOPE_JSON}::text, 'UTF8') from deliveries as d
             where d.account_id = m.account_id and d.email_id = m.email_id)`,
  prefix: `case when m.prefix_octets = 0 then ''::bytea else (
             select d.prefix from deliveries as d where d.account_id = m.account_id and d.email_id = m.email_id) end`,
  header: 'substring(c.octets from 1 for c.header_octets::integer)',
  octets: 'c.octets',
  // One column for all: null without a name, because part of it is.
  blob: `c.hash || convert_to(c.blob_name, 'UTF8') || coalesce('\\x01'::bytea || c.blob_checksums, '\\x00'::bytea)`,
};

function statement(table: 'messages' | 'tombstones', wanted: readonly VariableColumn[]): string {
  const key = `${table} ${wanted.join()}`;
  let text = statements.get(key);
  if (text === undefined) {
    const variable = wanted.map((column) => `, ${EXPRESSIONS[column]}`);
    text = `
      select record_send(row(m.uid, m.mod_seq, m.flags, m.internal_date, m.save_date, m.size_octets, m.content_id, m.email_id,
                             c.header_octets, m.prefix_octets, m.keywords))${variable.join('')}
        from ${table} as m join contents as c using (account_id, content_id)
       where m.account_id = $1::bigint and m.mailbox_id = $2::bigint and m.uid = any ($3::bigint[])
       order by m.uid`;
    statements.set(key, text);
  }
  return text;
}

function messageOf([fixed, ...variable]: OctetRow, wanted: readonly VariableColumn[]): FetchedMessage {
  if (fixed === undefined || fixed === null) throw new Error('a message without its fixed fields');
  const value = (column: VariableColumn) => variable[wanted.indexOf(column)] ?? null;
  const message = unpackFixed(fixed);
  return {
    ...message,
    envelope: value('envelope'),
    bodyStructure: value('bodyStructure'),
    body: value('body'),
    partIndex: value('partIndex'),
    preview: value('preview'),
    threadId: unpackThreadId(value('threadId')),
    arrival: unpackArrival(value('arrival')),
    prefix: value('prefix'),
    header: value('header'),
    octets: value('octets'),
    blob: unpackBlob(value('blob'), message.sizeOctets - message.prefixOctets),
  };
}

function unpackThreadId(packed: Buffer | null): EmailId | null {
  return packed === null ? null : (readInt8(packed, 0) as EmailId);
}

function unpackArrival(json: Buffer | null): ReceivedEnvelope | null {
  return json === null ? null : decodeEnvelope(json);
}

/** Hash, name, whether there are checksums, and these. */
function unpackBlob(packed: Buffer | null, sizeOctets: number): StoredBlob | null {
  if (packed === null) return null;
  const nameEnd = HASH_OCTETS + NAME_OCTETS;
  return {
    name: packed.toString('latin1', HASH_OCTETS, nameEnd),
    sizeOctets,
    hash: packed.subarray(0, HASH_OCTETS),
    checksums: packed.readUInt8(nameEnd) === 0 ? null : packed.subarray(nameEnd + 1),
  };
}

/** Reads what record_send wrote: the number of fields, then each with its type, its length and its value. */
function unpackFixed(record: Buffer) {
  let at = 4;
  const field = (octets: number) => {
    at += 8 + octets;
    return at - octets;
  };
  const int2 = () => record.readInt16BE(field(2));
  const int4 = () => record.readInt32BE(field(4));
  const int8 = () => readInt8(record, field(8));
  const epochMs = () => POSTGRES_EPOCH_MS + int8() / 1000; // to the millisecond, as the columns are
  return {
    uid: int8(),
    modSeq: int8(),
    flags: int2(),
    internalDate: epochMs(),
    saveDate: epochMs(),
    sizeOctets: int8(),
    contentId: int8() as ContentId,
    emailId: int8() as EmailId,
    headerOctets: int8(),
    prefixOctets: int4(),
    keywords: unpackKeywords(record, at + 8),
  };
}

const readInt8 = (octets: Buffer, at: number): number => octets.readInt32BE(at) * 2 ** 32 + octets.readUInt32BE(at + 4);

/** An array as array_send writes it: 20 octets before the first element, if there is one, then each with its length. */
function unpackKeywords(record: Buffer, at: number): readonly number[] {
  const dimensions = record.readInt32BE(at);
  if (dimensions === 0) return NO_KEYWORDS;
  return Array.from({ length: record.readInt32BE(at + 12) }, (_, i) => record.readInt32BE(at + 24 + 8 * i));
}
