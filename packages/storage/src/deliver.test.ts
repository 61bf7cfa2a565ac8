import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { append, arrivalOf, contentOf, recount, startStorage, type TestStorage } from './storage-for-tests.ts';
import { sweepWaiting } from './sweep-waiting.ts';
import type { Delivery } from './waiting-deliveries.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const accounts = (count: number) => Promise.all(Array.from({ length: count }, () => storage.newAccount()));
const deliveriesTo = (recipients: readonly { account: Delivery['account'] }[]): Delivery[] =>
  recipients.map(({ account }) => ({
    account,
    mailbox: null,
    arrival: arrivalOf(`${account}@example.com`, `Delivered-To: ${account}\r\n`),
  }));

async function counts(recipients: readonly { account: Delivery['account'] }[]) {
  const mailboxes = await Promise.all(recipients.map(({ account }) => storage.store.mailboxes.find(account, 'INBOX')));
  return mailboxes.map((mailbox) => mailbox?.messages);
}

test.each([
  ['in the row', 50],
  ['in a blob', 200_000],
])('a message %s goes to the INBOX of each, with what was put before it there', async (_, size) => {
  const { store, sql } = storage;
  const recipients = await accounts(3);
  const octets = randomBytes(size);
  await using content = await contentOf(store, octets);
  await store.arrivals.deliverToEach(content, deliveriesTo(recipients.toReversed()));
  for (const { account, inbox } of recipients) {
    const [message] = await store.fetchMessages(account, inbox, [1], { octets: true });
    if (message === undefined) throw new Error('no message');
    const { prefix, octets: inline, blob } = message;
    expect(prefix?.toString()).toBe(`Delivered-To: ${account}\r\n`);
    const stored = blob === null ? inline : Buffer.concat(await Array.fromAsync(store.readBlob(blob, 0, size)));
    expect(stored?.equals(octets)).toBe(true);
    expect(await recount(storage.database, account)).toEqual([]);
  }
  const names =
    await sql`select distinct blob_name from contents where account_id = any(${`{${recipients.map((r) => r.account).join()}}`}::bigint[])`;
  expect(names).toHaveLength(size > 1_000 ? 3 : 1);
});

test('one recipient twice has the message twice, its content once', async () => {
  const [mary, peter] = await accounts(2);
  if (mary === undefined || peter === undefined) throw new Error('no accounts');
  await using content = await contentOf(storage.store, randomBytes(200_000));
  await storage.store.arrivals.deliverToEach(content, deliveriesTo([mary, peter, mary]));
  expect(await counts([mary, peter])).toEqual([2, 1]);
  expect(await storage.sql`select count(*)::int as n from contents where account_id = ${mary.account}`).toEqual([
    { n: 1 },
  ]);
});

test('rule 1: many messages to the same recipients in any order, from two processes, all arrive', async () => {
  const recipients = await accounts(4);
  const other = await storage.openStore();
  await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const { store } = i % 2 === 0 ? storage : other;
      const turned = [...recipients.slice(i % 4), ...recipients.slice(0, i % 4)];
      await using content = await contentOf(store, `Subject: ${i}\r\n\r\n`);
      await store.arrivals.deliverToEach(content, deliveriesTo(i % 3 === 0 ? turned.toReversed() : turned));
    }),
  );
  expect(await counts(recipients)).toEqual([40, 40, 40, 40]);
  for (const { account } of recipients) expect(await recount(storage.database, account)).toEqual([]);
});

test('to nobody is nothing', async () => {
  await using content = await contentOf(storage.store, 'x');
  expect(await storage.store.arrivals.deliverToEach(content, [])).toEqual([]);
});

