import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeAccountMail } from './accounts.ts';
import { StorageError } from './errors.ts';
import { SystemFlag } from './flags.ts';
import type { HeldMessage, ReleasedMessage } from './held-messages.ts';
import { arrivalOf, contentOf, recount, startStorage, type TestStorage } from './storage-for-tests.ts';
import { sweepWaiting } from './sweep-waiting.ts';
import { OWN_COPIES_WAITING } from './waiting-deliveries.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

type Account = Awaited<ReturnType<TestStorage['newAccount']>>;

const MOST = { messages: 3, octets: 3_000_000 };
const TOMORROW = new Date(Date.now() + 86_400_000);
const DAY_AFTER = new Date(TOMORROW.getTime() + 86_400_000);

/** One of mary's, to be released tomorrow. */
function heldFor(sender: Account, recipients: readonly Account[], releaseAt = TOMORROW): HeldMessage {
  return {
    sender: sender.account,
    releaseAt,
    request: 'for;86400',
    reversePath: 'mary@example.com',
    deliveries: recipients.map(({ account }) => ({
      account,
      mailbox: null,
      arrival: { ...arrivalOf('mary@example.com', `Delivered-To: ${account}\r\n`), clientAddress: 'fe80::1%lo' },
    })),
  };
}

async function hold(sender: Account, recipients: readonly Account[], octets: Buffer = randomBytes(50)) {
  await using content = await contentOf(storage.store, octets);
  await storage.store.arrivals.holdMessage(content, heldFor(sender, recipients), MOST);
}

async function accounts(count: number): Promise<readonly [Account, Account, Account]> {
  const all = await Promise.all(Array.from({ length: count }, () => storage.newAccount()));
  const [mary, peter, paul] = all;
  if (mary === undefined || peter === undefined || paul === undefined) throw new Error('no accounts');
  return [mary, peter, paul];
}

const count = async ({ account }: Account) => (await storage.store.mailboxes.find(account, 'INBOX'))?.messages;

type Fetched = Awaited<ReturnType<TestStorage['store']['fetchMessages']>>[number];

async function octetsOf(message: Fetched | undefined): Promise<Buffer> {
  const { blob = null, octets = null } = message ?? {};
  if (blob === null) return octets ?? Buffer.alloc(0);
  return Buffer.concat(await Array.fromAsync(storage.store.readBlob(blob, 0, blob.sizeOctets)));
}

/** Rows of messages that mary has held, in three tables. */
async function rowsOf({ account }: Account): Promise<readonly number[]> {
  const rows = ['held_messages', 'held_copies', 'held_contents'].map(
    (table) => storage.sql`select from ${storage.sql(table)} where account_id = ${account}`,
  );
  return (await Promise.all(rows)).map(({ length }) => length);
}

test.each([
  ['in the row', 50, 1],
  ['in a blob', 1_200_000, 3],
])('a message %s is delivered to each when its time has come, not before, and once', async (_, size, chunks) => {
  const { store } = storage;
  const [mary, peter, paul] = await accounts(3);
  const octets = randomBytes(size);
  await hold(mary, [peter, paul], octets);
  expect(await rowsOf(mary)).toEqual([1, 2, chunks]);
  expect(await store.arrivals.heldUse(mary.account)).toEqual({ messages: 1, octets: size });

  await store.arrivals.releaseHeld(new Date(TOMORROW.getTime() - 1));
  expect([await count(peter), await count(paul)]).toEqual([0, 0]);
  const released: ReleasedMessage[] = [];
  const reportOn = async (message: ReleasedMessage) => {
    released.push(message);
    return null;
  };
  const done = await store.arrivals.releaseHeld(TOMORROW, { reportOn });
  expect(done).toEqual({ released: 1, delivered: 2, waiting: 0 });
  expect(released).toMatchObject([{ sender: mary.account, request: 'for;86400', reversePath: 'mary@example.com' }]);
  expect(released[0]?.delivered).toHaveLength(2);
  expect(await rowsOf(mary)).toEqual([0, 0, 0]);
  await store.arrivals.releaseHeld(DAY_AFTER);
  for (const { account, inbox } of [peter, paul]) {
    const [message, ...others] = await store.fetchMessages(account, inbox, [1, 2], { octets: true });
    expect(others).toEqual([]);
    expect((await octetsOf(message)).equals(octets)).toBe(true);
    expect(message?.prefix?.toString()).toBe(`Delivered-To: ${account}\r\n`);
    expect(await recount(storage.database, account)).toEqual([]);
  }
});

test('rule 5: a process that ends in the middle of a release delivers to nobody twice, and to all', async () => {
  const { store, sql } = storage;
  const [mary, peter, paul] = await accounts(3);
  await hold(mary, [peter, paul]);
  // It ended behind the first delivery, whose transaction took the copy.
  await sql`update held_messages set released_at = now() where account_id = ${mary.account}`;
  await sql`delete from held_copies where account_id = ${mary.account} and recipient_id = ${peter.account}`;
  expect(await store.arrivals.releaseHeld(TOMORROW)).toEqual({ released: 1, delivered: 1, waiting: 0 });
  expect([await count(peter), await count(paul)]).toEqual([0, 1]);
  expect(await store.arrivals.releaseHeld(TOMORROW)).toEqual({ released: 0, delivered: 0, waiting: 0 });
});

