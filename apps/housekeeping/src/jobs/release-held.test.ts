import { type AccountId, NO_DETAILS, type ReceivedRecipient, SystemFlag } from '@postel/storage';
import { expect, test } from 'vitest';
import { startJobContext } from '../testing/start-job-context.ts';
import { releaseHeld } from './release-held.ts';

const MOST = { messages: 10, octets: 1_000_000 };

const path = (name: string, notify: readonly string[] | null): ReceivedRecipient => ({
  forwardPath: `${name}@example.com`,
  notify,
  originalRecipient: null,
});

/** A message of john's, held until now, for mary by this path, who has room or none, and for what he keeps of it himself. */
async function begin({
  reversePath = 'john@example.com',
  isFull = false,
  notify = ['SUCCESS'] as readonly string[] | null,
}) {
  const stack = new AsyncDisposableStack();
  const { accounts, context } = await startJobContext(stack);
  const { database, store } = context;
  const idOf = async (name: string): Promise<AccountId> => {
    await accounts.addAccount({ name, address: `${name}@example.com`, password: null });
    const found = await accounts.identify(name);
    if (found === null) throw new Error('no account');
    return found.accountId;
  };
  const [mary, john] = [await idOf('mary'), await idOf('john')];
  if (isFull) await database.sql`update accounts set quota_messages = 0 where name = 'mary'`;
  const writer = store.arrivals.receive(1_000);
  await writer.write(Buffer.from('Subject: hello\r\n\r\nsecret'));
  await using content = await writer.finish();
  const recipients = [path('mary', notify), path('mary', notify), path('joan', null)];
  const details = { ...NO_DETAILS, sender: 'john', envelopeId: 'a+2Bb', releaseRequest: 'for;60', recipients };
  const common = { reversePath, protocol: 'ESMTPSA', clientAddress: null, clientName: null, details };
  const arrival = { ...common, prefix: Buffer.alloc(0), forwardPath: 'mary@example.com' };
  const sent = await store.mailboxes.find(john, 'Sent');
  const copy = { account: john, mailbox: sent?.id ?? null, arrival, flags: { system: SystemFlag.seen, keywords: [] } };
  const deliveries = [{ account: mary, mailbox: null, arrival }, copy];
  const held = { sender: john, releaseAt: new Date(), request: 'for;60', reversePath, deliveries };
  await store.arrivals.holdMessage(content, held, MOST);
  return {
    release: () => releaseHeld.run(context),
    /** What is in somebody's INBOX, one after the other. */
    async inbox(account: AccountId): Promise<string> {
      const inbox = await store.mailboxes.find(account, 'INBOX');
      if (inbox === null || inbox.messages === 0) return '';
      const messages = await store.fetchMessages(account, inbox.id, [1, 2], { octets: true });
      return messages.map(({ prefix, octets }) => `${prefix}${octets}`).join('\n');
    },
    mary,
    john,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test('who asked for it is told of the delivery when it is one: RFC 4865 §5.1.2', async () => {
  await using held = await begin({});
  expect(await held.release()).toEqual({ released: 1, delivered: 2, waiting: 0 });
  expect(await held.inbox(held.mary)).toBe('Subject: hello\r\n\r\nsecret');
  const report = await held.inbox(held.john);
  expect(report).toMatch(/^Return-Path: <>\r\nFrom: Mail Delivery System <postmaster@mail\.example\.com>\r\n/);
  expect(report).toMatch(
    /\r\nOriginal-Envelope-Id: a\+b\r\n(?:.|\s)+\r\nArrival-Date: .+\r\nFuture-Release-Request: for;60\r\n/,
  );
  expect(report.match(/Final-Recipient: .+/g)).toEqual(['Final-Recipient: rfc822; mary@example.com']);
  expect(report).toMatch(/\r\nAction: delivered\r\nStatus: 2\.1\.5\r\n/);
  expect(report).toContain('Subject: hello');
  expect(report).not.toContain('secret');
  await held.release();
  expect(await held.inbox(held.john)).toBe(report);
});

test.each([
  ['nobody asked', { notify: null }],
  ['only failures are asked for', { notify: ['FAILURE'] }],
  ['the reverse-path is null', { reversePath: '' }],
  ['the copy has to wait', { isFull: true }],
])('nobody is told of a delivery if %s', async (_, options) => {
  await using held = await begin(options);
  expect(await held.release()).toMatchObject({ released: 1 });
  expect(await held.inbox(held.john)).toBe('');
});
