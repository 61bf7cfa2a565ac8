import type { Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';
import type { AccountId, ContentId, EmailId, MailboxId } from './ids.ts';
import { type PackedMessage, packedOctets, unpackMessageAt } from './packed-messages.ts';
import { numberArray } from './sql-arrays.ts';

/** What to read beside the fixed fields of a message. */
export interface FetchColumns {
  readonly envelope?: boolean;
  readonly bodyStructure?: boolean;
  readonly body?: boolean;
  readonly partIndex?: boolean;
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
  /** What Postel put before the content; with `header` and `octets`, empty if nothing. */
  readonly prefix: Buffer | null;
  /** The content's header block; null if it is in the blob. */
  readonly header: Buffer | null;
  /** The content; null if it is in the blob. */
  readonly octets: Buffer | null;
  readonly blobName: string | null;
}

const VARIABLE_COLUMNS = [
  'envelope',
  'bodyStructure',
  'body',
  'partIndex',
  'prefix',
  'header',
  'octets',
  'blobName',
] as const;
type VariableColumn = (typeof VARIABLE_COLUMNS)[number];

/** Behind what pack_message wrote. */
const FIXED_OCTETS = 6 * 8 + 4;
const statements = new Map<string, string>();

/**
 * Reads messages of one mailbox in one statement, by ascending UID; one that was expunged in the meantime comes from its
 * tombstone, one that is gone altogether is left out. The caller bounds the number of UIDs by what it can hold.
 *
 * The rows come packed into one bytea: a row costs the driver more than its octets.
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

function variableColumns(columns: FetchColumns): readonly VariableColumn[] {
  const isWanted: Record<VariableColumn, boolean> = {
    envelope: columns.envelope === true,
    bodyStructure: columns.bodyStructure === true,
    body: columns.body === true,
    partIndex: columns.partIndex === true,
    prefix: columns.header === true || columns.octets === true,
    header: columns.header === true && columns.octets !== true,
    octets: columns.octets === true,
    blobName: columns.header === true || columns.octets === true,
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
  try {
    const [row] = await sql.read.unsafe<{ packed: Buffer | null }[]>(
      statement(table, wanted),
      [account, mailbox, numberArray(Array.from(uids))],
      { prepare: true },
    );
    return row?.packed ? unpack(row.packed, wanted) : [];
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

const EXPRESSIONS: Record<VariableColumn, string> = {
  envelope: 'c.envelope',
  bodyStructure: 'c.body_structure',
  body: 'c.body',
  partIndex: 'c.part_index',
  prefix: `case when m.prefix_octets = 0 then ''::bytea else (
             select d.prefix from deliveries as d where d.account_id = m.account_id and d.email_id = m.email_id) end`,
  header: 'substring(c.octets from 1 for c.header_octets::integer)',
  octets: 'c.octets',
  blobName: `convert_to(c.blob_name, 'UTF8')`,
};

function statement(table: 'messages' | 'tombstones', wanted: readonly VariableColumn[]): string {
  const key = `${table} ${wanted.join()}`;
  let text = statements.get(key);
  if (text === undefined) {
    const variable = wanted.map(
      (column) => ` || coalesce(int4send(octet_length(v.${column})) || v.${column}, '\\xffffffff'::bytea)`,
    );
    const lateral =
      wanted.length === 0
        ? ''
        : `cross join lateral (select ${wanted.map((column) => `${EXPRESSIONS[column]} as ${column}`).join(', ')}) as v`;
    text = `
      select string_agg(
               pack_message(m.uid, m.mod_seq, m.flags, m.keywords) || int8send((extract(epoch from m.internal_date) * 1000)::bigint)
               || int8send((extract(epoch from m.save_date) * 1000)::bigint) || int8send(m.size_octets)
               || int8send(m.content_id) || int8send(m.email_id) || int8send(c.header_octets) || int4send(m.prefix_octets)
               ${variable.join('')}, ''::bytea order by m.uid) as packed
        from ${table} as m join contents as c using (account_id, content_id)
        ${lateral}
       where m.account_id = $1::bigint and m.mailbox_id = $2::bigint and m.uid = any ($3::bigint[])`;
    statements.set(key, text);
  }
  return text;
}

function unpack(packed: Buffer, wanted: readonly VariableColumn[]): FetchedMessage[] {
  const messages: FetchedMessage[] = [];
  let at = 0;
  const int8 = (offset: number) => packed.readInt32BE(at + offset) * 2 ** 32 + packed.readUInt32BE(at + offset + 4);
  const variable = (column: VariableColumn): Buffer | null => {
    if (!wanted.includes(column)) return null;
    const length = packed.readInt32BE(at);
    at += 4;
    if (length < 0) return null;
    at += length;
    return packed.subarray(at - length, at);
  };
  while (at < packed.length) {
    const message = unpackMessageAt(packed, at);
    at += packedOctets(message);
    const fixed = {
      ...message,
      internalDate: int8(0),
      saveDate: int8(8),
      sizeOctets: int8(16),
      contentId: int8(24) as ContentId,
      emailId: int8(32) as EmailId,
      headerOctets: int8(40),
      prefixOctets: packed.readInt32BE(at + 48),
    };
    at += FIXED_OCTETS;
    // In the order of VARIABLE_COLUMNS, as the statement packs them.
    messages.push({
      ...fixed,
      envelope: variable('envelope'),
      bodyStructure: variable('bodyStructure'),
      body: variable('body'),
      partIndex: variable('partIndex'),
      prefix: variable('prefix'),
      header: variable('header'),
      octets: variable('octets'),
      blobName: variable('blobName')?.toString('latin1') ?? null,
    });
  }
  return messages;
}