test('rule 5: who sent it is told once of all that were delivered, also by the process that comes after', async () => {
  const { store } = storage;
  const [mary, peter, paul] = await accounts(3);
  await hold(mary, [peter, paul]);
  const gone = new StorageError('unavailable', 'the database went away');
  await expect(store.arrivals.releaseHeld(TOMORROW, { reportOn: () => Promise.reject(gone) })).rejects.toBe(gone);
  expect([await count(peter), await count(paul), await count(mary)]).toEqual([1, 1, 0]);
  const told: number[] = [];
  const reportOn = async ({ delivered }: ReleasedMessage) => {
    told.push(delivered.length);
    return { octets: Buffer.from('Subject: delivered\r\n\r\n'), arrival: arrivalOf('mary@example.com', '') };
  };
  const other = await storage.openStore();
  await Promise.all([
    store.arrivals.releaseHeld(TOMORROW, { reportOn }),
    other.store.arrivals.releaseHeld(TOMORROW, { reportOn }),
  ]);
  await store.arrivals.releaseHeld(TOMORROW, { reportOn });
  expect(new Set(told)).toEqual(new Set([2]));
  expect([await count(peter), await count(paul), await count(mary)]).toEqual([1, 1, 1]);
  expect(await rowsOf(mary)).toEqual([0, 0, 0]);
  expect(await storage.sql`select from held_delivered where account_id = ${mary.account}`).toHaveLength(0);
});

test('a sender who cannot be told keeps nobody from the message', async () => {
  const { store, sql } = storage;
  const [mary, peter] = await accounts(3);
  await hold(mary, [peter]);
  await sql`update accounts set quota_messages = 0 where account_id = ${mary.account}`;
  const octets = Buffer.from('Subject: delivered\r\n\r\n');
  const reportOn = async () => ({ octets, arrival: arrivalOf('mary@example.com', '') });
  expect(await store.arrivals.releaseHeld(TOMORROW, { reportOn })).toEqual({ released: 1, delivered: 1, waiting: 0 });
  expect(storage.errors.splice(0)).toMatchObject([{ kind: 'over-quota' }]);
  expect([await count(peter), await count(mary)]).toEqual([1, 0]);
  expect(await rowsOf(mary)).toEqual([0, 0, 0]);
});

test('it can be stopped between two copies, and goes on with the others', async () => {
  const { store } = storage;
  const [mary, peter, paul] = await accounts(3);
  await hold(mary, [peter, paul]);
  const stopping = new AbortController();
  // It hears of the stop while it is at the first copy.
  const stop = store.watchAccount(peter.account, () => stopping.abort());
  expect(await store.arrivals.releaseHeld(TOMORROW, { signal: stopping.signal })).toEqual({
    released: 0,
    delivered: 1,
    waiting: 0,
  });
  stop();
  expect([await count(peter), await count(paul)]).toEqual([1, 0]);
  expect(await store.arrivals.releaseHeld(TOMORROW, { signal: stopping.signal })).toEqual({
    released: 0,
    delivered: 0,
    waiting: 0,
  });
  const told: number[] = [];
  const reportOn = async ({ delivered }: ReleasedMessage) => {
    told.push(delivered.length);
    return null;
  };
  expect(await store.arrivals.releaseHeld(TOMORROW, { reportOn })).toEqual({ released: 1, delivered: 1, waiting: 0 });
  expect(told).toEqual([2]);
  expect([await count(peter), await count(paul)]).toEqual([1, 1]);
});

test('two processes at once deliver each copy once', async () => {
  const [mary, peter, paul] = await accounts(3);
  await hold(mary, [peter, paul]);
  const other = await storage.openStore();
  await Promise.all([storage.store.arrivals.releaseHeld(TOMORROW), other.store.arrivals.releaseHeld(TOMORROW)]);
  expect([await count(peter), await count(paul)]).toEqual([1, 1]);
  expect(await rowsOf(mary)).toEqual([0, 0, 0]);
});

test('a copy whose account is full by then waits as others do, octets and all; the others are delivered', async () => {
  const { store, sql } = storage;
  const [mary, peter, paul] = await accounts(3);
  const octets = randomBytes(1_200_000);
  await hold(mary, [peter, paul], octets);
  await sql`update accounts set quota_messages = 0 where account_id = ${peter.account}`;
  expect(await store.arrivals.releaseHeld(TOMORROW)).toEqual({ released: 1, delivered: 1, waiting: 1 });
  expect([await count(peter), await count(paul)]).toEqual([0, 1]);
  expect(await rowsOf(mary)).toEqual([0, 0, 0]);
  expect(await sql`select last_failure from waiting_deliveries where account_id = ${peter.account}`).toEqual([
    { last_failure: 'over-quota' },
  ]);
  await sql`update accounts set quota_messages = null where account_id = ${peter.account}`;
  await store.arrivals.deliverWaiting(DAY_AFTER);
  expect(await count(peter)).toBe(1);
  const [message] = await store.fetchMessages(peter.account, peter.inbox, [1], { octets: true });
  expect((await octetsOf(message)).equals(octets)).toBe(true);
});

