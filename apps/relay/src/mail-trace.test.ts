/** The way of a message that goes to another server, as it is told from the record and the queue. */
import { findTrace } from '@postel/mail-trace';
import { changeQueue } from '@postel/queue';
import { type AccountId, type NewTransaction, writeTransactions } from '@postel/storage';
import { expect, test } from 'vitest';
import { RemoteServer } from './testing/remote-server.ts';
import { startQueue } from './testing/start-relay.ts';

const ZONE = {
  'example.org': { MX: [{ preference: 10, exchange: 'mx.example.org' }] },
  'mx.example.org': { A: ['127.0.0.1'] },
};
const NAME = '0123456789-1';
const TEXT = 'From: mary@example.com\r\n\r\nhello\r\n';

/** As the submission server records it. */
function queued(recipientNo: number, recipient: string, senderAccountId: AccountId): NewTransaction {
  return {
    transactionId: '01a20000-0000-7000-8000-000000000001',
    recipientNo,
    settledAt: Date.now() - 60_000,
    folded: null,
    listener: 'submission',
    protocol: 'ESMTPSA',
    connectionId: NAME.slice(0, 10),
    messageNo: 1,
    clientAddress: '192.0.2.1',
    clientName: 'laptop',
    tlsVersion: 'TLSv1.3',
    senderAccountId,
    reversePath: 'mary@example.com',
    recipient,
    destination: null,
    accountId: null,
    messageId: 'x@example.com',
    sizeOctets: TEXT.length,
    checks: null,
    stage: 'message',
    outcome: 'queued',
    replyCode: 250,
    replyStatus: '2.0.0',
    replyText: null,
    uidvalidity: null,
    uid: null,
    releaseAt: null,
  };
}

test('each attempt with what the other server said, the report, and where it is now', async () => {
  let isOpen = false;
  await using remote = await RemoteServer.start((line) => {
    if (line.includes('nobody@')) return '550 5.1.1 No such person';
    return line.includes('later@') && !isOpen ? '450 4.2.1 Not <now>' : null;
  });
  await using queue = await startQueue();
  await queue.directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  const [mary] = await queue.sql<{ id: AccountId }[]>`select account_id as id from accounts where name = 'mary'`;
  if (mary === undefined) throw new Error('no account');
  const paths = ['later@example.org', 'nobody@example.org'];
  await writeTransactions(
    queue.sql,
    paths.map((path, i) => queued(i + 1, path, mary.id)),
    [],
  );
  await queue.put(
    TEXT,
    { name: NAME, account: mary.id },
    paths.map((forwardPath) => ({ forwardPath })),
  );
  const way = () => findTrace(queue.sql, NAME, { type: 'account', account: mary.id });
  const told = async () => (await way())?.events.map(({ type, text, details }) => [type, text, details[0]]);
  expect((await way())?.recipients.map(({ state }) => state)).toEqual(['waits in the queue', 'waits in the queue']);

  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  const [first] = await queue.recipients((all) => all.length === 3 && all.every(({ attempts }) => attempts === 1));
  expect(await told()).toEqual(
    expect.arrayContaining([
      ['waiting', 'Not taken yet by the server of later@example.org: mx.example.org', '4.2.1 450 4.2.1 Not <now>'],
      ['failed', 'Failed for good for nobody@example.org: mx.example.org', '5.1.1 550 5.1.1 No such person'],
      ['report', 'A report (DSN) about it was written to mary@example.com', undefined],
    ]),
  );
  isOpen = true;
  const [row] = await queue.sql<{ id: number }[]>`
    select recipient_id as id from queue_recipients where forward_path = ${first?.forwardPath ?? ''}`;
  await changeQueue(queue.sql, 'retry', [row?.id ?? 0]);
  await remote.messages(1);
  await queue.recipients((all) => all.every(({ state }) => state !== 'waiting'));
  expect(await told()).toEqual(
    expect.arrayContaining([
      ['waiting', 'Made due at once: later@example.org', undefined],
      ['sent', 'Taken by the server of later@example.org: mx.example.org', expect.stringContaining('2.0.0')],
    ]),
  );
  expect((await way())?.recipients.map(({ recipient, state }) => [recipient, state])).toEqual([
    ['later@example.org', 'taken by their server'],
    ['nobody@example.org', 'failed: its sender was told'],
  ]);
  expect(await findTrace(queue.sql, NAME, { type: 'account', account: (mary.id + 1) as AccountId })).toBeNull();
  expect((await findTrace(queue.sql, `${NAME}-report`, { type: 'admin' }))?.message).toBe(NAME);
});
