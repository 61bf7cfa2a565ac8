import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Transaction } from './database.ts';
import { type NewTransaction, writeTransactions } from './mail-transactions.ts';
import { migrate } from './migrate.ts';
import { findReaderAccess } from './reader-access.ts';
import { append, arrivalOf, contentOf, startStorage, type TestStorage } from './storage-for-tests.ts';
import { newTransaction } from './testing/new-transaction.ts';

const DOCUMENT = readFileSync(new URL('../../../docs/sql.md', import.meta.url), 'utf8');

/** The column tables of the document, by view. */
const documented = [...DOCUMENT.matchAll(/^### mail\.(\w+)\n([^#]*)/gm)].map(([, view = '', section = '']) => ({
  view,
  columns: [...section.matchAll(/^\| `(\w+)` \| ([^|]*) \|/gm)].map(([, name, type]) => ({ name, type })),
}));

const examples = [...DOCUMENT.matchAll(/^(.*):\n\n```sql\n([^`]*)```|^```sql\n([^`]*)```/gm)].map(
  ([, title = 'another one', sql, more]) => ({ title, sql: sql ?? more ?? '' }),
);

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
  await arrangeMail();
});
afterAll(() => storage[Symbol.asyncDispose]());

/** As a process of SMTP records it. */
function transaction(recipientNo: number, about: Partial<NewTransaction>): NewTransaction {
  return newTransaction({
    transactionId: '0199b0a0-0000-7000-8000-000000000001',
    recipientNo,
    reversePath: 'bob@example.com',
    messageId: 'lunch-1@example.com',
    sizeOctets: 1_000,
    checks: 'spf=pass',
    ...about,
  });
}

/** What every example of the document finds something in. */
async function arrangeMail(): Promise<void> {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await sql`update accounts set name = 'mary', quota_octets = 100000000 where account_id = ${account}`;
  await sql`insert into domains (name, catchall_account_id) values ('example.com', ${account})`;
  await sql`insert into addresses (domain_id, local_part, account_id) select domain_id, 'mary', ${account} from domains`;
  const lunch = [
    'From: Bob <Bob@Example.com>',
    'To: Mary Smith <mary@example.com>, ann@example.org',
    'Cc: Carl <carl@example.net>',
    'Subject: Lunch',
    'Message-ID: <lunch-1@example.com>',
    'Date: Mon, 7 Feb 1994 21:52:25 -0800\r\n\r\nAt noon?',
  ].join('\r\n');
  await append(store, account, inbox, Buffer.from(lunch), {
    arrival: arrivalOf('mary@example.com', 'Received: here\r\n'),
    flags: { system: 5, keywords: ['$Important', 'Family'] },
    internalDate: Date.now(),
  });
  const [sent] = await sql<{ id: typeof inbox }[]>`
    select mailbox_id as id from mailboxes where account_id = ${account} and name = 'Sent'`;
  if (sent === undefined) throw new Error('no mailbox Sent');
  const refused = { outcome: 'refused', replyCode: 550, replyStatus: '5.7.26' } as const;
  await writeTransactions(
    sql,
    [transaction(1, { senderAccountId: account }), transaction(2, refused)],
    [{ hour: Date.now(), kind: 'received', messages: 1, lastAt: Date.now() }],
  );
  const answer = [
    'From: Mary Smith <mary@example.com>',
    'To: Bob <bob@example.com>',
    'Subject: Re: Lunch',
    'In-Reply-To: <lunch-1@example.com>',
    'Content-Type: multipart/mixed; boundary=b\r\n',
    '--b\r\n\r\nYes.',
    '--b\r\nContent-Type: image/png\r\nContent-Disposition: Attachment; filename=map.png\r\n',
    `${'x'.repeat(11 * 1024 * 1024)}\r\n--b--`,
  ].join('\r\n');
  await append(store, account, sent.id, Buffer.from(answer), { internalDate: Date.now() });
  await append(store, account, inbox, 'nobody', { internalDate: Date.now() });
  await sql`insert into aliases (domain_id, local_part) select domain_id, 'team' from domains`;
  await sql`
    insert into alias_entries (alias_id, domain, folded_part, local_part, is_member, may_post)
    select alias_id, 'example.com', 'mary', 'mary', true, false from aliases`;
  await sql`update installation set default_messages_a_day = 100`;
  await sql`select take_submission(${account}, '{}')`;
  await using content = await contentOf(store, 'Subject: waits\r\n\r\n');
  const delivery = { account, mailbox: null, arrival: arrivalOf('team@example.com') };
  await store.arrivals.keepWaiting(content, [{ delivery, failure: 'over-quota' }]);
}

/** As the role alone, which must be enough: who has a login of its own need not read only. */
function asReader<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
  return storage.sql.begin(async (tx) => {
    await tx`set local role postel_reader`;
    await tx`set local search_path = mail`;
    return work(tx);
  });
}