test('a copy whose account is disabled by then waits; the others are delivered', async () => {
  const { store, sql } = storage;
  const [mary, peter, paul] = await accounts(3);
  await hold(mary, [peter, paul]);
  await sql`update accounts set is_disabled = true where account_id = ${peter.account}`;
  expect(await store.arrivals.releaseHeld(TOMORROW)).toEqual({ released: 1, delivered: 1, waiting: 1 });
  expect([await count(peter), await count(paul)]).toEqual([0, 1]);
  await sql`update accounts set is_disabled = false where account_id = ${peter.account}`;
  await store.arrivals.deliverWaiting(DAY_AFTER);
  expect(await count(peter)).toBe(1);
});

test('of what a full account sends only so many copies for itself come to wait at the release', async () => {
  const { store, sql } = storage;
  const [mary, peter] = await accounts(3);
  await sql`update accounts set quota_messages = 0 where account_id = ${mary.account}`;
  await sql`
    insert into waiting_deliveries (account_id, system_flags, internal_date, prefix, reverse_path, forward_path, protocol,
                                    next_attempt_at, last_failure)
    select ${mary.account}, 0, now(), '', '', '', '', 'infinity', 'test' from generate_series(1, ${OWN_COPIES_WAITING - 1})`;
  for (const waits of [true, false]) {
    await using content = await contentOf(store, randomBytes(50));
    const held = heldFor(mary, [peter, mary]);
    const [delivery, copy] = held.deliveries;
    if (delivery === undefined || copy === undefined) throw new Error('no copies');
    const ofSender = { ...copy, flags: { system: SystemFlag.seen, keywords: [] } };
    await store.arrivals.holdMessage(content, { ...held, deliveries: [delivery, ofSender] }, MOST);
    expect(await store.arrivals.releaseHeld(TOMORROW)).toEqual({ released: 1, delivered: 1, waiting: waits ? 1 : 0 });
    expect(await store.arrivals.waitingUse([mary.account])).toMatchObject(
      new Map([[mary.account, { copies: OWN_COPIES_WAITING }]]),
    );
  }
  expect(await rowsOf(mary)).toEqual([0, 0, 0]);

  // What it sends to itself was accepted, and waits.
  await hold(mary, [mary]);
  expect(await store.arrivals.releaseHeld(TOMORROW)).toEqual({ released: 1, delivered: 0, waiting: 1 });
});

test('of a sender only so much is held, in messages and octets, whatever comes at once', async () => {
  const { store } = storage;
  const [mary, peter, paul] = await accounts(3);
  const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => hold(mary, [peter])));
  const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  expect(reasons).toHaveLength(3);
  for (const reason of reasons) expect(reason).toMatchObject({ kind: 'over-quota' });
  expect(await store.arrivals.heldUse(mary.account)).toMatchObject({ messages: 3 });
  await hold(paul, [peter], randomBytes(2_000_000));
  await expect(hold(paul, [peter], randomBytes(1_200_000))).rejects.toMatchObject({ kind: 'over-quota' });
  await store.arrivals.releaseHeld(TOMORROW);
  expect(await count(peter)).toBe(4);
  await hold(mary, [peter]);
});

test('what a sender who is disabled has held waits with them, and goes with their account', async () => {
  const { store, sql } = storage;
  const [mary, peter] = await accounts(3);
  await hold(mary, [peter]);
  await sql`update accounts set is_disabled = true where account_id = ${mary.account}`;
  await store.arrivals.releaseHeld(TOMORROW);
  expect(await count(peter)).toBe(0);
  await sql.begin((tx) => removeAccountMail(tx, mary.account));
  expect(await rowsOf(mary)).toEqual([0, 0, 0]);
  await expect(hold(mary, [peter])).rejects.toMatchObject({ kind: 'nonexistent' });
  await store.arrivals.releaseHeld(TOMORROW);
  expect(await count(peter)).toBe(0);
});

test('a recipient whose account is removed meanwhile keeps it from nobody else', async () => {
  const { store, sql } = storage;
  const [mary, peter, paul] = await accounts(3);
  await hold(mary, [peter, paul]);
  await sql.begin((tx) => removeAccountMail(tx, peter.account));
  expect(await store.arrivals.releaseHeld(TOMORROW)).toEqual({ released: 1, delivered: 1, waiting: 0 });
  expect(await count(paul)).toBe(1);
  expect(await sql`select from waiting_deliveries where account_id = ${peter.account}`).toHaveLength(0);
});

test('octets whose message never came are removed', async () => {
  const { sql } = storage;
  const [mary] = await accounts(3);
  await sql`
    insert into held_contents (account_id, message_id, chunk, octets, stored_at)
    select ${mary.account}, gen_random_uuid(), 0, 'x', at from unnest(array[now(), now() - interval '2 days']) as at`;
  expect(await sweepWaiting(sql, new Date())).toMatchObject({ heldPieces: 1 });
  expect(await rowsOf(mary)).toEqual([0, 0, 1]);
});
