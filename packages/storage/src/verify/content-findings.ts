import type { Sql } from '../database.ts';
import type { AccountId, ContentId, MailboxId } from '../ids.ts';
import { numberArray } from '../sql-arrays.ts';
import { type Finding, finding } from './finding.ts';
import { repairAccount } from './repair.ts';
import type { ComputedContent, ContentBreach, ContentCheck } from './verify-contents.ts';

/** Messages that are named of those with one content. */
const NAMED_MESSAGES = 5;

const RESTORE = { advice: 'restore it from a backup, or expunge the message' };

/**
 * What is wrong with a content, once for each message that has it; nothing if the content is not there any more, as it may
 * have been collected since it was read.
 */
export async function findingsOf(sql: Sql, account: AccountId, check: ContentCheck): Promise<readonly Finding[]> {
  const { id, breach, messageId } = check;
  if (breach === null) return [];
  const blobName = breach.type === 'unreadable' ? breach.blobName : null;
  const messages = await sql.read<{ mailbox: MailboxId | null; name: string; uid: number; isExpunged: boolean }[]>`
    select b.mailbox_id as mailbox, b.name, m.uid, m.is_expunged as "isExpunged"
      from contents as c
      left join lateral (
        (select account_id, mailbox_id, uid, false as is_expunged from messages
          where account_id = c.account_id and content_id = c.content_id limit ${NAMED_MESSAGES}::integer)
        union all
        (select account_id, mailbox_id, uid, true from tombstones
          where account_id = c.account_id and content_id = c.content_id limit ${NAMED_MESSAGES}::integer)) as m on true
      left join mailboxes as b on b.account_id = m.account_id and b.mailbox_id = m.mailbox_id
     where c.account_id = ${account}::bigint and c.content_id = ${id}::bigint
       and (${blobName}::text is null or c.blob_name = ${blobName}::text)
     order by m.is_expunged, m.mailbox_id, m.uid limit ${NAMED_MESSAGES}::integer`;
  const { rule, problem, remedy } = tell(id, breach);
  return messages.map(({ mailbox, name, uid, isExpunged }) => {
    if (mailbox === null) return finding(rule, account, problem, remedy, { messageId });
    const of = isExpunged ? `${problem}; the message is expunged` : problem;
    return finding(rule, account, of, remedy, { mailbox: { id: mailbox, name }, uid, messageId });
  });
}

function tell(id: ContentId, breach: ContentBreach) {
  switch (breach.type) {
    case 'unreadable':
      return {
        rule: 'contents',
        problem: `its content ${id} cannot be had from blob ${breach.blobName}: ${breach.why}`,
        remedy: RESTORE,
      } as const;
    case 'checksum':
      return {
        rule: 'checksums',
        problem: `the octets of its content ${id} are not those that came: their SHA-256 is another`,
        remedy: RESTORE,
      } as const;
    case 'row':
      return {
        rule: 'structure',
        problem: `of its content ${id}, the octets say another ${breach.columns.join(', ')}`,
        remedy: { repair: 'store what the octets say' },
      } as const;
    default:
      return breach satisfies never;
  }
}

/** Stores what the octets of a content fix. They do not change, so neither does the account's modseq. */
export async function repairContent(
  sql: Sql,
  account: AccountId,
  content: ContentId,
  computed: ComputedContent,
): Promise<void> {
  await sql`
    update contents
       set size_octets = ${computed.sizeOctets}::bigint, header_octets = ${computed.headerOctets}::bigint,
           envelope = ${computed.envelope}::bytea, body_structure = ${computed.bodyStructure}::bytea,
           body = ${computed.body}::bytea, part_index = ${computed.partIndex}::bytea,
           blob_checksums = ${computed.blobChecksums}::bytea
     where account_id = ${account}::bigint and content_id = ${content}::bigint`;
  // Where there is no summary yet, MissingSummaries makes it.
  const { summary, sentAt, threadKeys } = computed.summary;
  await sql`
    update contents as c
       set subject = n.summary[1], from_list = n.summary[2], to_list = n.summary[3], cc_list = n.summary[4],
           message_id = n.summary[5], sort_keys = n.summary[6:11], thread_links = decode(n.summary[12], 'hex'),
           sent_at = to_timestamp(${sentAt}::bigint / 1000.0), thread_keys = ${threadKeys}::bytea
      from (select string_to_array(${summary}::text, E'\\x1f', '') as summary) as n
     where c.account_id = ${account}::bigint and c.content_id = ${content}::bigint and c.thread_links is not null`;
}

/** Stores the checksums of a blob's chunks, which were computed from octets whose SHA-256 is the right one. */
export async function addChecksums(sql: Sql, account: AccountId, content: ContentId, checksums: Buffer): Promise<void> {
  await sql`
    update contents set blob_checksums = ${checksums}::bytea
     where account_id = ${account}::bigint and content_id = ${content}::bigint and blob_name is not null`;
}

/** Removes contents that still no message and no tombstone needs. @returns how many */
export async function removeOrphans(sql: Sql, account: AccountId, contents: readonly ContentId[]): Promise<number> {
  let removed = 0;
  await repairAccount(sql, account, async (tx) => {
    const [gone] = await tx<{ contents: number }[]>`
      select contents from remove_unneeded(${account}::bigint, ${numberArray(contents)}::bigint[], '{}')`;
    removed = gone?.contents ?? 0;
  });
  return removed;
}
