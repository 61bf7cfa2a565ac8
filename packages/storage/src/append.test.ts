import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FetchedMessage } from './fetch-messages.ts';
import type { AccountId, MailboxId } from './ids.ts';
import type { EnvelopeDetails } from './received-envelope.ts';
import {
  append,
  arrivalOf,
  contentOf,
  messageOf,
  recount,
  startStorage,
  type TestStorage,
} from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

async function fetchOne(account: AccountId, mailbox: MailboxId, uid: number): Promise<FetchedMessage> {
  const [message] = await storage.store.fetchMessages(account, mailbox, [uid], { octets: true });
  if (message === undefined) throw new Error(`no message ${uid}`);
  return message;
}

async function octetsOf(message: FetchedMessage): Promise<Buffer> {
  const { prefix, octets, blob } = message;
  const content =
    blob === null
      ? [octets ?? Buffer.alloc(0)]
      : await Array.fromAsync(storage.store.readBlob(blob, 0, blob.sizeOctets));
  return Buffer.concat([prefix ?? Buffer.alloc(0), ...content]);
}

test.each([
  ['nothing', Buffer.alloc(0)],
  ['every octet', Buffer.from(Array.from({ length: 256 }, (_, i) => i))],
  ['no line end at the end', Buffer.from('Subject: x\r\n\r\nbody')],
  ['no header', Buffer.from('\r\n\r\n.\r\n')],
  ['quotes, backslashes and braces', Buffer.from('Subject: {"\\x00","NULL"}\r\n\r\n\\x')],
  ['128 kB', randomBytes(128 * 1024)],
  ['128 kB and one octet', randomBytes(128 * 1024 + 1)],
  ['30 MB', randomBytes(30 * 1024 * 1024)],
])('rule 4: a message of %s comes back octet for octet', async (_, octets) => {
  const { account, inbox } = await storage.newAccount();
  await append(storage.store, account, inbox, octets);
  const message = await fetchOne(account, inbox, 1);
  expect(message.sizeOctets).toBe(octets.length);
  expect((await octetsOf(message)).equals(octets)).toBe(true);
});

test.each([[100], [200_000]])(
  'rule 4: what Postel puts before %i octets counts as part of the message',
  async (size) => {
    const { store, sql } = storage;
    const { account, inbox } = await storage.newAccount();
    const octets = Buffer.concat([Buffer.from('Subject: x\r\n\r\n'), randomBytes(size)]);
    const prefix = 'Return-Path: <sender@example.com>\r\nReceived: from x\r\n\tby y\r\n';
    await append(store, account, inbox, octets, { arrival: arrivalOf('mary@example.com', prefix) });
    const message = await fetchOne(account, inbox, 1);
    expect(message).toMatchObject({ prefixOctets: prefix.length, sizeOctets: prefix.length + octets.length });
    expect((await octetsOf(message)).equals(Buffer.concat([Buffer.from(prefix), octets]))).toBe(true);
    expect(await sql`select hash from contents where account_id = ${account}`).toEqual([
      { hash: createHash('sha256').update(octets).digest() },
    ]);
    expect(await recount(storage.database, account)).toEqual([]);
  },
);

test('rule 4: the envelope a message came in is kept, and has no say in what stands in it', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await append(store, account, inbox, 'one', {
    arrival: { ...arrivalOf('"a,\\"b}"@example.com'), reversePath: '', clientAddress: null, clientName: '{NULL}' },
  });
  await append(store, account, inbox, 'two');
  await append(store, account, inbox, 'three', {
    arrival: { ...arrivalOf('mary@example.com'), clientAddress: 'fe80::1%eth0', clientName: null },
  });
  expect(
    await sql`select reverse_path, forward_path, protocol, client_address::text, client_name from deliveries
               where account_id = ${account}`,
  ).toEqual([
    {
      reverse_path: '',
      forward_path: '"a,\\"b}"@example.com',
      protocol: 'ESMTP',
      client_address: null,
      client_name: '{NULL}',
    },
    {
      reverse_path: 'sender@example.com',
      forward_path: 'mary@example.com',
      protocol: 'ESMTP',
      client_address: 'fe80::1/128',
      client_name: null,
    },
  ]);
});

