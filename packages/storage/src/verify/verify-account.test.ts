import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BlobDirectory } from '../blob-directory.ts';
import { type AccountId, accountId, type MailboxId, mailboxId } from '../ids.ts';
import { recoverAccount } from '../recover-account.ts';
import { releaseExpired } from '../release-expired.ts';
import { RemovedMail } from '../removed-mail.ts';
import { markRewound } from '../rewound.ts';
import { parseRights } from '../rights.ts';
import { append, arrivalOf, startStorage, type TestStorage } from '../storage-for-tests.ts';
import type { Finding } from './finding.ts';
import { type VerifyProgress, verifyAccount } from './verify-account.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

/** An account with a bit of everything: flags, keywords, prefixes, copies, tombstones, a mailbox deleted and one renamed. */
async function livelyAccount() {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  for (const system of [0, 1, 8, 9]) {
    await append(store, account, inbox, `message ${system}`, {
      flags: { system, keywords: system === 9 ? ['one', 'two'] : [] },
      arrival: system === 1 ? arrivalOf('mary@example.com', 'Received: here\r\n') : null,
    });
  }
  await store.mailboxes.create(account, 'Work/Old', null);
  const work = await store.mailboxes.find(account, 'Work/Old');
  if (work === null) throw new Error('the mailbox is not there');
  await store.copy(account, inbox, [{ first: 1, last: 4 }], work.id, 'whole');
  await store.changeFlags(account, inbox, [{ first: 1, last: 2 }], { system: 4, keywords: ['two'], mode: 'add' }, null);
  await store.expunge(account, inbox, [{ first: 1, last: 3 }]);
  for await (const _ of store.move(account, work.id, [{ first: 1, last: 1 }], inbox));
  await store.mailboxes.rename(account, 'Work/Old', 'Work/New');
  await store.mailboxes.create(account, 'Gone', null);
  const gone = await store.mailboxes.find(account, 'Gone');
  if (gone !== null) await store.mailboxes.delete(account, gone.id);
  return { account, inbox, work: work.id };
}

const blobs = () => new BlobDirectory(storage.blobDirectory);

async function problems(account: AccountId): Promise<readonly string[]> {
  const found = await Array.fromAsync(verifyAccount(storage.sql, account, { blobs: blobs() }));
  return found.map(asLine);
}

const asLine = ({ rule, mailbox, uid, problem }: Finding): string =>
  [rule, mailbox?.name, uid, problem].filter((part) => part != null).join(' ');

test('an account that only the store wrote to breaks no rule', async () => {
  const { account } = await livelyAccount();
  expect(await problems(account)).toEqual([]);
});

const WHERE = 'where account_id = $1 and mailbox_id = $2';

