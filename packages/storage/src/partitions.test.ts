/** What holds only in the run whose tables are partitioned; that all else holds there too is what the other files show. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAccount } from './accounts.ts';
import { append, startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const MAIL_TABLES = ['accounts', 'acls', 'annotations', 'changes', 'contents', 'deliveries', 'keywords', 'mailboxes'];

/** How many partitions a table has rows in. */
async function partitionsOf(table: string): Promise<number> {
  const [row] = await storage.sql<{ partitions: number }[]>`
    select count(distinct tableoid)::int as partitions from ${storage.sql(table)}`;
  return row?.partitions ?? 0;
}

test('rule 10: every table that has a key of accounts is partitioned by it, but for those of the directory', async () => {
  const rows = await storage.sql<{ name: string; isPartitioned: boolean }[]>`
    select c.relname as name, c.relkind = 'p' as "isPartitioned"
      from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attname = 'account_id'
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by c.relname`;
  const partitioned = rows.filter((row) => row.isPartitioned).map(({ name }) => name);
  expect(partitioned).toEqual(expect.arrayContaining([...MAIL_TABLES, 'messages', 'subscriptions', 'tombstones']));
  // Found over all accounts, by what is known before the account is: a name, a key, a token, a time. Or they are an administrator's
  // too, who has no account, as mail in the queue and a sign-in may be nobody's here.
  const others = rows.filter((row) => !row.isPartitioned).map(({ name }) => name);
  const ofTheWeb = ['api_tokens', 'passkey_challenges', 'passkeys', 'recovery_codes', 'totp_secrets', 'web_sessions'];
  const ofTheQueue = ['queue_copies', 'queue_messages', 'queue_recipients', 'webhooks'];
  expect(others).toEqual(
    [
      'addresses',
      'login_attempts',
      'mail_transactions',
      'route_rules',
      'tls_public_keys',
      ...ofTheQueue,
      ...ofTheWeb,
    ].toSorted(),
  );
});

test('rule 10: accounts lie in different partitions, each with all that is its own', async () => {
  const [made] = await storage.sql<{ partitions: number }[]>`
    select count(*)::int as partitions from pg_inherits where inhparent = 'accounts'::regclass`;
  const partitions = made?.partitions ?? 0;
  for (let i = 0; i < 6 * partitions; i++) {
    const { account, inbox } = await storage.newAccount();
    await append(storage.store, account, inbox, `message ${i}`);
  }
  for (const table of ['accounts', 'mailboxes', 'messages', 'contents', 'changes']) {
    // A hash of the account decides, and may leave one out by chance.
    expect(await partitionsOf(table)).toBeGreaterThan(partitions / 2);
  }
  // The same hash in each table: what is joined by account_id lies side by side.
  const apart = await storage.sql`
    select from accounts as a join messages as m using (account_id)
     where right(a.tableoid::regclass::text, 1) <> right(m.tableoid::regclass::text, 1)`;
  expect(apart).toHaveLength(0);
});

test('rule 10: a statement that names an account reads its partition alone, also with a plan made for all accounts', async () => {
  const plan = await storage.sql.begin(async (tx) => {
    await tx`prepare of_account (bigint) as
             select m.uid from messages as m join contents as c using (account_id, content_id) where m.account_id = $1`;
    const rows = await tx<{ 'QUERY PLAN': string }[]>`explain execute of_account (1)`;
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  });
  expect(new Set(plan.match(/\bmessages_\d\b/g))).toHaveProperty('size', 1);
  expect(new Set(plan.match(/\bcontents_\d\b/g))).toHaveProperty('size', 1);
});

test('rule 10: of those who make accounts of one name at once, one does, though no index knows the names of all', async () => {
  const attempts = await Promise.allSettled(
    Array.from({ length: 4 }, () => storage.sql.begin((tx) => createAccount(tx, 'mary'))),
  );
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(attempts.filter((attempt) => attempt.status === 'rejected').map(({ reason }) => reason.kind)).toEqual([
    'exists',
    'exists',
    'exists',
  ]);
  expect(await storage.sql`select from accounts where name = 'mary'`).toHaveLength(1);
});

test('the partitions have the storage settings of the tables', async () => {
  const [row] = await storage.sql`
    select (select array_to_string(reloptions, ' ') from pg_class where oid = 'messages_3'::regclass) as messages,
           (select attstorage::text from pg_attribute where attrelid = 'contents_3'::regclass and attname = 'octets') as octets`;
  expect(row).toEqual({ messages: 'fillfactor=80 autovacuum_vacuum_scale_factor=0.05', octets: 'e' });
});