test('rule 4: what came by extensions of SMTP is kept with the envelope, and read with it', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  const details: EnvelopeDetails = {
    id: '0123456789-1',
    sender: 'bob',
    submitter: '',
    tls: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' },
    body: 'BINARYMIME',
    isUtf8: true,
    requiresTls: true,
    envelopeId: 'a+20"b\\',
    returnContent: 'HDRS',
    releaseRequest: 'for;86400',
    recipients: [
      { forwardPath: 'mary@example.com', notify: ['SUCCESS', 'DELAY'], originalRecipient: 'rfc822;mary@example.com' },
      { forwardPath: 'märy@example.com', notify: null, originalRecipient: null },
    ],
    results: 'mx.example.com; spf=pass',
  };
  const arrivals = [{ ...arrivalOf('mary@example.com'), details }, arrivalOf('mary@example.com')];
  for (const arrival of arrivals) await append(store, account, inbox, 'one', { arrival });
  await append(store, account, inbox, 'two');
  await sql`update deliveries set details = null where account_id = ${account} and details = '{}'`; // as of a Postel that kept none
  const messages = await store.fetchMessages(account, inbox, [1, 2, 3], { arrival: true });
  const { prefix, ...plain } = arrivalOf('mary@example.com');
  const recipients = [{ forwardPath: 'mary@example.com', notify: null, originalRecipient: null }];
  expect(messages.map(({ arrival }) => arrival)).toEqual([
    { ...plain, details, receivedAt: expect.any(Number) },
    { ...plain, details: { ...plain.details, recipients }, receivedAt: expect.any(Number) },
    null,
  ]);
  expect(messages[0]?.arrival?.receivedAt).toBe(messages[0]?.saveDate);
  const rows = await sql`
    select forward_paths, sender, submitter, tls_version, tls_cipher, body_type, is_utf8, requires_tls, envelope_id,
           return_content, notify, original_recipient, results
      from mail.deliveries where account_id = ${account} order by email_id`;
  expect(rows).toEqual([
    {
      forward_paths: '{mary@example.com,märy@example.com}',
      sender: 'bob',
      submitter: '',
      tls_version: 'TLSv1.3',
      tls_cipher: 'TLS_AES_128_GCM_SHA256',
      body_type: 'BINARYMIME',
      is_utf8: true,
      requires_tls: true,
      envelope_id: 'a+20"b\\',
      return_content: 'HDRS',
      notify: '{SUCCESS,DELAY}',
      original_recipient: 'rfc822;mary@example.com',
      results: 'mx.example.com; spf=pass',
    },
    expect.objectContaining({ forward_paths: '{mary@example.com}', sender: null, is_utf8: false, notify: '{}' }),
  ]);
});

test('rule 4: content is stored once per account and hash, in the row and as a blob', async () => {
  const { store, sql } = storage;
  const [mary, peter] = [await storage.newAccount(), await storage.newAccount()];
  const blobsBefore = (await storage.blobs()).length;
  for (const octets of [Buffer.from('Subject: same\r\n\r\n'), randomBytes(200_000)]) {
    for (const { account, inbox } of [mary, mary, peter]) {
      const message = await messageOf(store, inbox, octets);
      await store.arrivals.append(account, message);
      await message.content.discard();
    }
  }
  const counted = await sql`
    select account_id, count(*)::int as contents, count(distinct blob_name)::int as blobs
      from contents where account_id in (${mary.account}, ${peter.account}) group by account_id order by account_id`;
  expect(counted).toEqual([
    { account_id: mary.account, contents: 2, blobs: 1 },
    { account_id: peter.account, contents: 2, blobs: 1 },
  ]);
  expect(await storage.blobs()).toHaveLength(blobsBefore + 2);
  expect(await recount(storage.database, mary.account)).toEqual([]);
});