describe('what is broken is found', () => {
  test.for([
    ['counters INBOX its messages are 5, counted 4', `update mailboxes set messages = messages + 1 ${WHERE}`],
    ['counters INBOX its unseen are 1, counted 2', `update mailboxes set unseen = unseen - 1 ${WHERE}`],
    ['use its use is', 'update accounts set used_octets = used_octets + 1 where account_id = $1 and $2 > 0'],
    ['use its use is', 'update accounts set used_mailboxes = used_mailboxes + 1 where account_id = $1 and $2 > 0'],
    ['uids INBOX 5 its UID is not below UIDNEXT 5', `update mailboxes set uid_next = 5 ${WHERE}`],
    [
      'uids INBOX 3 its UID is also that of an expunged message',
      `insert into messages select account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id,
        email_id, thread_id, size_octets, prefix_octets, flags, keywords from tombstones ${WHERE} and uid = 3`,
    ],
    [
      'uids INBOX 5 its UID is above that of a message which came later',
      `update messages set create_seq = 1 ${WHERE} and uid = 5`,
    ],
    ['modseqs INBOX 5 it came at modseq', `update messages set create_seq = mod_seq + 1 ${WHERE} and uid = 5`],
    ['modseqs INBOX 5 its modseq 9999 is above the account', `update messages set mod_seq = 9999 ${WHERE} and uid = 5`],
    [
      'modseqs INBOX 3 its modseq 9999 is above the account',
      `update tombstones set mod_seq = 9999 ${WHERE} and uid = 3`,
    ],
    ['modseqs INBOX 5 its modseq', `update mailboxes set highest_mod_seq = 2 ${WHERE}`],
    ['modseqs INBOX 1 its change at modseq', `delete from changes ${WHERE}`],
    [
      'modseqs INBOX 1 its change at modseq',
      `update changes set uids = uids - int8multirange(int8range(1,2)) ${WHERE}`,
    ],
    ['modseqs its modseq is 3, while', 'update accounts set modseq = 3 where account_id = $1 and $2 > 0'],
    ['keywords INBOX 1 it has a keyword that', `update messages set keywords = '{77}' ${WHERE} and uid = 1`],
    [
      'keywords INBOX 4 the ids of its keywords do not ascend',
      `update messages set keywords = '{2,1}' ${WHERE} and uid = 4`,
    ],
    ['sizes INBOX 1 its size is', `update messages set size_octets = size_octets + 1 ${WHERE} and uid = 1`],
    [
      'sizes INBOX 2 its prefix should have',
      'update deliveries set prefix = prefix || prefix where account_id = $1 and $2 > 0',
    ],
    ['contents INBOX 1 its content', 'delete from contents where account_id = $1 and $2 > 0'],
    ['account INBOX 5 it has an id that', 'update accounts set next_object_id = 2 where account_id = $1 and $2 > 0'],
    ['account its next object id', 'update accounts set next_object_id = 2 where account_id = $1 and $2 > 0'],
    ['names it has no INBOX', `update mailboxes set name = 'Inbox2' ${WHERE}`],
    ['names Cafe\u0301 its name is not in Unicode form NFC', `update mailboxes set name = 'Cafe\u0301' ${WHERE}`],
    [
      'uidvalidity INBOX 9 mailboxes have its UIDVALIDITY',
      'update mailboxes set uidvalidity = 1 where account_id = $1 and $2 > 0',
    ],
    [
      'uidvalidity its next UIDVALIDITY is 1',
      'update accounts set next_uidvalidity = 1 where account_id = $1 and $2 > 0',
    ],
    [
      'checksums INBOX 1 the octets of its content',
      "update contents set octets = 'x' where account_id = $1 and $2 > 0",
    ],
    ['structure INBOX 1 of its content', "update contents set envelope = '()' where account_id = $1 and $2 > 0"],
    [
      'another header size, part index',
      "update contents set header_octets = 1, part_index = '' where account_id = $1 and $2 > 0",
    ],
    [
      'another summary',
      "update contents set subject = 'Another', sent_at = now(), thread_keys = '' where account_id = $1 and $2 > 0",
    ],
    ['another summary', "update contents set from_list = 'a@example.com' where account_id = $1 and $2 > 0"],
    [
      'another list of checksums',
      "update contents set blob_checksums = '\\x00000000' where account_id = $1 and $2 > 0",
    ],
    [
      'use it keeps 7 octets of removed messages',
      'update accounts set retained_octets = 7 where account_id = $1 and $2 > 0',
    ],
    [
      'is missing; the message is expunged',
      `delete from contents as c using tombstones as t where c.account_id = t.account_id and c.content_id = t.content_id
          and t.account_id = $1 and t.mailbox_id = $2 and not was_moved`,
    ],
    [
      'is missing; the message is expunged',
      `delete from contents as c using tombstones as t where c.account_id = t.account_id and c.content_id = t.content_id
          and t.account_id = $1 and t.mailbox_id <> $2 and was_moved`,
    ],
    ['modseqs INBOX it is pruned up to', `update mailboxes set pruned_seq = highest_mod_seq + 1 ${WHERE}`],
    ['keywords INBOX it has a keyword of an id', `update mailboxes set next_keyword_id = 1 ${WHERE}`],
    ['account table messages has rows of mailbox', `delete from mailboxes ${WHERE}`],
    [
      'account table annotations has 1 rows of mailboxes that do not exist',
      `insert into annotations (account_id, owner_id, mailbox_id, entry, value, create_seq, mod_seq)
       select account_id, account_id, 99999, '/shared/comment', 'x', 1, 1 from mailboxes ${WHERE}`,
    ],
    [
      'modseqs its modseq is',
      `insert into annotations (account_id, owner_id, mailbox_id, entry, value, create_seq, mod_seq)
       select account_id, account_id, 0, '/private/comment', 'x', 9999, 9999 from mailboxes ${WHERE}`,
    ],
  ] as const)('%s', async ([expected, damage]) => {
    const { account, inbox } = await livelyAccount();
    await damaged(damage, account, inbox);
    const found = await problems(account);
    expect(found).toContainEqual(expect.stringContaining(expected));

    const fixed = await Array.fromAsync(verifyAccount(storage.sql, account, { blobs: blobs(), fix: true }));
    const left = fixed.filter(({ isRepaired }) => !isRepaired).map(asLine);
    expect(left.every((line) => UNREPAIRABLE.test(line))).toBe(true);
    expect((await problems(account)).filter((line) => !UNREPAIRABLE.test(line))).toEqual([]);
  });
});