test('the document describes every view and column there is, and no other', async () => {
  const columns = await storage.sql<{ view: string; name: string; type: string }[]>`
    select c.relname as view, a.attname as name, format_type(a.atttypid, null) as type
      from pg_attribute as a join pg_class as c on c.oid = a.attrelid
     where c.relnamespace = 'mail'::regnamespace and a.attnum > 0 order by c.relname, a.attnum`;
  const there = Object.groupBy(columns, ({ view }) => view);
  expect(documented.map(({ view }) => view).sort()).toEqual(Object.keys(there).sort());
  for (const { view, columns } of documented) {
    expect(columns, view).toEqual(there[view]?.map(({ name, type }) => ({ name, type })));
  }
});

test('the document has examples', () => {
  expect(examples.length).toBeGreaterThan(10);
});

test.each(examples)('$title', async ({ sql }) => {
  const rows = await asReader((tx) => tx.unsafe(sql));
  expect(rows.length).toBeGreaterThan(0);
});

test('a message as people read it', async () => {
  const rows = await asReader(
    (tx) => tx<object[]>`
      select mailbox, uid, subject, from_field, from_address, to_field, to_addresses::text, cc_addresses::text, sent_at, message_id,
             has_attachments, is_seen, is_deleted, flags::text, keywords::text, preview
        from messages where account = 'mary' order by mailbox_id, uid`,
  );
  expect(rows).toEqual([
    {
      mailbox: 'INBOX',
      uid: 1,
      subject: 'Lunch',
      from_field: 'Bob <Bob@example.com>',
      from_address: 'bob@example.com',
      to_field: 'Mary Smith <mary@example.com>, ann@example.org',
      to_addresses: '{mary@example.com,ann@example.org}',
      cc_addresses: '{carl@example.net}',
      sent_at: new Date('1994-02-08T05:52:25Z'),
      message_id: 'lunch-1@example.com',
      has_attachments: false,
      is_seen: true,
      is_deleted: false,
      flags: '{"\\\\Seen","\\\\Flagged"}',
      keywords: '{$Important,Family}',
      preview: 'At noon?',
    },
    expect.objectContaining({ uid: 2, subject: 'nobody', from_field: null, from_address: null, to_addresses: '{}' }),
    expect.objectContaining({ mailbox: 'Sent', has_attachments: true, from_address: 'mary@example.com', flags: '{}' }),
  ]);
});

test('who may send how much, and has sent', async () => {
  const read = () =>
    asReader(
      (tx) => tx<object[]>`
        select messages_limit, message_octets_limit, messages, resets_at is not null as is_counted, keeps_sent
          from submission where account = 'mary'`,
    );
  const counted = { messages: 1, is_counted: true };
  expect(await read()).toEqual([{ messages_limit: 100, message_octets_limit: null, ...counted, keeps_sent: false }]);
});

test('copies that wait, with sizes that a Postel of before did not write down', async () => {
  const read = () =>
    asReader((tx) => tx<object[]>`select forward_path, sender, size_octets, last_failure from waiting`);
  const copy = { forward_path: 'team@example.com', sender: null, size_octets: 18, last_failure: 'over-quota' };
  expect(await read()).toEqual([copy]);
  await storage.sql`update waiting_deliveries set size_octets = null`;
  expect(await read()).toEqual([copy]);
});

test('a thread goes across mailboxes', async () => {
  const threads = await asReader(
    (tx) => tx<object[]>`select subject, messages, unseen from threads where account = 'mary' order by thread_id`,
  );
  expect(threads).toEqual([
    { subject: 'Lunch', messages: 2, unseen: 1 },
    { subject: 'nobody', messages: 1, unseen: 1 },
  ]);
});

test('who has no name, an address that is none, and a name that looks like an address', async () => {
  const rows = await storage.sql<object[]>`
    select address_in('a@Example.com') as plain, address_in('x <Evil@x> <b@x>') as evil, address_in('Mary <>') as none`;
  expect(rows).toEqual([{ plain: 'a@example.com', evil: 'b@x', none: null }]);
});

test.each([
  'select from public.credentials',
  'select from public.scram_parameters',
  'select from public.tls_public_keys',
  'select from public.dkim_keys',
  'select from public.login_attempts',
  'select from public.login_failures',
  'select from public.installation',
  'select from public.messages',
  'select from public.waiting_contents',
  'select from public.submission_limits',
  'select octets from public.contents',
  'update mail.accounts set octets = 0',
  'create table mail.more ()',
])('the reader may not: %s', async (statement) => {
  await expect(asReader((tx) => tx.unsafe(statement))).rejects.toThrow('permission denied');
});

