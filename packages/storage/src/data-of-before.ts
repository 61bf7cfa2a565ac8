/** For tests of upgrades: a database filled as the Postels of before did it, with what their schema had. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { body, bodyStructure, encodePartIndex, envelope, parseMessage } from '@postel/mime';
import { contentText, prefixText } from './content-text.ts';
import type { Database } from './database.ts';
import { numberArray, textArray } from './sql-arrays.ts';

const RECEIVED = 'Return-Path: <bob@example.com>\r\nReceived: from client.example.com\r\n';
const LUNCH = `Subject: Lunch\r\nFrom: Bob <bob@example.com>\r\nMessage-ID: <a@example.com>\r\n\r\nAt noon?\r\n`;
const ANSWER = `Subject: Re: Lunch\r\nIn-Reply-To: <a@example.com>\r\n\r\nYes.\r\n`;
const LARGE = `Subject: A large one\r\n\r\n${'needle in hay '.repeat(20_000)}\r\n`;

interface OldMessage {
  readonly mailbox: 'INBOX' | 'Sent';
  readonly octets: string;
  readonly prefix: string;
  readonly flags: number;
  readonly keywords: readonly string[];
}

const plain = { prefix: '', flags: 0, keywords: [] };

/** In the order in which they came. The one with \Deleted was expunged, and the mailbox `Old` deleted. */
export const OLD_MESSAGES: readonly OldMessage[] = [
  { ...plain, mailbox: 'INBOX', octets: LUNCH, prefix: RECEIVED, flags: 1, keywords: ['$Important', 'Family'] },
  { ...plain, mailbox: 'INBOX', octets: ANSWER },
  { ...plain, mailbox: 'INBOX', octets: LUNCH },
  { ...plain, mailbox: 'INBOX', octets: 'Subject: Gone\r\n\r\n', flags: 8 },
  { ...plain, mailbox: 'Sent', octets: LARGE, flags: 1 },
];

const INTERNAL_DATE = Date.UTC(2026, 0, 2, 3, 4, 5);
const UIDVALIDITY = 1_767_225_600;
const INLINE_OCTETS = 128 * 1024;

/** In decomposed form, which migration 0003 brought to NFC. */
export const OLD_NAME = 'Cafe\u0301';

/**
 * Makes the account `mary` with OLD_MESSAGES.
 *
 * @param version the number of the newest migration
 */
