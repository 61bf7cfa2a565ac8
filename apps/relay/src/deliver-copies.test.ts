import { readFile } from 'node:fs/promises';
import { tellQueue } from '@postel/queue';
import { type AccountId, StorageError } from '@postel/storage';
import { expect, test } from 'vitest';
import type { LocalMail } from './deliver-here.ts';
import { RemoteServer } from './testing/remote-server.ts';
import { startQueue, type TestQueue } from './testing/start-relay.ts';

const TEXT = 'Subject: hello\r\n\r\ntext\r\n';
const ZONE = {
  'example.org': { MX: [{ preference: 10, exchange: 'mx.example.org' }] },
  'mx.example.org': { A: ['127.0.0.1'] },
};

/** The answer to a COMMIT is lost: once it is done, or before. */
type Fault = 'done' | 'not-done';

/** The alias team: Mary, John, Peter, whose mailbox is full, and Bob elsewhere. */
async function startTeam() {
  const queue = await startQueue();
  const ids = new Map<string, AccountId>();
  for (const name of ['mary', 'john', 'peter', 'alice']) {
    await queue.directory.addAccount({ name, address: `${name}@example.com`, password: null });
    const found = await queue.directory.identify(name);
    if (found !== null) ids.set(name, found.accountId);
  }
  await queue.directory.aliases.add('team@example.com', [
    'mary@example.com',
    'john@example.com',
    'peter@example.com',
    'bob@example.org',
  ]);
  await queue.sql`update accounts set quota_messages = 0 where name = 'peter'`;
  const id = (name: string) => ids.get(name) as AccountId;
  return { queue, id };
}

/** Each fault is there once; '' stands for copies that are put by. */
function withFaults({ store: { arrivals: store } }: TestQueue, faults: Map<AccountId | '', Fault>): LocalMail['store'] {
  const run = async (who: AccountId | '', work: () => Promise<boolean>) => {
    const fault = faults.get(who);
    faults.delete(who);
    const done = fault === 'not-done' || (await work());
    if (fault !== undefined) throw new StorageError('outcome-unknown', 'so it is in this test');
    return done;
  };
  return {
    receive: (most) => store.receive(most),
    waitingUse: (accounts) => store.waitingUse(accounts),
    deliverTaking: (content, delivery, take) =>
      run(delivery.account, () => store.deliverTaking(content, delivery, take)),
    keepWaiting: (content, waiting, take) => run('', () => store.keepWaiting(content, waiting, take)),
  };
}

const toTeam = (queue: TestQueue, more: object = { envelope: { reversePath: '' } }) =>
  queue.put(TEXT, more, [{ forwardPath: 'team@example.com' }]);

const messages = async ({ sql }: TestQueue) =>
  (
    await sql<{ name: string }[]>`select a.name from messages as m join accounts as a using (account_id) order by 1`
  ).map(({ name }) => name);

const waiting = async ({ sql }: TestQueue) =>
  await sql`select a.name, w.last_failure as failure from waiting_deliveries as w join accounts as a using (account_id)`;

async function tryAgain({ sql }: TestQueue): Promise<void> {
  await sql`update queue_recipients set next_attempt_at = now() where state = 'waiting'`;
  await tellQueue(sql);
}

test('a copy of which the database did not say whether it is stored comes once, and so do the others', async () => {
  await using remote = await RemoteServer.start();
  const { queue, id } = await startTeam();
  await using _ = queue;
  const faults = new Map<AccountId | '', Fault>([
    [id('mary'), 'done'],
    [id('john'), 'not-done'],
  ]);
  await toTeam(queue);
  await using _relay = await queue.startRelay({ zone: ZONE, port: remote.port, store: withFaults(queue, faults) });
  const [first, ...others] = await queue.settled();
  expect([first?.state, first?.status, others]).toEqual(['waiting', '4.3.0', []]);
  expect(await messages(queue)).toEqual(['mary']);
  expect(await waiting(queue)).toEqual([]);

  await tryAgain(queue);
  await remote.messages(1);
  await queue.recipients((rows) => rows.length === 2 && rows.every(({ state }) => state === 'delivered'));
  expect(await messages(queue)).toEqual(['john', 'mary']);
  expect(await waiting(queue)).toEqual([{ name: 'peter', failure: 'over-quota' }]);
  expect(await queue.sql`select from queue_copies`).toEqual([]);
});

