import { expect, test } from 'vitest';
import { RemoteServer } from './testing/remote-server.ts';
import { startQueue } from './testing/start-relay.ts';

const TEXT = 'From: mary@example.com\r\nSubject: hello\r\n\r\nfirst\r\n';
const ZONE = {
  'example.org': { MX: [{ preference: 10, exchange: 'mx.example.org' }] },
  'mx.example.org': { A: ['127.0.0.1'] },
};

test('who had no room in a transaction waits where DATA is deferred, whatever other hosts say for good', async () => {
  await using remote = await RemoteServer.start((line) => {
    if (line.includes('ann@')) return '452 4.5.3 Too many';
    return line === 'DATA' ? '451 4.3.0 Not now' : null;
  });
  await using queue = await startQueue();
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }, { forwardPath: 'ann@example.org' }]);
  const exchanges = ['nowhere.example.org', 'mx.example.org'];
  const MX = exchanges.map((exchange, preference) => ({ preference, exchange }));
  await using _ = await queue.startRelay({ zone: { ...ZONE, 'example.org': { MX } }, port: remote.port });
  const rows = await queue.settled();
  expect(rows.map(({ state, status }) => [state, status])).toEqual([
    ['waiting', '4.3.0'],
    ['waiting', '4.5.3'],
  ]);
});

test('a mailbox without room is no transaction without room: its sender hears of it at once', async () => {
  await using remote = await RemoteServer.start((line) => (line.includes('ann@') ? '552 5.2.2 Mailbox full' : null));
  await using queue = await startQueue();
  const recipients = ['bob@example.org', 'ann@example.org'].map((forwardPath) => ({ forwardPath, notify: ['NEVER'] }));
  await queue.put(TEXT, {}, recipients);
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  const rows = await queue.settled();
  expect(rows.map(({ state, status }) => [state, status])).toEqual([
    ['delivered', '2.0.0'],
    ['failed', '5.2.2'],
  ]);
});

test('recipients beyond what a connection takes go by the next one at once: RFC 9422', async () => {
  await using remote = await RemoteServer.start(undefined, ['PIPELINING', 'LIMITS MAILMAX=2 RCPTMAX=1']);
  await using queue = await startQueue();
  const names = ['a', 'b', 'c', 'd', 'e'];
  await queue.put(
    TEXT,
    {},
    names.map((name) => ({ forwardPath: `${name}@example.org` })),
  );
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  const rows = await queue.settled();
  expect(rows.map(({ state, attempts }) => [state, attempts])).toEqual(names.map(() => ['delivered', 1]));
  expect([remote.received.length, remote.connections]).toEqual([5, 3]);
});

test('a connection where RSET is refused is given up, and the message goes by another one', async () => {
  await using remote = await RemoteServer.start((line, _, connection) => {
    if (line.includes('nobody@')) return '550 5.1.1 No such person';
    if (connection > 1 || !remote.heard.includes('RSET')) return null;
    return line === 'RSET' ? '500 5.5.1 What' : '503 5.5.1 One transaction after the other';
  });
  await using queue = await startQueue();
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  await queue.put(TEXT, { envelope: { reversePath: '' } as never }, [{ forwardPath: 'nobody@example.org' }]);
  await queue.settled();
  await queue.put(TEXT, {}, [{ forwardPath: 'bob@example.org' }]);
  const rows = await queue.settled();
  expect(rows.map(({ state }) => state)).toEqual(['failed', 'delivered']);
});

test('where a chunk was refused, the transaction is ended before the next one: RFC 3030 §2', async () => {
  await using remote = await RemoteServer.start(
    (line) => (line.startsWith('BDAT') ? '452 4.3.1 Full' : /^(?:Subject|X):/.test(line) ? '' : null),
    ['PIPELINING', 'BINARYMIME', 'CHUNKING'],
  );
  await using queue = await startQueue();
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  await queue.put('Subject: x\r\nX: \0\r\n', { mayBeBinary: true }, [{ forwardPath: 'bob@example.org' }]);
  await queue.settled();
  await queue.put(TEXT, {}, [{ forwardPath: 'ann@example.org' }]);
  await queue.settled();
  const commands = remote.heard.filter((line) => !/^(?:Subject|X):/.test(line));
  expect(remote.connections).toBe(1);
  expect(commands[commands.findIndex((line) => line.startsWith('BDAT')) + 1]).toBe('RSET');
});

test('a message of which a part is gone is not sent, and who has had it does not get it again', async () => {
  let count = 0;
  await using remote = await RemoteServer.start(
    async (line) => {
      if (line === 'DATA' && ++count === 2) await queue.sql`delete from queue_contents`;
      return null;
    },
    ['PIPELINING', 'LIMITS RCPTMAX=1'],
  );
  await using queue = await startQueue();
  // So large that it is not in memory before.
  const text = `${TEXT}${'x'.repeat(70)}\r\n`.padEnd(20_000, `${'x'.repeat(70)}\r\n`).concat('\r\n');
  await queue.put(text, {}, [{ forwardPath: 'bob@example.org' }, { forwardPath: 'ann@example.org' }]);
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  const rows = await queue.settled();
  expect(rows.map(({ state, status }) => [state, status])).toEqual([
    ['delivered', '2.0.0'],
    ['waiting', '4.3.0'],
  ]);
  expect(remote.received).toHaveLength(1);
});