test.each([
  ['in the row', 50],
  ['in a blob', 200_000],
])('to each for itself, with a message %s: one that fails does not keep the others from it', async (_, size) => {
  const { store, sql } = storage;
  const recipients = await accounts(10);
  const [, full, gone] = recipients;
  await sql`update accounts set quota_octets = 10 where account_id = ${full?.account ?? 0}`;
  await sql`delete from mailboxes where account_id = ${gone?.account ?? 0}`;
  const before = await storage.blobs();
  {
    await using content = await contentOf(store, randomBytes(size));
    const outcomes = await store.arrivals.deliverToEach(content, deliveriesTo(recipients));
    expect(
      outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.kind : outcome.value.uid)),
    ).toEqual([1, 'over-quota', 'nonexistent', 1, 1, 1, 1, 1, 1, 1]);
  }
  const delivered = recipients.filter((recipient) => recipient !== full && recipient !== gone);
  expect(await counts(delivered)).toEqual(delivered.map(() => 1));
  for (const { account } of delivered) expect(await recount(storage.database, account)).toEqual([]);
  expect((await storage.blobs()).length - before.length).toBe(size > 1_000 ? delivered.length : 0);
});

test('deliveries and appends that wait for the same account stand side by side', async () => {
  const { store } = storage;
  const [mary] = await accounts(1);
  if (mary === undefined) throw new Error('no account');
  await Promise.all(
    Array.from({ length: 30 }, async (_, i) => {
      if (i % 3 === 0) return append(store, mary.account, mary.inbox, `appended ${i}`);
      await using content = await contentOf(store, `Subject: delivered ${i}\r\n\r\n`);
      return store.arrivals.deliverToEach(content, deliveriesTo([mary]));
    }),
  );
  expect(await counts([mary])).toEqual([30]);
  expect(await recount(storage.database, mary.account)).toEqual([]);
});

test('INBOX is the mailbox of that name at the time', async () => {
  const { store, sql } = storage;
  const [mary] = await accounts(1);
  if (mary === undefined) throw new Error('no account');
  await using content = await contentOf(store, 'Subject: x\r\n\r\n');
  await store.arrivals.deliverToEach(content, deliveriesTo([mary]));
  await sql`update mailboxes set name = 'Old' where account_id = ${mary.account} and mailbox_id = ${mary.inbox}`;
  await store.mailboxes.create(mary.account, 'INBOX', null);
  await store.arrivals.deliverToEach(content, deliveriesTo([mary]));
  await store.arrivals.deliverToEach(content, deliveriesTo([mary]));
  expect(await counts([mary])).toEqual([2]);
  expect((await store.mailboxes.find(mary.account, 'Old'))?.messages).toBe(1);
});

test.each([
  ['in the row', 50],
  ['in a blob', 1_200_000],
])('rule 5: a copy that its account cannot take now, %s, waits, and comes once it can', async (_, size) => {
  const { store, sql } = storage;
  const [mary, peter] = await accounts(2);
  if (mary === undefined || peter === undefined) throw new Error('no accounts');
  await sql`update accounts set quota_messages = 0 where account_id = ${mary.account}`;
  const octets = randomBytes(size);
  const before = (await storage.blobs()).length;
  {
    await using content = await contentOf(store, octets);
    const waiting = deliveriesTo([mary, peter]).map((delivery) => ({ delivery, failure: 'over-quota' }));
    await store.arrivals.keepWaiting(content, waiting);
  }
  expect(await counts([mary, peter])).toEqual([0, 0]);
  expect(await storage.blobs()).toHaveLength(before);

  expect(await store.arrivals.deliverWaiting()).toEqual({ delivered: 0, failed: 0 }); // none is due
  const later = new Date(Date.now() + 120_000);
  expect(await store.arrivals.deliverWaiting(later)).toEqual({ delivered: 1, failed: 0 });
  expect(await counts([mary, peter])).toEqual([0, 1]);
  expect(await store.arrivals.waitingUse([mary.account, peter.account])).toEqual(
    new Map([[mary.account, { copies: 1, octets: size }]]),
  );
  await sql`update accounts set quota_messages = null, quota_octets = ${size} where account_id = ${mary.account}`;
  expect(await store.arrivals.deliverWaiting(later)).toEqual({ delivered: 0, failed: 0 }); // what stands before it has no room
  await sql`update accounts set quota_octets = null where account_id = ${mary.account}`;
  expect(await store.arrivals.deliverWaiting(later)).toEqual({ delivered: 1, failed: 0 });
  expect(await counts([mary, peter])).toEqual([1, 1]);
  for (const { account, inbox } of [mary, peter]) {
    const [message] = await store.fetchMessages(account, inbox, [1], { octets: true });
    if (message === undefined) throw new Error('no message');
    const { prefix, octets: inline, blob } = message;
    expect(prefix?.toString()).toBe(`Delivered-To: ${account}\r\n`);
    const stored = blob === null ? inline : Buffer.concat(await Array.fromAsync(store.readBlob(blob, 0, size)));
    expect(stored?.equals(octets)).toBe(true);
    expect(await recount(storage.database, account)).toEqual([]);
  }
  expect(await sql`select from waiting_contents where account_id in (${mary.account}, ${peter.account})`).toHaveLength(
    0,
  );
});