test('hardening 48: one content goes to several accounts one after the other, each with a blob of its own', async () => {
  const { store } = storage;
  const octets = randomBytes(200_000);
  const [mary, peter, full] = [await storage.newAccount(), await storage.newAccount(), await storage.newAccount()];
  await storage.sql`update accounts set quota_octets = 0 where account_id = ${full.account}`;
  const before = await storage.blobs();
  {
    await using content = await contentOf(store, octets);
    const message = { content, flags: { system: 0, keywords: [] }, internalDate: 0, arrival: null };
    await expect(store.arrivals.append(full.account, { ...message, mailbox: full.inbox })).rejects.toMatchObject({
      kind: 'over-quota',
    });
    for (const { account, inbox } of [mary, peter])
      await store.arrivals.append(account, { ...message, mailbox: inbox });
  }
  const [marys, peters] = [await fetchOne(mary.account, mary.inbox, 1), await fetchOne(peter.account, peter.inbox, 1)];
  const made = (await storage.blobs()).filter((name) => !before.includes(name));
  expect(made.sort()).toEqual([marys.blob?.name, peters.blob?.name].sort());
  expect(new Set(made).size).toBe(2);
  for (const message of [marys, peters]) expect((await octetsOf(message)).equals(octets)).toBe(true);
});

test('a message that is refused leaves no blob once its content is discarded', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  await storage.sql`update accounts set quota_messages = 0 where account_id = ${account}`;
  const before = await storage.blobs();
  const message = await messageOf(store, inbox, randomBytes(200_000));
  await expect(store.arrivals.append(account, message)).rejects.toMatchObject({ kind: 'over-quota' });
  await message.content.discard();
  expect(await storage.blobs()).toEqual(before);
});

test.each([
  ['octets', 'quota_octets', 17 + 17, 2],
  ['messages', 'quota_messages', 2, 2],
])(
  'hardening 56: 100 appends at once take the quota of %s to its limit and not above',
  async (_, column, limit, fitting) => {
    const { account, inbox } = await storage.newAccount();
    await storage.sql`update accounts set ${storage.sql(column)} = ${limit} where account_id = ${account}`;
    const other = await storage.openStore();
    const stores = [storage.store, other.store];
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, (_, i) =>
        append(stores[i % 2] ?? storage.store, account, inbox, String(i % 10).padEnd(4)),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(fitting);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ kind: 'over-quota' });
    }
    expect(await recount(storage.database, account)).toEqual([]);
  },
);

test('the room that there is is told to the last octet and message', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  const room = async () => (await store.mailboxes.find(account, 'INBOX'))?.roomOctets;
  await append(store, account, inbox, 'x'); // 14 octets
  expect(await room()).toBe(null);
  await sql`update accounts set quota_octets = 100 where account_id = ${account}`;
  expect(await room()).toBe(86);
  await sql`update accounts set quota_messages = 2 where account_id = ${account}`;
  expect(await room()).toBe(86);
  await sql`update accounts set quota_octets = 13 where account_id = ${account}`;
  expect(await room()).toBe(0);
  await sql`update accounts set quota_octets = null where account_id = ${account}`;
  expect(await room()).toBe(null);
  await sql`update accounts set quota_messages = 1 where account_id = ${account}`;
  expect(await room()).toBe(0);
});

test('rule 3: UIDs ascend, and a removed one does not come back', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  const uids = async (count: number) => {
    const appended = [];
    for (let i = 0; i < count; i++) appended.push((await append(store, account, inbox, `${i}`)).uid);
    return appended;
  };
  expect(await uids(3)).toEqual([1, 2, 3]);
  await store.changeFlags(account, inbox, [{ first: 2, last: 3 }], { mode: 'add', system: 8, keywords: [] }, null);
  await store.expunge(account, inbox, [{ first: 1, last: 3 }]);
  expect(await uids(2)).toEqual([4, 5]);
});

test('rule 3: a mailbox whose UIDs are used up takes no message', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await sql`update mailboxes set uid_next = 4294967295 where account_id = ${account} and mailbox_id = ${inbox}`;
  expect(await append(store, account, inbox, 'last')).toMatchObject({ uid: 4294967295 });
  await expect(append(store, account, inbox, 'none')).rejects.toMatchObject({ kind: 'uid-exhausted' });
  const [message] = await store.fetchMessages(account, inbox, [4294967295], {});
  expect(message).toMatchObject({ uid: 4294967295 });
});

test('an append that comes to nothing takes neither modseq nor quota', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await append(store, account, inbox, 'first');
  const state = () =>
    sql`select modseq, next_object_id, used_octets, used_messages from accounts where account_id = ${account}`;
  const before = await state();
  const gone = (inbox + 100) as MailboxId;
  await expect(append(store, account, gone, 'x')).rejects.toMatchObject({ kind: 'nonexistent' });
  await expect(append(store, account, gone, 'x', { flags: { system: 8, keywords: [] } })).rejects.toThrow();
  await sql`update mailboxes set uid_next = 4294967296 where account_id = ${account} and mailbox_id = ${inbox}`;
  await expect(append(store, account, inbox, 'x')).rejects.toMatchObject({ kind: 'uid-exhausted' });
  expect(await state()).toEqual(before);
});