test.each<Fault>(['done', 'not-done'])('copies that are put by are put by once, where that was %s', async (fault) => {
  await using remote = await RemoteServer.start();
  const { queue } = await startTeam();
  await using _ = queue;
  await queue.directory.setDisabled('john', true);
  await toTeam(queue);
  const store = withFaults(queue, new Map([['' as const, fault]]));
  await using _relay = await queue.startRelay({ zone: ZONE, port: remote.port, store });
  await queue.settled();
  expect(await messages(queue)).toEqual(['mary']);
  await tryAgain(queue);
  await remote.messages(1);
  await queue.recipients((rows) => rows.length === 2 && rows.every(({ state }) => state === 'delivered'));
  expect(await messages(queue)).toEqual(['mary']);
  expect((await waiting(queue)).toSorted((a, b) => (a['name'] < b['name'] ? -1 : 1))).toEqual([
    { name: 'john', failure: '450 4.2.1' },
    { name: 'peter', failure: 'over-quota' },
  ]);
});

test('who has a copy does not get it again from a process that begins anew', async () => {
  const { queue, id } = await startTeam();
  await using _ = queue;
  await queue.put(TEXT, { envelope: { reversePath: '' } as never }, [{ forwardPath: 'mary@example.com' }]);
  // It has delivered, and has ended before it wrote that down.
  await queue.sql`insert into queue_copies (recipient_id, account_id) select recipient_id, ${id('mary')} from queue_recipients`;
  await using _relay = await queue.startRelay();
  const [row] = await queue.settled();
  expect([row?.state, row?.status]).toEqual(['delivered', '2.1.5']);
  expect(await messages(queue)).toEqual([]);
});

test.each([
  { isList: false, told: 1 },
  { isList: true, told: 0 },
])(
  'RFC 3461 §5.2.7.1: who has too much waiting is left out, and the author told, unless a list: $isList',
  async (of) => {
    await using remote = await RemoteServer.start();
    const { queue, id } = await startTeam();
    await using _ = queue;
    if (of.isList) await queue.directory.aliases.change('team@example.com', { isList: true });
    await queue.sql`
    insert into waiting_deliveries (account_id, system_flags, internal_date, prefix, reverse_path, forward_path, protocol, next_attempt_at, last_failure, size_octets)
    select ${id('peter')}, 0, now(), '', '', '', '', 'infinity', 'test', 1 from generate_series(1, 1000)`;
    const logFile = `${queue.directoryPath}/log`;
    await toTeam(queue, { envelope: { reversePath: 'alice@example.com' }, account: id('alice') });
    await using relay = await queue.startRelay({ zone: ZONE, port: remote.port, logFile });
    await remote.messages(1);
    await queue.recipients((rows) => rows.length === 2 + of.told && rows.every(({ state }) => state === 'delivered'));
    await relay[Symbol.asyncDispose]();
    const told = of.told === 0 ? [] : ['alice'];
    expect(await messages(queue)).toEqual([...told, 'john', 'mary']);
    expect(await queue.sql`select from waiting_deliveries`).toHaveLength(1_000);
    expect(await readFile(logFile, 'utf8')).toMatch(/"accounts":\["peter"\].*members of an alias do not get a message/);
    if (of.isList) return;
    const [report] = await queue.sql<{ text: string }[]>`
    select convert_from(c.octets, 'UTF8') as text
      from messages join contents as c using (account_id, content_id) where account_id = ${id('alice')}`;
    expect(report?.text).toMatch(/Final-Recipient: rfc822; ?team@example\.com[\s\S]*Status: 5\.2\.2/);
    expect(report?.text).not.toContain('peter');
  },
);