test('a copy that cannot be delivered at all is told of, and keeps back none behind it', async () => {
  const { store, sql, errors } = storage;
  const [mary, peter] = await accounts(2);
  if (mary === undefined || peter === undefined) throw new Error('no accounts');
  await using content = await contentOf(store, 'Subject: x\r\n\r\n');
  for (const each of [mary, peter])
    await store.arrivals.keepWaiting(
      content,
      deliveriesTo([each]).map((delivery) => ({ delivery, failure: 'unavailable' })),
    );
  await sql`
    update waiting_deliveries set internal_date = 'infinity', next_attempt_at = now() where account_id = ${mary.account}`;
  const told = errors.length;
  const later = new Date(Date.now() + 120_000);
  expect(await store.arrivals.deliverWaiting(later)).toEqual({ delivered: 1, failed: 1 });
  expect(await counts([mary, peter])).toEqual([0, 1]);
  expect(errors.splice(told)).toHaveLength(1);
  expect(await sql`select attempts, last_failure from waiting_deliveries where account_id = ${mary.account}`).toEqual([
    { attempts: 1, last_failure: 'error' },
  ]);
  await sql`delete from waiting_deliveries where account_id = ${mary.account}`;
});

test('a copy that two processes deliver at the same time is delivered once', async () => {
  const { store, sql } = storage;
  const [mary] = await accounts(1);
  if (mary === undefined) throw new Error('no account');
  await using content = await contentOf(store, 'Subject: x\r\n\r\n');
  const waiting = deliveriesTo([mary]).map((delivery) => ({ delivery, failure: 'unavailable' }));
  await store.arrivals.keepWaiting(content, waiting);
  const later = new Date(Date.now() + 120_000);
  const other = await storage.openStore();
  const done = await Promise.all([store.arrivals.deliverWaiting(later), other.store.arrivals.deliverWaiting(later)]);
  expect(done.reduce((sum, { delivered }) => sum + delivered, 0)).toBe(1);
  expect(await counts([mary])).toEqual([1]);
  expect(await sql`select from waiting_deliveries where account_id = ${mary.account}`).toHaveLength(0);
});

test('a copy of an account that was removed while it was being kept goes', async () => {
  const { store, sql } = storage;
  await using content = await contentOf(store, 'Subject: x\r\n\r\n');
  const gone = 999_999_999 as Delivery['account'];
  await store.arrivals.keepWaiting(
    content,
    deliveriesTo([{ account: gone }]).map((delivery) => ({ delivery, failure: 'unavailable' })),
  );
  await sweepWaiting(sql, new Date());
  expect(await sql`select from waiting_deliveries where account_id = ${gone}`).toHaveLength(0);
});

test('a copy that finds no room because another took it comes later', async () => {
  const { store, sql } = storage;
  const [mary] = await accounts(1);
  if (mary === undefined) throw new Error('no account');
  await using content = await contentOf(store, 'Subject: x\r\n\r\n');
  const waiting = deliveriesTo([mary, mary]).map((delivery) => ({ delivery, failure: 'over-quota' }));
  await store.arrivals.keepWaiting(content, waiting);
  await sql`update accounts set quota_messages = 1 where account_id = ${mary.account}`;
  const later = new Date(Date.now() + 120_000);
  expect(await store.arrivals.deliverWaiting(later)).toEqual({ delivered: 1, failed: 1 });
  expect(await sql`select attempts, last_failure from waiting_deliveries where account_id = ${mary.account}`).toEqual([
    { attempts: 1, last_failure: 'over-quota' },
  ]);
  await sql`update accounts set quota_messages = null where account_id = ${mary.account}`;
  expect(await store.arrivals.deliverWaiting(later)).toEqual({ delivered: 0, failed: 0 }); // put off
  expect(await store.arrivals.deliverWaiting(new Date(Date.now() + 3_600_000))).toEqual({ delivered: 1, failed: 0 });
});