describe('with many accounts', () => {
  beforeAll(async () => {
    const { sql } = storage;
    await sql`
      insert into accounts (name, next_uidvalidity) select 'many-' || n, 1 from generate_series(1, 800) as n`;
    await sql`
      insert into mailboxes (account_id, mailbox_id, name, uidvalidity, create_seq, mod_seq, highest_mod_seq)
      select account_id, 1, 'INBOX', 1, 1, 1, 1 from accounts where name like 'many-%'`;
    await sql`
      insert into contents (account_id, content_id, hash, size_octets, header_octets, octets, envelope, body_structure, body,
                            part_index, search_text, thread_keys)
      select account_id, 1000 + n, int8send(n), 1, 1, '', '', '', '', '', '', ''
        from accounts, generate_series(1, 100) as n where name like 'many-%'`;
    await sql`
      insert into messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id,
                            thread_id, size_octets, flags)
      select c.account_id, b.mailbox_id, c.content_id, 1, 1, now(), now(), c.content_id, c.content_id, c.content_id, 1, 0
        from contents as c join mailboxes as b on b.account_id = c.account_id and b.mailbox_id = 1 where c.content_id > 1000`;
    await sql`analyze`;
  });

  test.each([
    "select count(subject) from mail.messages where account = 'mary' and mailbox = 'INBOX'",
    "select subject from mail.messages where account = 'mary' and mailbox = 'INBOX' and uid = 1",
    "select count(*) from mail.messages where account = 'mary' and is_flagged",
    "select subject from mail.threads where account = 'mary'",
    "select unseen from mail.mailboxes where account = 'mary'",
    "select client_name from mail.deliveries where account = 'mary'",
  ])('only the rows of the account are read: %s', async (query) => {
    const plan = await asReader(async (tx) => {
      await tx`set local enable_seqscan = on`; // as everybody has it but Postel's own connections
      return tx.unsafe<{ 'QUERY PLAN': string }[]>(`explain ${query}`);
    });
    const text = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(text).not.toMatch(/Seq Scan on (messages|contents|keywords|tombstones)/);
  });
});

describe('the role', () => {
  /** The part of the migration that makes the role, for one of another name: that one is shared by all databases here. */
  const parts = readFileSync(new URL('../migrations/0009_tables.sql', import.meta.url), 'utf8')
    .split('--> statement-breakpoint')
    .filter((statement) => statement.includes('postel_reader'));
  const partsFor = (role: string) => parts.map((statement) => statement.replaceAll('postel_reader', role));

  async function makeLogin(attributes: string): Promise<string> {
    const name = `login_${crypto.randomUUID().replaceAll('-', '')}`;
    await storage.sql.unsafe(`create role ${name} login ${attributes}`);
    return name;
  }

  async function hasRole(name: string): Promise<boolean> {
    return (await storage.sql<object[]>`select from pg_roles where rolname = ${name}`).length > 0;
  }

  test('whoever may not make roles migrates all the same, and reads with rights of his own', async () => {
    const login = await makeLogin('');
    {
      await using database = await storage.makeBareDatabase(`owner ${login}`, login);
      await migrate(database.target);
      expect(await findReaderAccess(database.sql)).toEqual({ hasViews: true, mayTakeRole: false });
      expect(await database.sql<object[]>`select from mail.messages`).toHaveLength(0);
      const role = `${login}_reader`;
      for (const part of partsFor(role)) await database.sql.unsafe(part);
      expect(await hasRole(role)).toBe(false);
    }
    await storage.sql.unsafe(`drop role ${login}`);
  });

  test('whoever may make roles takes it', async () => {
    const login = await makeLogin('createrole');
    const role = `${login}_reader`;
    {
      await using database = await storage.makeBareDatabase(`owner ${login}`, login);
      await migrate(database.target);
      for (const part of partsFor(role)) await database.sql.unsafe(part);
      const read = database.sql.begin(async (tx) => {
        await tx.unsafe(`set local role ${role}`);
        return tx<object[]>`select from mail.messages`;
      });
      expect(await read).toHaveLength(0);
    }
    await storage.sql.unsafe(`drop role ${role}, ${login}`);
  });

  test('databases of one server that make it at once do not get into each other’s way', async () => {
    const role = `reader_${crypto.randomUUID().replaceAll('-', '')}`;
    await using stack = new AsyncDisposableStack();
    const databases = await Promise.all(Array.from({ length: 4 }, () => storage.makeBareDatabase()));
    for (const database of databases) stack.use(database);
    await Promise.all(databases.map(({ target }) => migrate(target)));
    await Promise.all(
      databases.map(async ({ sql }) => {
        for (const part of partsFor(role)) await sql.unsafe(part);
      }),
    );
    for (const { sql } of databases) {
      const [row] = await sql<
        { may: boolean }[]
      >`select has_table_privilege(${role}, 'mail.messages', 'select') as may`;
      expect(row?.may).toBe(true);
    }
    await stack.disposeAsync();
    await storage.sql.unsafe(`drop role ${role}`);
  });
});