/** What `fix` leaves: nobody can tell what would be right. */
const UNREPAIRABLE = /came later|is missing|are not those that came|which does not exist|that do not exist/;

async function damaged(statement: string, account: AccountId, mailbox: MailboxId): Promise<void> {
  const { count } = await storage.sql.unsafe(statement, [account, mailbox]);
  expect(count).toBeGreaterThan(0);
}

describe('a content in a blob', () => {
  const large = Buffer.from(`Message-ID: <large@example.com>\r\n\r\n${'0123456789abcde\n'.repeat(20_000)}`);

  async function accountWithBlob() {
    const { account, inbox } = await storage.newAccount();
    await append(storage.store, account, inbox, large);
    const [row] = await storage.sql<
      { name: string }[]
    >`select blob_name as name from contents where account_id = ${account}`;
    const name = row?.name ?? '';
    return { account, path: join(storage.blobDirectory, name.slice(0, 2), name) };
  }

  test('is read whole', async () => {
    const { account } = await accountWithBlob();
    let octets = 0;
    const onProgress = ({ contentOctets = 0 }) => {
      octets += contentOctets;
    };
    expect(await Array.fromAsync(verifyAccount(storage.sql, account, { blobs: blobs(), onProgress }))).toEqual([]);
    expect(octets).toBe(large.length);
  });

  test.for([
    ['it is missing', (path: string) => rm(path)],
    ['ends at octet 7', (path: string) => truncate(path, 7)],
    [
      'their SHA-256 is another',
      async (path: string) => writeFile(path, (await readFile(path, 'latin1')).replace('0123', '0124')),
    ],
  ] as const)('%s', async ([expected, damage]) => {
    const { account, path } = await accountWithBlob();
    await damage(path);
    const found = await Array.fromAsync(verifyAccount(storage.sql, account, { blobs: blobs(), fix: true }));
    expect(found).toMatchObject([
      { uid: 1, messageId: '<large@example.com>', mailbox: { name: 'INBOX' }, isRepaired: false, repair: null },
    ]);
    expect(found[0]?.problem).toContain(expected);
    expect(found[0]?.advice).toContain('backup');
  });

  test('is not looked for without its store', async () => {
    const { account, path } = await accountWithBlob();
    await rm(path);
    expect(await Array.fromAsync(verifyAccount(storage.sql, account, { blobs: null }))).toEqual([]);
  });
});

test('a message whose size was wrong gets a new UID, because clients keep the size of a UID', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  for (const text of ['one', 'two'])
    await append(store, account, inbox, text, { flags: { system: 8, keywords: ['kept'] } });
  await sql`update messages set size_octets = 1 where account_id = ${account} and uid = 1`;
  await sql`update mailboxes set octets = 3, deleted_octets = 2 where account_id = ${account} and mailbox_id = ${inbox}`;
  await Array.fromAsync(verifyAccount(sql, account, { blobs: blobs(), fix: true }));
  expect(
    await sql`select uid, size_octets, flags, keywords from messages where account_id = ${account} order by uid`,
  ).toEqual([
    { uid: 2, size_octets: 16, flags: 8, keywords: '{1}' },
    { uid: 3, size_octets: 16, flags: 8, keywords: '{1}' },
  ]);
  expect(await problems(account)).toEqual([]);
});