test('thousands of copies for one account keep no other`s from their turn', async () => {
  const { store, sql } = storage;
  const [mary, peter] = await accounts(2);
  if (mary === undefined || peter === undefined) throw new Error('no accounts');
  await using content = await contentOf(store, 'Subject: x\r\n\r\n');
  for (const each of [mary, peter])
    await store.arrivals.keepWaiting(
      content,
      deliveriesTo([each]).map((delivery) => ({ delivery, failure: 'unavailable' })),
    );
  // Hers are older, and have no content, so that each fails.
  await sql`
    insert into waiting_deliveries (account_id, delivery_id, system_flags, internal_date, prefix, reverse_path, forward_path, protocol,
                                    next_attempt_at, last_failure)
    select account_id, gen_random_uuid(), 0, 'infinity', prefix, '', '', '', now() - interval '1 day', 'test'
      from waiting_deliveries, generate_series(1, 3000) where account_id = ${mary.account}`;
  const { delivered, failed } = await store.arrivals.deliverWaiting(new Date(Date.now() + 120_000));
  expect(await counts([peter])).toEqual([1]);
  expect(delivered + failed).toBe(1_000);
  expect((await store.arrivals.waitingUse([mary.account])).get(mary.account)?.copies).toBeGreaterThan(2_000);
  storage.errors.length = 0;
  await sql`delete from waiting_deliveries where account_id = ${mary.account}`;
});

test('of copies that need not be kept only some wait', async () => {
  const { store, sql } = storage;
  const [mary] = await accounts(1);
  if (mary === undefined) throw new Error('no account');
  await using content = await contentOf(store, 'Subject: x\r\n\r\n');
  const waiting = deliveriesTo([mary]).map((delivery) => ({ delivery, failure: 'over-quota', most: 2 }));
  await store.arrivals.keepWaiting(content, waiting);
  await store.arrivals.keepWaiting(content, waiting);
  await expect(store.arrivals.keepWaiting(content, waiting)).rejects.toMatchObject({ kind: 'over-quota' });
  for (const table of ['waiting_deliveries', 'waiting_contents']) {
    expect(await sql`select from ${sql(table)} where account_id = ${mary.account}`).toHaveLength(2);
    await sql`delete from ${sql(table)} where account_id = ${mary.account}`;
  }
});

test('a copy for a disabled account waits until it is enabled, and octets without a row go after a day', async () => {
  const { store, sql } = storage;
  const [mary] = await accounts(1);
  if (mary === undefined) throw new Error('no account');
  await using content = await contentOf(store, 'Subject: x\r\n\r\n');
  await sql`update accounts set is_disabled = true where account_id = ${mary.account}`;
  await store.arrivals.keepWaiting(
    content,
    deliveriesTo([mary]).map((delivery) => ({ delivery, failure: 'disabled' })),
  );
  const later = new Date(Date.now() + 3_600_000);
  expect(await store.arrivals.deliverWaiting(later)).toEqual({ delivered: 0, failed: 0 });
  await sql`update accounts set is_disabled = false where account_id = ${mary.account}`;
  expect(await store.arrivals.deliverWaiting(later)).toEqual({ delivered: 1, failed: 0 });

  await sql`
    insert into waiting_contents (account_id, delivery_id, chunk, octets, stored_at)
    values (${mary.account}, gen_random_uuid(), 0, 'x', now() - interval '2 days')`;
  expect(await sweepWaiting(sql, new Date())).toMatchObject({ waitingPieces: 1 });
  expect(await sql`select from waiting_contents where account_id = ${mary.account}`).toHaveLength(0);
});

