import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStorage, type TestStorage } from '../storage-for-tests.ts';

/**
 * What the rules say of the tables themselves, read from the catalogue of a migrated database. A table that a migration
 * adds is a mail table unless it is named here.
 */
let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

/** The installation, what was done when, the directory (who may log in and where mail goes), the queue of what leaves, what is known of other servers, and what became of mail transactions, by whatever they are asked for; but no mail. */
const NO_MAIL = [
  'installation',
  'housekeeping_jobs',
  'domains',
  'addresses',
  'aliases',
  'alias_entries',
  'submission_settings',
  'submission_counts',
  'known_recipients',
  'queue_messages',
  'queue_contents',
  'queue_recipients',
  'queue_events',
  'queue_hold_rules',
  'queue_suppressions',
  'queue_report_counts',
  'queue_copies',
  'routes',
  'route_rules',
  'queue_clock',
  'webhooks',
  'webhook_events',
  'sts_policies',
  'tls_hosts',
  'tls_results',
  'dmarc_results',
  'received_reports',
  'dmarc_reports',
  'dmarc_report_rows',
  'tls_reports',
  'tls_report_failures',
  'credentials',
  'scram_parameters',
  'tls_public_keys',
  'login_failures',
  'login_attempts',
  'directory_changes',
  'admin_password',
  'web_sessions',
  'totp_secrets',
  'recovery_codes',
  'passkeys',
  'passkey_challenges',
  'administered_domains',
  'key_sign_ins',
  'api_tokens',
  'dkim_keys',
  'mail_transactions',
  'mail_hours',
];
/** Changed by every append and flag change. */
const HOT = ['accounts', 'mailboxes', 'messages'];

interface Index {
  readonly table: string;
  readonly index: string;
  /** As in the index; an expression as it is written. */
  readonly columns: readonly string[];
  readonly isUnique: boolean;
}

async function indexesOfMailTables(): Promise<readonly Index[]> {
  const rows = await storage.sql<{ table: string; index: string; columns: string; isUnique: boolean }[]>`
    select t.relname as table, i.relname as index, x.indisunique as "isUnique",
           (select string_agg(pg_get_indexdef(i.oid, n, false), '|' order by n) from generate_series(1, x.indnatts) as n) as columns
      from pg_index as x
      join pg_class as t on t.oid = x.indrelid join pg_class as i on i.oid = x.indexrelid
     where t.relnamespace = 'public'::regnamespace and not t.relispartition order by 1, 2`;
  return rows
    .filter(({ table }) => !NO_MAIL.includes(table))
    .map((row) => ({ ...row, columns: row.columns.split('|') }));
}

async function columnsOf(table: string): Promise<readonly { readonly name: string; readonly type: string }[]> {
  return storage.sql<{ name: string; type: string }[]>`
    select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = to_regclass(${table}) and attnum > 0 and not attisdropped`;
}

test('rule 10: account_id leads every primary key, unique constraint and index of the mail tables', async () => {
  const indexes = await indexesOfMailTables();
  expect(indexes.length).toBeGreaterThan(12);
  const others = indexes.filter(({ columns }) => columns[0] !== 'account_id').map(({ index }) => index);
  expect(others).toEqual(['accounts_name']); // by which people log in: the directory's, and one for all accounts
});

test('rule 10: no foreign key joins mail tables, so none crosses accounts', async () => {
  const rows = await storage.sql<{ table: string }[]>`
    select conrelid::regclass::text as table from pg_constraint where contype = 'f' and conparentid = 0`;
  expect(rows.length).toBeGreaterThan(0); // the directory has some
  expect(rows.filter(({ table }) => !NO_MAIL.includes(table))).toEqual([]);
});

test('rule 10: every mail table has the account, and none but that of accounts numbers its rows by a sequence', async () => {
  const tables = await storage.sql<{ table: string; hasAccount: boolean; sequences: number }[]>`
    select relname as table, exists (select from pg_attribute where attrelid = c.oid and attname = 'account_id') as "hasAccount",
           (select count(*) from pg_attribute where attrelid = c.oid and attidentity <> '')::int as sequences
      from pg_class as c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`;
  const mail = tables.filter(({ table }) => !NO_MAIL.includes(table));
  expect(mail.filter(({ hasAccount }) => !hasAccount)).toEqual([]);
  expect(mail.filter(({ sequences }) => sequences > 0).map(({ table }) => table)).toEqual(['accounts']);
});

test('rule 6: no counter and no modseq of a row that changes often is in an index', async () => {
  const counted =
    /modseq|mod_seq|_seq\b|used_|quota_|next_|uid_next|recent_uid|messages|unseen|deleted|octets|\bflags|keywords/;
  const indexes = (await indexesOfMailTables()).filter(({ table }) => HOT.includes(table));
  expect(indexes.length).toBeGreaterThan(4);
  expect(indexes.filter(({ columns }) => columns.some((column) => counted.test(column)))).toEqual([]);
});

test('rule 4: a row of messages is narrow and has at most three indexes; what the bytes fix stands elsewhere', async () => {
  const columns = await columnsOf('messages');
  const narrow = ['bigint', 'integer', 'smallint', 'integer[]', 'timestamp(3) with time zone'];
  expect(columns.filter(({ type }) => !narrow.includes(type))).toEqual([]);
  const indexes = (await indexesOfMailTables()).filter(({ table }) => table === 'messages');
  expect(indexes.length).toBeLessThanOrEqual(3);
});

test('rule 4: content stands in its row as it is, so that a part of it can be read alone', async () => {
  const [row] = await storage.sql<{ storage: string }[]>`
    select attstorage as storage from pg_attribute where attrelid = 'contents'::regclass and attname = 'octets'`;
  expect(row?.storage).toBe('e'); // external
});

test('rule 3: UIDs and UIDVALIDITYs are kept below 2^32, and a modseq below 2^53, by the tables themselves', async () => {
  const { account, inbox } = await storage.newAccount();
  const refused = { code: '23514' };
  const { sql } = storage;
  await expect(sql`update accounts set modseq = 9007199254740992 where account_id = ${account}`).rejects.toMatchObject(
    refused,
  );
  await expect(
    sql`update accounts set next_uidvalidity = 4294967296 where account_id = ${account}`,
  ).rejects.toMatchObject(refused);
  await expect(
    sql`update mailboxes set uid_next = 4294967297 where mailbox_id = ${inbox} and account_id = ${account}`,
  ).rejects.toMatchObject(refused);
  await expect(sql`update accounts set used_octets = -1 where account_id = ${account}`).rejects.toMatchObject(refused);
});