test('messages that come together are appended with and without keywords, flags, room and mailboxes alike', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  const drafts = (await store.mailboxes.find(account, 'Drafts'))?.id ?? inbox;
  const plain = { system: 0, keywords: [] };
  for (const flags of [
    [plain, plain, plain],
    [plain, { system: 1, keywords: [] }, { system: 9, keywords: [] }],
    [plain, { system: 0, keywords: ['Work'] }, plain],
  ]) {
    for (const other of [inbox, drafts]) {
      await Promise.all(
        flags.map((flag, i) => append(store, account, i === 1 ? other : inbox, `text ${i % 2}`, { flags: flag })),
      );
    }
  }
  expect(await recount(storage.database, account)).toEqual([]);
  const [{ used_messages: used = 0 } = {}] =
    await sql`select used_messages from accounts where account_id = ${account}`;
  expect(used).toBe(18);
  await sql`update accounts set quota_messages = 20 where account_id = ${account}`;
  const done = await Promise.allSettled(
    Array.from({ length: 5 }, (_, i) => append(store, account, inbox, `more ${i}`)),
  );
  expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('rule 1: modseq order is commit order, however many write at once', async () => {
  const { account, inbox } = await storage.newAccount();
  const other = await storage.openStore();
  const order: number[] = [];
  await Promise.all(
    [storage.store, other.store].flatMap((store) =>
      Array.from({ length: 4 }, async (_, writer) => {
        for (let i = 0; i < 10; i++) {
          await append(store, account, inbox, `${writer} ${i}`);
          // Who has seen modseq n has seen everything up to n.
          const [seen] = await storage.sql<{ modseq: number; unseen: number }[]>`
            select a.modseq, a.modseq - b.highest_mod_seq as unseen from accounts as a join mailboxes as b using (account_id)
             where account_id = ${account} and mailbox_id = ${inbox}`;
          order.push(seen?.unseen ?? -1);
        }
      }),
    ),
  );
  expect(order).toEqual(order.map(() => 0));
  const rows = await storage.sql<{ uid: number; create_seq: number }[]>`
    select uid, create_seq from messages where account_id = ${account} order by uid`;
  expect(rows.map(({ uid }) => uid)).toEqual(rows.map((_, i) => i + 1));
  for (const [i, row] of rows.entries()) expect(row.create_seq).toBeGreaterThanOrEqual(rows[i - 1]?.create_seq ?? 0);
});

test('dates come back to the millisecond', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  const dates = [0, 1, 999, 1_700_000_000_123, -1, -62_135_596_800_000, 253_402_300_799_999];
  for (const internalDate of dates) await append(store, account, inbox, 'x', { internalDate });
  const before = Date.now();
  const messages = await store.fetchMessages(account, inbox, [1, 2, 3, 4, 5, 6, 7], {});
  expect(messages.map(({ internalDate }) => internalDate)).toEqual(dates);
  for (const { saveDate } of messages) expect(Math.abs(saveDate - before)).toBeLessThan(60_000);
});

test.each([
  ['an account', 999_999, 1],
  ['a mailbox', null, 999_999],
])('an append to %s that is not there is refused', async (_, account, mailbox) => {
  const own = await storage.newAccount();
  const target = (account ?? own.account) as AccountId;
  await expect(append(storage.store, target, mailbox as MailboxId, 'x')).rejects.toMatchObject({ kind: 'nonexistent' });
});

test('hardening 65: an append that never reached the database is unavailable, and leaves no blob', async () => {
  const { store } = await storage.openStore({
    target: { socketDirectory: '/nonexistent', database: 'x', user: 'x' },
    isDeaf: true,
  });
  const { account, inbox } = await storage.newAccount();
  const before = await storage.blobs();
  const message = await messageOf(store, inbox, randomBytes(200_000));
  await expect(store.arrivals.append(account, message)).rejects.toMatchObject({ kind: 'unavailable' });
  await message.content.discard();
  expect(await storage.blobs()).toEqual(before);
});