test('contents that nothing needs are no finding, are counted, and go with a fix', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  await append(store, account, inbox, 'gone', { flags: { system: 8, keywords: [] } });
  await append(store, account, inbox, 'stays');
  await store.expunge(account, inbox, [{ first: 1, last: 1 }]);
  await sql`delete from tombstones where account_id = ${account}`;
  await sql`update accounts set retained_octets = 0 where account_id = ${account}`;
  for (const [fix, contents] of [
    [false, 2],
    [true, 1],
  ] as const) {
    let counted = 0;
    const onProgress = ({ imperfection }: VerifyProgress) => {
      if (imperfection === undefined) return;
      expect(imperfection).toMatchObject({ kind: 'orphans', isRepaired: fix });
      counted += imperfection.count;
    };
    expect(await Array.fromAsync(verifyAccount(sql, account, { blobs: blobs(), fix, onProgress }))).toEqual([]);
    expect(counted).toBe(1);
    expect(await sql`select from contents where account_id = ${account}`).toHaveLength(contents);
  }
});

test('deliveries that nothing needs are no finding, are counted, and go with a fix', async () => {
  const { store, sql } = storage;
  const { account, inbox } = await storage.newAccount();
  for (const text of ['gone', 'released', 'removed', 'stays']) {
    const flags = { system: text === 'stays' ? 0 : 8, keywords: [] };
    await append(store, account, inbox, text, { flags, arrival: arrivalOf('mary@example.com', 'Received: here\r\n') });
  }
  await store.expunge(account, inbox, [{ first: 1, last: 3 }]);
  await sql`delete from tombstones where account_id = ${account} and uid = 1`;
  await sql`update tombstones set content_id = null where account_id = ${account} and uid = 2`;
  await sql`
    update accounts as a set retained_octets = t.size_octets from tombstones as t
     where a.account_id = ${account} and t.account_id = a.account_id and t.uid = 3`;
  for (const fix of [false, true, true]) {
    const left = await sql<{ id: number }[]>`select email_id as id from deliveries where account_id = ${account}`;
    let counted = 0;
    const onProgress = ({ imperfection }: VerifyProgress) => {
      if (imperfection?.kind === 'deliveries') counted += imperfection.count;
    };
    expect(await Array.fromAsync(verifyAccount(sql, account, { blobs: blobs(), fix, onProgress }))).toEqual([]);
    expect(counted).toBe(left.length - 2);
  }
  expect(
    await sql`
    select uid from deliveries join (select account_id, email_id, uid from messages union all
                                     select account_id, email_id, uid from tombstones) as m using (account_id, email_id)
     where account_id = ${account} order by uid`,
  ).toEqual([{ uid: 3 }, { uid: 4 }]);
});

test('what others write meanwhile raises no false alarm', async () => {
  const { account, inbox } = await livelyAccount();
  const other = await storage.openStore();
  const removed = new RemovedMail(other.database, { onError() {} });
  let isDone = false;
  const writing = (async () => {
    for (let i = 0; i < 40; i++) {
      await append(other.store, account, inbox, `more ${i}`, { flags: { system: 8, keywords: [`k${i}`] } });
      await other.store.changeFlags(
        account,
        inbox,
        [{ first: 1, last: 999 }],
        { system: 1, keywords: [], mode: i % 2 ? 'add' : 'remove' },
        null,
      );
      if (i % 5 === 0) await other.store.expunge(account, inbox, [{ first: 1, last: 999 }]);
      if (i % 10 === 1) await Array.fromAsync(removed.restore(account, { mailbox: null, from: null, until: null }));
      if (i % 10 === 6) await Array.fromAsync(removed.purge(account, { mailbox: null, until: null }));
      if (i % 10 === 8) {
        await other.database
          .sql`update tombstones set expunged_at = now() - interval '30 days' where account_id = ${account}`;
        await releaseExpired(other.database.sql, {
          signal: AbortSignal.timeout(60_000),
          onProgress() {},
          onError() {},
        });
      }
    }
    isDone = true;
  })();
  let looks = 0;
  for (; !isDone; looks++) expect(await problems(account)).toEqual([]);
  await writing;
  await removed.close();
  expect(looks).toBeGreaterThan(1);
});

