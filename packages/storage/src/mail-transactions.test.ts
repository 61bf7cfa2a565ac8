import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { findTransactions, type TransactionKey } from './find-transactions.ts';
import {
  beganAt,
  firstTransactionId,
  forgetTransactions,
  type NewTransaction,
  writeTransactions,
} from './mail-transactions.ts';
import { startStorage, type TestStorage } from './storage-for-tests.ts';
import { newTransaction } from './testing/new-transaction.ts';

const DAY_MS = 86_400_000;

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
beforeEach(async () => {
  await storage.sql`delete from mail_transactions`;
});
afterAll(() => storage[Symbol.asyncDispose]());

/** One that began so many days ago. */
function transaction(daysAgo: number, recipientNo = 1, about: Partial<NewTransaction> = {}): NewTransaction {
  const beganAt = new Date(Date.now() - daysAgo * DAY_MS);
  return newTransaction({
    transactionId: firstTransactionId(beganAt),
    recipientNo,
    settledAt: beganAt.getTime(),
    ...about,
  });
}

const forget = (days: number, most: number) =>
  forgetTransactions(storage.sql, {
    before: new Date(Date.now() - days * DAY_MS),
    most,
    signal: new AbortController().signal,
  });

const ages = async () => {
  const rows = await storage.sql<{ id: string }[]>`select transaction_id as id from mail_transactions order by 1`;
  return rows.map(({ id }) => Math.round((Date.now() - beganAt(id).getTime()) / DAY_MS));
};

test('what is older than so many days goes, and the oldest beyond so many rows; in slices', async () => {
  const many = Array.from({ length: 5_500 }, (_, i) => transaction(40, i + 1));
  await writeTransactions(storage.sql, [...many, ...[31, 29, 10, 5, 1].map((days) => transaction(days))], []);
  expect(await forget(30, 1_000)).toBe(5_501);
  expect(await ages()).toEqual([29, 10, 5, 1]);
  expect(await forget(30, 2)).toBe(1); // as many, and one, stay
  expect(await ages()).toEqual([10, 5, 1]);
  expect(await forget(0, 1_000)).toBe(3);
});

test('the same rows written again stay one each; what is folded adds up', async () => {
  const row = transaction(0);
  const folded = transaction(1, 1, { folded: 7, connectionId: null, recipient: null });
  const hours = [{ hour: 0, kind: 'refused', messages: 2, lastAt: 1 }] as const;
  for (let i = 0; i < 2; i++) await writeTransactions(storage.sql, [row, folded], hours);
  const counts = await storage.sql`select count from mail_transactions order by transaction_id`;
  expect(counts.map(({ count }) => count)).toEqual([14, 1]);
  const [hour] = await storage.sql`select messages::integer from mail_hours where hour = 'epoch'`;
  expect(hour).toEqual({ messages: 4 });
});

test('each way to look for mail goes by an index of its own', async () => {
  const { account } = await storage.newAccount();
  const others = Array.from({ length: 2_000 }, (_, i) =>
    transaction(2, i + 1, {
      recipient: `r${i}@example.com`,
      reversePath: `s${i}@example.com`,
      destination: `d${i}@example.com`,
      messageId: `m${i}`,
      connectionId: i.toString(16).padStart(10, '0'),
      clientAddress: `10.0.${i >> 8}.${i & 255}`,
    }),
  );
  const own = transaction(1, 1, { accountId: account, senderAccountId: account, destination: 'far@example.org' });
  await writeTransactions(storage.sql, [...others, own], []);
  await storage.sql`analyze mail_transactions`;
  const keys: readonly TransactionKey[] = [
    { type: 'address', address: 'MARY@example.com', isMember: false },
    { type: 'address', address: 'bob@example.org', isMember: false },
    { type: 'address', address: 'far@example.org', isMember: true },
    { type: 'message-id', messageId: 'one@example.org' },
    { type: 'connection', connectionId: '0123456789', messageNo: null },
    { type: 'client', address: '192.0.2.1' },
    { type: 'account', account, direction: 'in' },
    { type: 'account', account, direction: 'out' },
  ];
  const any = { also: [], since: null, until: null, outcomes: null, after: null, limit: 10 };
  for (const key of keys) {
    const found = await findTransactions(storage.sql, { ...any, key });
    expect({ key, found: found.map(({ transactionId }) => transactionId) }).toEqual({
      key,
      found: [own.transactionId],
    });
  }
  for (const condition of [
    "lower(recipient) = lower('mary@example.com') and recipient is not null",
    "lower(reverse_path) = lower('bob@example.org') and reverse_path <> ''",
    "lower(destination) = lower('far@example.org') and destination is not null",
    "message_id = 'one@example.org'",
    "connection_id = '0123456789'",
    "client_address = '192.0.2.1'",
    'account_id = 1',
    'sender_account_id = 1',
  ]) {
    const plan = await storage.sql.unsafe<{ 'QUERY PLAN': string }[]>(
      `explain select transaction_id from mail_transactions where ${condition}
          and (transaction_id, recipient_no) < ('ffffffff-ffff-ffff-ffff-ffffffffffff', 0)
        order by transaction_id desc, recipient_no desc limit 10`,
    );
    const text = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(text).toMatch(
      /mail_transactions_(recipient|destination|reverse_path|message_id|connection|client|account|sender)\b/,
    );
  }
});
