import { type AccountId, NO_DETAILS } from '@postel/storage';
import { expect, test } from 'vitest';
import { startJobContext } from '../testing/start-job-context.ts';
import { deliverWaiting } from './deliver-waiting.ts';
import { giveUpWaiting } from './give-up-waiting.ts';

const DAY_MS = 86_400_000;

/** Mary, who is full, and a copy of John's message for her. */
async function begin({
  reversePath = 'john@example.com',
  notify = null,
  sender = 'john',
  tellsElsewhere = false,
}: {
  sender?: string | null;
  tellsElsewhere?: boolean;
  reversePath?: string;
  notify?: readonly string[] | null;
}) {
  const stack = new AsyncDisposableStack();
  const { accounts, context: given } = await startJobContext(stack);
  const { database, store } = given;
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
  const writer = store.arrivals.receive(octets.length);
  await writer.write(octets);
  await using content = await writer.finish();
  const recipients = [{ forwardPath: 'team@example.com', notify, originalRecipient: 'rfc822;All+2B@example.org' }];
  const details = { ...NO_DETAILS, sender, envelopeId: 'a+2Bb', recipients };
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
  await store.arrivals.keepWaiting(content, [{ delivery, failure: '452 4.2.2', tellsElsewhere }]);
  const left = new Map<string, number>();
  const context = {
    ...given,
    tellLeft: (figures: Readonly<Record<string, number>>) => {
      for (const [what, count] of Object.entries(figures)) left.set(what, count);
    },
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
    sql: database.sql,
    /** What is queued, from nobody, and for whom. */
    async sent() {
      const rows = await database.sql<{ path: string; octets: Buffer }[]>`
        select forward_path as path, octets from queue_recipients join queue_messages as m using (message_id)
          join queue_contents using (message_id) where m.reverse_path = ''`;
      return rows.map(({ path, octets }) => ({ path, text: octets.toString() }));
    },
    async johns() {
      const inbox = await store.mailboxes.find(account('john'), 'INBOX');
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

test('a sender elsewhere, whose domain answered for the message, is told by the queue, once', async () => {
  await using world = await begin({ sender: null, reversePath: 'ann@example.org', tellsElsewhere: true });
  await world.age(6 * DAY_MS);
  expect(await world.giveUp()).toEqual({ told: 1, untold: 0, failed: 0 });
  expect(await world.giveUp()).toEqual({ told: 0, untold: 0, failed: 0 });
  const [report, ...more] = await world.sent();
  expect([report?.path, more]).toEqual(['ann@example.org', []]);
  expect(report?.text).toContain(
    '\r\nFinal-Recipient: rfc822; team@example.com\r\nAction: failed\r\nStatus: 5.4.7\r\n',
  );
  expect(report?.text).not.toMatch(/mary|secret/);
});

test('hardening 58: who may have had nothing to do with it is not told, and the copy goes on waiting', async () => {
  await using world = await begin({ sender: null, reversePath: 'ann@example.org' });
  await world.age(6 * DAY_MS);
  expect(await world.giveUp()).toEqual({ told: 0, untold: 0, failed: 0 });
  expect(await world.sent()).toEqual([]);
  expect(await world.sql`select from waiting_deliveries`).toHaveLength(1);
});

test('nor is a sender elsewhere told who wants no news; who has had too much of it is later', async () => {
  await using silent = await begin({
    sender: null,
    reversePath: 'ann@example.org',
    tellsElsewhere: true,
    notify: ['NEVER'],
  });
  await silent.age(6 * DAY_MS);
  expect(await silent.giveUp()).toEqual({ told: 0, untold: 1, failed: 0 });
  await using flooded = await begin({ sender: null, reversePath: 'ann@example.org', tellsElsewhere: true });
  await flooded.sql`
    insert into queue_report_counts (target, hour, reports)
    select 'ann@example.org', date_trunc('hour', now()) + n * interval '1 hour', 1000000 from generate_series(0, 1) as n`;
  await flooded.age(6 * DAY_MS);
  expect(await flooded.giveUp()).toEqual({ told: 0, untold: 0, failed: 1 });
  expect(await flooded.sql`select from waiting_deliveries`).toHaveLength(1);
  expect([await silent.sent(), await flooded.sent()]).toEqual([[], []]);
});