test('an account that went back in time is told in one finding, and nothing of it is repaired before recover', async () => {
  const { account } = await livelyAccount();
  const { sql } = storage;
  await sql`update accounts set used_messages = 77 where account_id = ${account}`;
  await markRewound(sql, [{ id: account, modseq: 1_000_000, uidvalidity: 1 }]);
  const found = await Array.fromAsync(verifyAccount(sql, account, { blobs: blobs(), fix: true }));
  expect(found.map(asLine)).toEqual([
    expect.stringMatching(/^account it was found on \S+ to have gone back in time.* while 1000000 had been seen$/),
    'use its use is 77 messages, while its mailboxes have 7',
  ]);
  expect(found[0]?.advice).toContain('`postel recover`');
  expect(found.map(({ isRepaired }) => isRepaired)).toEqual([false, false]);

  await recoverAccount(sql, account);
  await Array.fromAsync(verifyAccount(sql, account, { blobs: blobs(), fix: true }));
  expect(await problems(account)).toEqual([]);
});

test('summaries that were not filled in yet are no finding, and are left to be filled in', async () => {
  const { account } = await livelyAccount();
  const { sql } = storage;
  await sql`update contents set subject = null, thread_keys = null, thread_links = null, envelope = '()' where account_id = ${account}`;
  await Array.fromAsync(verifyAccount(sql, account, { blobs: blobs(), fix: true }));
  expect(await problems(account)).toEqual([]);
  expect(await sql`select from contents where account_id = ${account} and thread_keys is not null`).toHaveLength(0);
});

test('a database that goes away is told', async () => {
  const own = await storage.openStore();
  await own.database.close();
  const looking = Array.fromAsync(verifyAccount(own.database.sql, accountId(1), { blobs: null }));
  await expect(looking).rejects.toMatchObject({ kind: 'unavailable' });
});

describe('rights in the mailboxes of others', () => {
  /** Of the first account one mailbox is shared with the second, and one with everybody. */
  async function sharing() {
    const { store } = storage;
    const [owner, reader] = [await livelyAccount(), await storage.newAccount()];
    const edit = { mode: 'replace', rights: parseRights('lr') } as const;
    await store.sharing.setRights(owner.account, owner.inbox, { account: reader.account, isNegative: false }, edit);
    await store.sharing.setRights(owner.account, owner.work, { account: null, isNegative: false }, edit);
    return { owner: owner.account, reader: reader.account };
  }

  const fix = (account: AccountId) =>
    Array.fromAsync(verifyAccount(storage.sql, account, { blobs: blobs(), fix: true }));

  test('are as the lists say', async () => {
    const { owner, reader } = await sharing();
    expect([await problems(owner), await problems(reader)]).toEqual([[], []]);
  });

  test('that are not in table shares are put there', async () => {
    const { owner, reader } = await sharing();
    await damaged('delete from shares where owner_id = $1 and $2 > 0', owner, mailboxId(1));
    expect(await problems(owner)).toEqual([
      'rights its mailboxes give rights to everybody, which table shares does not say',
      `rights its mailboxes give rights to account ${reader}, which table shares does not say`,
    ]);
    expect(await fix(owner)).toMatchObject([{ isRepaired: true }, { isRepaired: true }]);
    expect(await problems(owner)).toEqual([]);
    const seen = await storage.store.sharing.listMailboxes(reader);
    expect(seen.filter(({ account }) => account === owner)).toHaveLength(2);
  });

  test('that only table shares knows of are taken out of it, be it the owner who is verified or the reader', async () => {
    const { owner, reader } = await sharing();
    const third = (await storage.newAccount()).account;
    await storage.sql`insert into shares (account_id, owner_id) values (${reader}, ${third}), (0, ${third}), (${third}, 999999)`;
    expect(await problems(reader)).toEqual([
      `rights table shares says that account ${third} gives rights to account ${reader}, which none of its mailboxes does`,
    ]);
    expect(await problems(third)).toEqual([
      `rights table shares says that account ${third} gives rights to everybody, which none of its mailboxes does`,
      `rights table shares says that account 999999 gives rights to account ${third}, which none of its mailboxes does`,
    ]);
    await fix(reader);
    await fix(third);
    expect([await problems(owner), await problems(reader), await problems(third)]).toEqual([[], [], []]);
  });

  test('of an account that is gone are taken away', async () => {
    const { owner } = await sharing();
    await storage.sql`
      insert into acls (account_id, mailbox_id, reader_id, is_negative, rights, mod_seq)
      select account_id, mailbox_id, 999999, false, 'lr', 1 from mailboxes where account_id = ${owner} and name = 'INBOX'`;
    await storage.sql`insert into shares (account_id, owner_id) values (999999, ${owner})`;
    expect(await problems(owner)).toEqual(['rights its mailboxes give rights to account 999999, which does not exist']);
    await fix(owner);
    expect(await problems(owner)).toEqual([]);
    expect(await storage.sql`select from shares where account_id = 999999 and owner_id = ${owner}`).toEqual([]);
  });
});

