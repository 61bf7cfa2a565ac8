import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccountId, MailboxId } from '../ids.ts';
import {
  append,
  arrivalOf,
  contentOf,
  holdAccount,
  messageOf,
  startStorage,
  type TestStorage,
  untilWaiting,
} from '../storage-for-tests.ts';
import type { Store } from '../store.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const ALL = [{ first: 1, last: 2 ** 32 - 1 }];
const SEEN = { mode: 'replace', system: 1, keywords: [] } as const;
const DELETED = { mode: 'add', system: 8, keywords: [] } as const;

/** All that is there of an account, as one snapshot has it: the modseq of each thing by its name. */
async function look(account: AccountId) {
  const rows = await storage.sql<{ seen: number; thing: string | null; modSeq: number }[]>`
    select a.modseq as seen, t.thing, t.mod_seq as "modSeq" from accounts as a left join (
      select account_id, 'message ' || mailbox_id || '/' || uid as thing, mod_seq from messages
       union all select account_id, 'tombstone ' || mailbox_id || '/' || uid, mod_seq from tombstones
       union all select account_id, 'mailbox ' || mailbox_id, mod_seq from mailboxes
       union all select account_id, 'messages of ' || mailbox_id, highest_mod_seq from mailboxes
       union all select account_id, 'changes of ' || mailbox_id || ' at ' || mod_seq, mod_seq from changes
       union all select account_id, 'subscription ' || name, mod_seq from subscriptions) as t using (account_id)
     where a.account_id = ${account}`;
  return { seen: rows[0]?.seen ?? 0, things: new Map(rows.map(({ thing, modSeq }) => [thing, modSeq])) };
}

/** Each writes until it has made so many rounds of changes of every kind. */
async function write(store: Store, account: AccountId, inbox: MailboxId, name: string, rounds: number): Promise<void> {
  const archive = (await store.mailboxes.find(account, 'Archive'))?.id ?? inbox;
  for (let round = 0; round < rounds; round++) {
    const { uid } = await append(store, account, inbox, `${name} ${round}`);
    const mine = [{ first: uid, last: uid }];
    await store.changeFlags(account, inbox, ALL, { mode: 'replace', system: round % 8, keywords: [name] }, null);
    await store.copy(account, inbox, mine, archive, 'present');
    await Array.fromAsync(store.move(account, archive, ALL, inbox));
    await store.mailboxes.create(account, `${name}-${round}`, null);
    await store.mailboxes.rename(account, `${name}-${round}`, `${name}-${round}-renamed`);
    await store.mailboxes.subscribe(account, `${name}-${round}`);
    await store.changeFlags(account, inbox, mine, DELETED, null);
    await store.expunge(account, inbox, mine);
  }
}

test('rule 1: a reader who has seen a modseq never finds a change at or below it, whatever several processes write', async () => {
  const { account, inbox } = await storage.newAccount();
  const others = await Promise.all([storage.openStore(), storage.openStore()]);
  const stores = [storage.store, ...others.map(({ store }) => store)];
  let isWriting = true;
  const written = Promise.all(
    stores.flatMap((store, i) => ['a', 'b'].map((name) => write(store, account, inbox, `${name}${i}`, 6))),
  ).finally(() => {
    isWriting = false;
  });

  const late: string[] = [];
  let looks = 0;
  for (let before = await look(account); isWriting; looks++) {
    const now = await look(account);
    for (const [thing, modSeq] of now.things)
      if (before.things.get(thing) !== modSeq && modSeq <= before.seen)
        late.push(`${thing} at ${modSeq}, after ${before.seen} was seen`);
    for (const thing of before.things.keys())
      if (!now.things.has(thing) && now.seen <= before.seen) late.push(`${thing} went without a modseq`);
    before = now;
  }
  await written;
  expect(late).toEqual([]);
  expect(looks).toBeGreaterThan(10);
});

const changes: readonly [string, (store: Store, account: AccountId, inbox: MailboxId) => Promise<unknown>][] = [
  ['append', async (store, account, inbox) => store.arrivals.append(account, await messageOf(store, inbox, 'x'))],
  [
    'delivery',
    async (store, account) =>
      store.arrivals.deliverToEach(await contentOf(store, 'y'), [
        { account, mailbox: null, arrival: arrivalOf('a@b') },
      ]),
  ],
  ['flags', (store, account, inbox) => store.changeFlags(account, inbox, ALL, SEEN, null)],
  ['copy', (store, account, inbox) => store.copy(account, inbox, ALL, inbox, 'present')],
  ['move', (store, account, inbox) => Array.fromAsync(store.move(account, inbox, [{ first: 1, last: 1 }], inbox))],
  ['expunge', (store, account, inbox) => store.expunge(account, inbox, ALL)],
  ['create', (store, account) => store.mailboxes.create(account, 'new', null)],
  ['rename', (store, account) => store.mailboxes.rename(account, 'Archive', 'Old')],
  ['rename of INBOX', (store, account) => store.mailboxes.rename(account, 'INBOX', 'Old')],
  ['deletion', (store, account, inbox) => store.mailboxes.delete(account, inbox)],
  ['subscribe', (store, account) => store.mailboxes.subscribe(account, 'Elsewhere')],
  ['unsubscribe', (store, account) => store.mailboxes.unsubscribe(account, 'INBOX')],
];

test.each(changes)('rule 1: %s takes the account row before anything else', async (_, change) => {
  const { account, inbox } = await storage.newAccount();
  await append(storage.store, account, inbox, 'one', { flags: { system: 8, keywords: [] } });
  const before = await look(account);
  const writer = await storage.openStore({ isDeaf: true });
  const held = await holdAccount(storage.database, account);
  const changed = change(writer.store, account, inbox);
  await untilWaiting(storage.database);
  // Who waits for the row holds nothing that another change of the account would need.
  await storage.sql.begin(async (tx) => {
    await tx`select from mailboxes where account_id = ${account} for update nowait`;
    await tx`select from messages where account_id = ${account} for update nowait`;
    await tx`select from subscriptions where account_id = ${account} for update nowait`;
  });
  await held[Symbol.asyncDispose]();
  await changed;
  expect((await look(account)).seen).toBeGreaterThan(before.seen);
});
