/** Rule 5 of docs/storage.md: a commit whose answer was lost is looked up before anything is said. */
import { randomBytes } from 'node:crypto';
import { type BreakableServer, startBreakableServer } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccountId, MailboxId } from './ids.ts';
import {
  append,
  holdAccount,
  messageOf,
  messagesIn,
  messagesInDatabase,
  RecordingWatcher,
  recount,
  startStorage,
  type TestStorage,
  untilWaiting,
} from './storage-for-tests.ts';
import type { Store } from './store.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const ALL = [{ first: 1, last: 100 }];
const COMMIT = '\x0bcommit\0';

/** A store that reaches the database over a network that breaks, and an account with a message, 'old', deleted. */
async function overBrokenNetwork() {
  const server = await startBreakableServer(storage.target);
  const { store } = await storage.openStore({ target: server.target, isDeaf: true });
  const own = await storage.newAccount();
  await append(store, own.account, own.inbox, 'old', { flags: { system: 8, keywords: [] } });
  return { server, store, ...own, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** Cuts the connection once the server has done what the octets ask of it, and its answer has been swallowed. */
const cutAfter = (server: BreakableServer, octets: string) => void server.loseAnswerTo(octets).then(() => server.cut());

interface Write {
  readonly octets: string;
  run(store: Store, account: AccountId, inbox: MailboxId): Promise<unknown>;
  readonly answer: object | null | undefined;
  /** What INBOX holds then: UID and flags. */
  readonly inbox: readonly (readonly [uid: number, flags: number])[];
  readonly mailboxes?: readonly string[];
}

const WRITES: Readonly<Record<string, Write>> = {
  append: {
    octets: Buffer.from('Subject: appended\r\n\r\n').toString('hex'),
    run: (store, account, inbox) => append(store, account, inbox, 'appended'),
    answer: { uid: 2 },
    inbox: [
      [1, 8],
      [2, 0],
    ],
  },
  'conditional STORE': {
    octets: COMMIT,
    run: (store, account, inbox) =>
      store.changeFlags(account, inbox, ALL, { mode: 'add', system: 1, keywords: [] }, (2 ** 40) as never),
    answer: { changed: [{ first: 1, last: 1 }], conflicts: [] },
    inbox: [[1, 9]],
  },
  COPY: {
    octets: COMMIT,
    run: (store, account, inbox) => store.copy(account, inbox, ALL, inbox, 'present'),
    answer: { source: [{ first: 1, last: 1 }], target: [{ first: 2, last: 2 }] },
    inbox: [
      [1, 8],
      [2, 8],
    ],
  },
  EXPUNGE: {
    octets: COMMIT,
    run: (store, account, inbox) => store.expunge(account, inbox, ALL),
    answer: undefined,
    inbox: [],
  },
  CREATE: {
    octets: COMMIT,
    run: (store, account) => store.mailboxes.create(account, 'Made', null),
    answer: { uidvalidity: expect.any(Number) },
    inbox: [[1, 8]],
    mailboxes: ['Made'],
  },
};

async function inboxOf(account: AccountId, inbox: MailboxId) {
  return (await messagesInDatabase(storage.database, account, inbox)).map(({ uid, flags }) => [uid, flags]);
}

test.each(Object.keys(WRITES))(
  'rule 5: %s is answered with what it did if the answer to its commit was lost',
  async (name) => {
    const write = WRITES[name];
    if (write === undefined) throw new Error('no such write');
    await using network = await overBrokenNetwork();
    const { server, store, account, inbox } = network;
    cutAfter(server, write.octets);
    const answer = await write.run(store, account, inbox);
    if (write.answer === undefined)
      expect(answer).toEqual(expect.any(Number)); // a modseq
    else expect(answer).toMatchObject(write.answer ?? {});
    expect(await inboxOf(account, inbox)).toEqual(write.inbox);
    for (const mailbox of write.mailboxes ?? []) expect(await store.mailboxes.find(account, mailbox)).not.toBeNull();
    expect(await recount(storage.database, account)).toEqual([]);
  },
);

test.each(Object.keys(WRITES))(
  'rule 5: %s is unavailable, and not done, if the server never got its commit',
  async (name) => {
    const write = WRITES[name];
    if (write === undefined) throw new Error('no such write');
    await using network = await overBrokenNetwork();
    const { server, store, account, inbox } = network;
    server.cutBefore(write.octets);
    await expect(write.run(store, account, inbox)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await inboxOf(account, inbox)).toEqual([[1, 8]]);
    for (const mailbox of write.mailboxes ?? []) expect(await store.mailboxes.find(account, mailbox)).toBeNull();
    await write.run(store, account, inbox);
    expect(await recount(storage.database, account)).toEqual([]);
  },
);

test('rule 5: a flag change whose answer was lost is made once more, which changes nothing', async () => {
  await using network = await overBrokenNetwork();
  const { server, store, account, inbox } = network;
  const edit = { mode: 'replace', system: 5, keywords: ['$Forwarded'] } as const;
  const [{ version } = { version: 0 }] = await storage.sql<{ version: number }[]>`
    select count(*)::int as version from changes where account_id = ${account}`;
  cutAfter(server, '$Forwarded');
  expect(await store.changeFlags(account, inbox, ALL, edit, null)).toMatchObject({ conflicts: [] });
  expect(await messagesInDatabase(storage.database, account, inbox)).toMatchObject([
    { uid: 1, flags: 5, keywords: ['$Forwarded'] },
  ]);
  expect(await storage.sql`select count(*)::int as version from changes where account_id = ${account}`).toEqual([
    { version: version + 1 },
  ]);
});

test('rule 9: what a flag change did whose answer was lost is heard of at once', async () => {
  await using network = await overBrokenNetwork();
  const { server, store, account, inbox } = network;
  const mailbox = await store.openMailbox(account, inbox, new RecordingWatcher());
  cutAfter(server, '$Forwarded');
  await store.changeFlags(account, inbox, ALL, { mode: 'add', system: 1, keywords: ['$Forwarded'] }, null);
  await mailbox.refreshTo(store.newestModSeq(account));
  expect(messagesIn(mailbox)).toMatchObject([{ uid: 1, flags: 9, keywords: ['$Forwarded'] }]);
});

test('rule 5: messages that shared a transaction each have their own answer, also one that was refused', async () => {
  await using network = await overBrokenNetwork();
  const { server, store, account, inbox } = network;
  const sent = await store.mailboxes.find(account, 'Sent');
  if (sent === null) throw new Error('no Sent');
  await storage.sql`
    insert into keywords (account_id, mailbox_id, keyword_id, name)
    select ${account}::bigint, ${inbox}::bigint, n, 'k' || n from generate_series(1, 1000) as n`;
  const refused = { flags: { system: 0, keywords: ['one-more'] } };
  const messages = await Promise.all([
    messageOf(store, inbox, 'first'),
    messageOf(store, inbox, 'same'),
    messageOf(store, sent.id, 'in Sent'),
    messageOf(store, inbox, 'refused', refused),
    messageOf(store, inbox, 'same'),
    messageOf(store, inbox, randomBytes(200_000)),
  ]);
  const held = await holdAccount(storage.database, account);
  const appends = Promise.allSettled(messages.map((message) => store.arrivals.append(account, message)));
  await untilWaiting(storage.database);
  cutAfter(server, Buffer.from('Subject: in Sent\r\n\r\n').toString('hex'));
  await held[Symbol.asyncDispose]();
  expect(await appends).toMatchObject([
    { value: { uid: 2 } },
    { value: { uid: 3 } },
    { value: { uid: 1, uidvalidity: sent.uidvalidity } },
    { reason: { kind: 'unavailable' } },
    { value: { uid: 4 } },
    { value: { uid: 5, isBlobKept: true } },
  ]);
  expect(await recount(storage.database, account)).toEqual([]);
});

test('rule 5: what others did to the message meanwhile does not hide it', async () => {
  await using network = await overBrokenNetwork();
  const { server, store, account, inbox } = network;
  const other = storage.store;
  const answered = server.loseAnswerTo(Buffer.from('Subject: appended\r\n\r\n').toString('hex'));
  const lost = append(store, account, inbox, 'appended');
  await answered;
  await append(other, account, inbox, 'after it');
  await other.changeFlags(account, inbox, [{ first: 2, last: 2 }], { mode: 'add', system: 8, keywords: [] }, null);
  await other.expunge(account, inbox, [{ first: 2, last: 2 }]);
  server.cut();
  expect(await lost).toMatchObject({ uid: 2 });
});

test('rule 5: a write that waits for the account when its connection breaks is ended before it is called undone', async () => {
  await using network = await overBrokenNetwork();
  const { server, store, account, inbox } = network;
  const held = await holdAccount(storage.database, account);
  const first = append(store, account, inbox, 'waits');
  const refused = expect(first).rejects.toMatchObject({ kind: 'unavailable' });
  await untilWaiting(storage.database);
  const second = append(store, account, inbox, 'waits behind it'); // which is not lost
  server.cut();
  await refused;
  await held[Symbol.asyncDispose]();
  expect(await second).toMatchObject({ uid: 2 });
  expect(await inboxOf(account, inbox)).toEqual([
    [1, 8],
    [2, 0],
  ]);
});

test('rule 5: while the database stays away nothing is said of a lost commit, and those behind it hear that it is away', async () => {
  await using network = await overBrokenNetwork();
  const { server, store, account, inbox } = network;
  const answered = server.loseAnswerTo(Buffer.from('Subject: appended\r\n\r\n').toString('hex'));
  const lost = expect(append(store, account, inbox, 'appended')).rejects.toMatchObject({ kind: 'outcome-unknown' });
  await answered;
  const behind = expect(append(store, account, inbox, 'behind')).rejects.toMatchObject({ kind: 'unavailable' });
  server.refuse(true);
  await behind;
  await lost;
  server.refuse(false);
  expect(await inboxOf(account, inbox)).toEqual([
    [1, 8],
    [2, 0],
  ]);
}, 30_000);

test('what processes that are no more left is removed after a day', async () => {
  const { account, inbox } = await storage.newAccount();
  const old = await storage.openStore();
  await append(old.store, account, inbox, 'one');
  await append(storage.store, account, inbox, 'two');
  const rows = () => storage.sql`select from last_writes where account_id = ${account}`;
  expect(await rows()).toHaveLength(2);
  await storage.sql`
    update last_writes set written_at = now() - interval '25 hours'
     where account_id = ${account} and written_at = (select min(written_at) from last_writes where account_id = ${account})`;
  await storage.openStore(); // a process starts
  while ((await rows()).length > 1) await new Promise(setImmediate);
  expect(await append(old.store, account, inbox, 'three')).toMatchObject({ uid: 3 });
});

test('a write that was given up as lost, and comes late, does not hide the one after it', async () => {
  const { account } = await storage.newAccount();
  const writer = '01234567-89ab-cdef-0123-456789abcdef';
  for (const number of [1, 3, 2]) {
    await storage.sql`select name_write(${account}::bigint, ${writer}::uuid, ${number}::bigint)`;
  }
  expect(await storage.sql`select write_number as number from last_writes where writer_id = ${writer}::uuid`).toEqual([
    { number: 3 },
  ]);
});