describe('the index of texts', () => {
  /** Two segments, and a few messages behind them. */
  async function indexedAccount() {
    const { store } = storage;
    const { account, inbox } = await storage.newAccount();
    for (const messages of [150, 151, 9]) {
      const arrival = arrivalOf('mary@example.com', 'Received: by needle\r\n');
      await Promise.all(
        Array.from({ length: messages }, (_, n) =>
          append(store, account, inbox, Buffer.from(`Subject: ${messages} ${n}\r\n\r\nstraw ${messages * n} é`), {
            arrival: n % 10 === 0 ? arrival : null,
          }),
        ),
      );
      await store.search.indexTexts({ signal: AbortSignal.timeout(60_000), onProgress() {} });
    }
    return account;
  }

  const found = (account: AccountId, text: string) =>
    storage.store.search.find(
      account,
      mailboxId(1),
      Uint32Array.from({ length: 310 }, (_, n) => n + 1),
      { type: 'text', text },
      { signal: AbortSignal.timeout(60_000), onProgress() {} },
    );

  test('is right when housekeeping made it, also after removals', async () => {
    const account = await indexedAccount();
    expect(await problems(account)).toEqual([]);
    await storage.store.expunge(account, mailboxId(1), [{ first: 1, last: 100 }]);
    expect(await problems(account)).toEqual([]);
    await storage.store.search.pruneTextIndex(account, AbortSignal.timeout(60_000));
    expect(await problems(account)).toEqual([]);
  });

  test.for([
    ['lacks 1 texts, the first of them', true, 'delete from text_index where account_id = $1 and segment_id = $2'],
    [
      'lacks 1 texts, the first of them',
      true,
      'update text_index set segment_id = segment_id + 1000 where account_id = $1 and segment_id = (select max(segment_id) from text_index where account_id = $1 and $2 > 0)',
    ],
    ['lacks rows', false, 'delete from text_index where account_id = $1 and segment_id = $2 and slot_row = 7'],
    [
      'has ids that cannot be',
      true,
      "update text_index set octets = octets || '\\xffffff7f' where account_id = $1 and segment_id = $2 and slot_row = 512",
    ],
    [
      'does not say all that is in the text',
      false,
      `update text_index set octets = decode(repeat('00', 128), 'hex') where account_id = $1 and segment_id = $2 and slot_row < 512`,
    ],
    [
      'does not say all that is in the text',
      false,
      "update contents set search_text = search_text || ' something else' where account_id = $1 and content_id = $2 - 3",
    ],
  ] as const)('%s', async ([expected, isSeenQuickly, damage]) => {
    const account = await indexedAccount();
    const [first] = await storage.sql<{ id: MailboxId }[]>`
      select min(segment_id) as id from text_index where account_id = ${account}`;
    await damaged(damage, account, first?.id ?? mailboxId(1));
    const [problem, ...others] = await problems(account);
    expect(others).toEqual([]);
    expect(problem?.replace(/lacks \d+/, 'lacks 1')).toContain(expected);
    expect(await Array.fromAsync(verifyAccount(storage.sql, account, { blobs: null }))).toHaveLength(
      isSeenQuickly ? 1 : 0,
    );
    const fixed = await Array.fromAsync(verifyAccount(storage.sql, account, { blobs: blobs(), fix: true }));
    expect(fixed).toMatchObject([{ rule: 'texts', isRepaired: true, mailbox: null }]);
    expect(await problems(account)).toEqual([]);
    expect(await found(account, 'straw')).toHaveLength(310);
    expect(await found(account, 'received: by needle')).toHaveLength(32);
  });
});