export async function fillAsBefore(database: Database, version: number, blobDirectory: string): Promise<void> {
  const messages = await Promise.all(OLD_MESSAGES.map((message) => prepare(message, blobDirectory)));
  await database.sql`insert into domains (name) values ('example.com')`;
  await (version === 0 ? fillTables(database, messages) : callFunctions(database, version, messages));
  await database.sql`
    insert into addresses (domain_id, local_part, account_id) select domain_id, 'mary', account_id from domains, accounts`;
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

async function prepare(message: OldMessage, blobDirectory: string) {
  const octets = Buffer.from(message.octets);
  const structure = parseMessage(octets, { collectText: true });
  let blobName: string | null = null;
  if (octets.length > INLINE_OCTETS) {
    blobName = randomBytes(16).toString('hex');
    await mkdir(join(blobDirectory, blobName.slice(0, 2)), { recursive: true });
    await writeFile(join(blobDirectory, blobName.slice(0, 2), blobName), octets);
  }
  return {
    ...message,
    blobName,
    sizeOctets: octets.length,
    headerOctets: structure.headerOctets,
    hash: createHash('sha256').update(octets).digest(),
    inline: blobName === null ? octets : null,
    envelope: envelope(structure),
    bodyStructure: bodyStructure(structure.root),
    body: body(structure.root),
    partIndex: encodePartIndex(structure),
    text: await contentText(structure),
  };
}

/** Schema 0000 has no functions: every row by itself. Object ids 1 to 4 are mailboxes. */
async function fillTables({ sql }: Database, messages: readonly Prepared[]): Promise<void> {
  const [made] = await sql<{ id: number }[]>`
    insert into accounts (name, next_uidvalidity) values ('mary', ${UIDVALIDITY + 4}) returning account_id as id`;
  const account = made?.id ?? 0;
  const names = ['INBOX', 'Sent', OLD_NAME, 'Old'];
  for (const [at, name] of names.entries()) {
    await sql`
      insert into mailboxes (account_id, mailbox_id, name, uidvalidity, create_seq, mod_seq, highest_mod_seq)
      values (${account}, ${at + 1}, ${name}, ${UIDVALIDITY + at}, ${at + 2}, ${at + 2}, ${at + 2})`;
  }
  let seq = 1 + names.length;
  let objectId = 1 + names.length;
  const uidNext = new Map([
    [1, 1],
    [2, 1],
  ]);
  for (const message of messages) {
    seq++;
    const mailbox = message.mailbox === 'INBOX' ? 1 : 2;
    const uid = uidNext.get(mailbox) ?? 1;
    uidNext.set(mailbox, uid + 1);
    const [known] = await sql<{ id: number }[]>`
      select content_id as id from contents where account_id = ${account} and hash = ${message.hash}`;
    const content = known?.id ?? objectId++;
    if (known === undefined) {
      await sql`
        insert into contents (account_id, content_id, hash, size_octets, header_octets, octets, blob_name, envelope, body_structure,
                              body, part_index)
        values (${account}, ${content}, ${message.hash}, ${message.sizeOctets}, ${message.headerOctets}, ${message.inline},
                ${message.blobName}, ${message.envelope}, ${message.bodyStructure}, ${message.body}, ${message.partIndex})`;
    }
    const email = objectId++;
    const keywords = message.keywords.map((_, at) => at + 1);
    for (const [at, name] of message.keywords.entries()) {
      await sql`insert into keywords (account_id, mailbox_id, keyword_id, name) values (${account}, ${mailbox}, ${at + 1}, ${name})`;
      await sql`update mailboxes set next_keyword_id = ${at + 2} where account_id = ${account} and mailbox_id = ${mailbox}`;
    }
    await sql`
      insert into messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                            size_octets, prefix_octets, flags, keywords)
      values (${account}, ${mailbox}, ${uid}, ${seq}, ${seq}, ${new Date(INTERNAL_DATE)}, now(), ${content}, ${email},
              ${message.sizeOctets + message.prefix.length}, ${message.prefix.length}, ${message.flags},
              ${numberArray(keywords)}::integer[])`;
    await sql`
      insert into changes (account_id, mailbox_id, mod_seq, uids)
      values (${account}, ${mailbox}, ${seq}, int8multirange(int8range(${uid}, ${uid + 1})))`;
    if (message.prefix !== '') {
      await sql`
        insert into deliveries (account_id, email_id, prefix, reverse_path, forward_path, protocol, received_at)
        values (${account}, ${email}, ${Buffer.from(message.prefix)}, 'bob@example.com', 'mary@example.com', 'ESMTP', now())`;
    }
  }
  const removal = seq + 1;
  const deletion = seq + 2;
  await sql`
    insert into tombstones (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                            size_octets, prefix_octets, flags, keywords)
    select account_id, mailbox_id, uid, create_seq, ${removal}, internal_date, save_date, content_id, email_id, size_octets,
           prefix_octets, flags, keywords
      from messages where flags & 8 <> 0`;
  await sql`delete from messages where flags & 8 <> 0`;
  await sql`
    update mailboxes as b
       set uid_next = ${0} + coalesce((select max(uids) from (
             select uid as uids from messages as m where m.account_id = b.account_id and m.mailbox_id = b.mailbox_id
             union all select uid from tombstones as t where t.account_id = b.account_id and t.mailbox_id = b.mailbox_id) as u), 0) + 1,
           messages = (select count(*) from messages as m where m.account_id = b.account_id and m.mailbox_id = b.mailbox_id),
           unseen = (select count(*) from messages as m
                      where m.account_id = b.account_id and m.mailbox_id = b.mailbox_id and m.flags & 1 = 0),
           octets = (select coalesce(sum(size_octets), 0) from messages as m
                      where m.account_id = b.account_id and m.mailbox_id = b.mailbox_id),
           highest_mod_seq = case mailbox_id when 1 then ${removal} when 2 then ${seq} else highest_mod_seq end,
           expunged_seq = case name when 'Old' then ${deletion}::bigint end`;
  await sql`
    update accounts set modseq = ${deletion}, next_object_id = ${objectId}, used_mailboxes = ${names.length - 1},
           used_messages = (select count(*) from messages), used_octets = (select sum(size_octets) from messages)`;
}

/** From 0001 on functions write mail; those of a version are still there for processes of it. */
async function callFunctions({ sql }: Database, version: number, messages: readonly Prepared[]): Promise<void> {
  const [made] = await sql<{ id: number }[]>`
    insert into accounts (name, next_uidvalidity) values ('mary', ${UIDVALIDITY}) returning account_id as id`;
  const account = made?.id ?? 0;
  const boxes = new Map<string, number>();
  for (const name of ['INBOX', 'Sent', OLD_NAME, 'Old']) {
    // 0003 looks at names before they are stored; what it did to those that were there is what the others test.
    const stored = version < 3 ? name : name.normalize('NFC');
    const [box] = await sql<{ id: number }[]>`
      select mailbox_id as id from create_mailbox(${account}::bigint, ${stored}::text, null::text)`;
    boxes.set(name, box?.id ?? 0);
  }
  const append = version < 4 ? appendAs0001 : appendAs0004;
  for (const message of messages) await append({ sql }, account, boxes.get(message.mailbox) ?? 0, message);
  const inbox = boxes.get('INBOX') ?? 0;
  await sql`select status from expunge_messages(${account}::bigint, ${inbox}::bigint, '{[1,5)}'::int8multirange, true, 10000)`;
  await sql`select status from delete_mailbox(${account}::bigint, ${boxes.get('Old') ?? 0}::bigint)`;
}

type Append = (database: Pick<Database, 'sql'>, account: number, mailbox: number, message: Prepared) => Promise<void>;

function piecesOf(message: Prepared): readonly Buffer[] {
  const { hash, envelope, bodyStructure, body, partIndex, prefix, inline } = message;
  return [hash, envelope, bodyStructure, body, partIndex, Buffer.from(prefix), inline ?? Buffer.alloc(0)];
}

const appendAs0001: Append = async ({ sql }, account, mailbox, message) => {
  const pieces = piecesOf(message);
  const isDelivery = message.prefix !== '';
  await sql`
    select status from append_messages(
      ${account}::bigint, ${numberArray([mailbox])}::bigint[], ${numberArray([message.flags])}::smallint[],
      ${textArray([message.keywords.join(' ')])}::text[], ${numberArray([INTERNAL_DATE])}::bigint[],
      ${numberArray([message.sizeOctets])}::bigint[], ${numberArray([message.headerOctets])}::bigint[],
      ${textArray([message.blobName])}::text[], ${numberArray(pieces.map(({ length }) => length))}::integer[],
      ${Buffer.concat(pieces)}::bytea, ${textArray([isDelivery ? 'bob@example.com' : null])}::text[],
      ${textArray([isDelivery ? 'mary@example.com' : null])}::text[], ${textArray([isDelivery ? 'ESMTP' : null])}::text[],
      '{NULL}'::text[], '{NULL}'::text[])`;
};

const appendAs0004: Append = async ({ sql }, account, mailbox, message) => {
  const { preview, searchText, headerText, sentDate } = message.text;
  const isDelivery = message.prefix !== '';
  const texts = [preview, searchText, headerText, isDelivery ? prefixText(Buffer.from(message.prefix)) : ''];
  const pieces = [...piecesOf(message), ...texts.map((text) => Buffer.from(text))];
  await sql`
    select status from append_messages(
      ${account}::bigint, ${numberArray([mailbox])}::bigint[], ${numberArray([message.flags])}::smallint[],
      ${textArray([message.keywords.join(' ')])}::text[], ${numberArray([INTERNAL_DATE])}::bigint[],
      ${numberArray([message.sizeOctets])}::bigint[], ${numberArray([message.headerOctets])}::bigint[],
      ${textArray([message.blobName])}::text[], ${numberArray(pieces.map(({ length }) => length))}::integer[],
      ${Buffer.concat(pieces)}::bytea, ${textArray([isDelivery ? 'bob@example.com' : null])}::text[],
      ${textArray([isDelivery ? 'mary@example.com' : null])}::text[], ${textArray([isDelivery ? 'ESMTP' : null])}::text[],
      '{NULL}'::text[], '{NULL}'::text[], ${textArray([sentDate])}::date[])`;
};
