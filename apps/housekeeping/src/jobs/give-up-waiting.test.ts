import { openDirectory } from '@postel/directory';
import { type AccountId, NO_DETAILS, openBlobs, openDatabase, Store } from '@postel/storage';
import { createLog } from '@postel/supervision';
import { createTestDatabase, TemporaryDirectory } from '@postel/testkit';
import { expect, test } from 'vitest';
import { deliverWaiting } from './deliver-waiting.ts';
import { giveUpWaiting } from './give-up-waiting.ts';

const DAY_MS = 86_400_000;

/** Mary, who is full, and a copy of John's message for her. */
async function begin({
  reversePath = 'john@example.com',
  notify = null,
}: {
  reversePath?: string;
  notify?: readonly string[] | null;
}) {
  const stack = new AsyncDisposableStack();
  const { target } = stack.use(await createTestDatabase());
  const directory = stack.use(new TemporaryDirectory());
  const database = openDatabase(target, { applicationName: 'jobs test', maxConnections: 2 });
  stack.defer(() => database.close());
  const blobs = await openBlobs({ directory: directory.path });
  const store = new Store(database, { blobs, onError: () => {} });
  stack.defer(() => store.close());
  const accounts = openDirectory(database).as({ type: 'server', task: 'test' });
  const ids = new Map<string, AccountId>();
  for (const name of ['mary', 'john']) {
    await accounts.addAccount({ name, address: `${name}@example.com`, password: null });
    const found = await accounts.identify(name);
    if (found !== null) ids.set(name, found.accountId);
  }
  const account = (name: string) => {
    const id = ids.get(name);
    if (id === undefined) throw new Error('no account');
    return id;
  };
  await database.sql`update accounts set quota_messages = 0 where name = 'mary'`;
  const octets = Buffer.from('Subject: hello\r\n\r\nsecret');
  const writer = store.receive(octets.length);
  await writer.write(octets);
  await using content = await writer.finish();
  const recipients = [{ forwardPath: 'team@example.com', notify, originalRecipient: 'rfc822;All+2B@example.org' }];
  const details = { ...NO_DETAILS, sender: 'john', envelopeId: 'a+2Bb', recipients };
  const arrival = {
    prefix: Buffer.alloc(0),
    reversePath,
    forwardPath: 'team@example.com',
    protocol: 'ESMTPSA',
    clientAddress: null,
    clientName: null,
    details,
  };
  const delivery = { account: account('mary'), mailbox: null, arrival };
  await store.keepWaiting(content, [{ delivery, failure: '452 4.2.2' }]);
  const left = new Map<string, number>();
  const log = directory.write('log', '');
  const context = {
    database,
    store,
    blobs,
    hostname: 'mail.example.com',
    tombstoneDays: 90,
    reportDays: 90,
    loginHistoryDays: 30,
    mailHistoryDays: 30,
    tellLeft: (figures: Readonly<Record<string, number>>) => {
      for (const [what, count] of Object.entries(figures)) left.set(what, count);
    },
    log: createLog({ name: 'jobs', file: log }),
    signal: new AbortController().signal,
  };
  return {
    giveUp: () => giveUpWaiting.run(context),
    deliver: () => deliverWaiting.run(context),
    left,
    async age(ms: number) {
      const at = new Date(Date.now() - ms);
      await database.sql`update waiting_deliveries set queued_at = ${at}, next_attempt_at = ${at}`;
      await database.sql`update accounts set created_at = ${at}`;
    },
    async johns() {
      const inbox = await store.findMailbox(account('john'), 'INBOX');
      if (inbox === null || inbox.messages === 0) return null;
      const [message] = await store.fetchMessages(account('john'), inbox.id, [1], { octets: true });
      return `${message?.prefix}${message?.octets}`;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test('after 5 days who sent it is told that a copy was not delivered', async () => {
  await using world = await begin({});
  await world.age(5 * DAY_MS - 60_000);
  expect(await world.giveUp()).toEqual({ told: 0, untold: 0, failed: 0 });
  expect(await world.deliver()).toEqual({ delivered: 0, failed: 0 });
  expect(Object.fromEntries(world.left)).toEqual({ accounts: 1, copies: 1, octets: 24 });
  await world.age(5 * DAY_MS + 1_000);
  expect(await world.giveUp()).toEqual({ told: 1, untold: 0, failed: 0 });
  const text = (await world.johns()) ?? '';
  expect(text).toMatch(/^Return-Path: <>\r\nFrom: Mail Delivery System <postmaster@mail\.example\.com>\r\n/);
  expect(text).toContain('\r\nTo: <john@example.com>\r\n');
  expect(text).toContain('\r\nOriginal-Envelope-Id: a+b\r\n');
  expect(text).toContain('\r\nFinal-Recipient: rfc822; team@example.com\r\nAction: failed\r\nStatus: 5.4.7\r\n');
  expect(text).toContain('\r\n\r\nSubject: hello\r\n\r\n\r\n--');
  expect(text).not.toMatch(/mary|secret/);
  await world.deliver();
  expect(Object.fromEntries(world.left)).toEqual({ accounts: 0, copies: 0, octets: 0 });
});

test.each([{ reversePath: '' }, { notify: ['NEVER'] }, { notify: ['SUCCESS'] }])(
  'who wants no news hears none: %j',
  async (how) => {
    await using world = await begin(how);
    await world.age(6 * DAY_MS);
    expect(await world.giveUp()).toEqual({ told: 0, untold: 1, failed: 0 });
    expect(await world.johns()).toBe(null);
  },
);