describe('a copy that has waited for too long', () => {
  const REPORT = { octets: Buffer.from('Subject: not delivered\r\n\r\n'), arrival: arrivalOf('john') };

  /** For Mary, who is full, from John. */
  async function begin(sender: (names: { mary: string; john: string }) => string | null) {
    const { store, sql } = storage;
    const [mary, john] = await accounts(2);
    if (mary === undefined || john === undefined) throw new Error('no accounts');
    const nameOf = async ({ account }: { account: Delivery['account'] }) => {
      const [row] = await sql<{ name: string }[]>`select name from accounts where account_id = ${account}`;
      return row?.name ?? '';
    };
    const names = { mary: await nameOf(mary), john: await nameOf(john) };
    await sql`update accounts set quota_messages = 0 where account_id = ${mary.account}`;
    await using content = await contentOf(store, 'Subject: x\r\n\r\ntext');
    const waiting = deliveriesTo([mary]).map(({ arrival, ...delivery }) => ({
      delivery: { ...delivery, arrival: { ...arrival, details: { ...arrival.details, sender: sender(names) } } },
      failure: 'over-quota',
    }));
    await store.arrivals.keepWaiting(content, waiting);
    await sql`update waiting_deliveries set next_attempt_at = now() where account_id = ${mary.account}`;
    const givenUp: [string, boolean][] = [];
    const giveUp = (report: typeof REPORT | null = REPORT, before = new Date(Date.now() + 1_000)) =>
      store.arrivals.giveUpWaiting({
        before,
        reportOn: ({ beginning }) => (beginning.toString() === 'Subject: x\r\n\r\ntext' ? report : null),
        sendReport: async () => true,
        onGivenUp: ({ accountName }, isTold) => givenUp.push([accountName, isTold]),
      });
    const left = async () => (await store.arrivals.waitingUse([mary.account])).size;
    const end = () => sql`delete from waiting_deliveries where account_id = ${mary.account}`;
    return { mary, john, names, giveUp, givenUp, left, end };
  }

  test('is given up in the transaction that tells its sender, once', async () => {
    const { john, names, giveUp, givenUp, left } = await begin((names) => names.john);
    expect(await giveUp(REPORT, new Date(Date.now() - 60_000))).toEqual({ told: 0, untold: 0, failed: 0 }); // not yet
    const done = await Promise.all([giveUp(), giveUp()]);
    expect(done.reduce((sum, { told, untold }) => sum + told + untold, 0)).toBe(1);
    expect(givenUp).toEqual([[names.mary, true]]); // and not by whoever came second
    expect(await left()).toBe(0);
    expect(await counts([john])).toEqual([1]);
    expect(await recount(storage.database, john.account)).toEqual([]);
  });

  test('goes on waiting while its sender has no room for the news', async () => {
    const { john, giveUp, left } = await begin((names) => names.john);
    const { sql } = storage;
    await sql`update accounts set quota_messages = 0 where account_id = ${john.account}`;
    expect(await giveUp()).toEqual({ told: 0, untold: 0, failed: 1 });
    expect(await left()).toBe(1);
    expect(await giveUp()).toEqual({ told: 0, untold: 0, failed: 0 }); // put off
    await sql`update accounts set quota_messages = null where account_id = ${john.account}`;
    await sql`update waiting_deliveries set next_attempt_at = now()`;
    expect(await giveUp()).toEqual({ told: 1, untold: 0, failed: 0 });
  });

  test('goes without a word if its sender is gone, or wants none', async () => {
    const gone = await begin(() => 'nobody');
    expect(await gone.giveUp()).toEqual({ told: 0, untold: 1, failed: 0 });
    const silent = await begin((names) => names.john);
    expect(await silent.giveUp(null)).toEqual({ told: 0, untold: 1, failed: 0 });
    expect([await gone.left(), await silent.left(), ...(await counts([silent.john]))]).toEqual([0, 0, 0]);
  });

  test('tells nobody who got the name of its sender later', async () => {
    const { john, names, giveUp } = await begin((names) => names.john);
    await storage.sql`update accounts set created_at = now() + interval '1 day' where name = ${names.john}`;
    expect(await giveUp()).toEqual({ told: 0, untold: 1, failed: 0 });
    expect(await counts([john])).toEqual([0]);
  });

  test.each([
    ['another server', () => null],
    ['the account itself', ({ mary }: { mary: string }) => mary],
  ])('and came from %s goes on waiting', async (_, sender) => {
    const { giveUp, left, end } = await begin(sender);
    expect(await giveUp()).toEqual({ told: 0, untold: 0, failed: 0 });
    expect(await left()).toBe(1);
    await end();
  });
});
