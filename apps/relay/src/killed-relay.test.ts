import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { RemoteServer } from './testing/remote-server.ts';
import { startQueue, type TestQueue } from './testing/start-relay.ts';

/** A relay in a process of its own, as the supervisor starts it. */
async function startProcess({ target, directoryPath }: TestQueue, port: number): Promise<ChildProcess> {
  const child = fork(new URL('main.ts', import.meta.url), { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const settings = {
    processName: 'relay',
    hostname: 'mail.example.com',
    database: target,
    blobs: { directory: directoryPath },
    lifetimeDays: 5,
    firstRetryMinutes: 5,
    longestRetryMinutes: 240,
    delayNoticeHours: 4,
    tlsPatienceHours: 24,
    tlsReports: true,
    secretKeyFile: '/nowhere/secrets.key',
    dmarcReports: true,
    privateNetworks: ['127.0.0.0/8'],
    port,
  };
  child.send({ type: 'start', settings, sockets: [] });
  const [message] = await once(child, 'message');
  if (message.type !== 'ready') throw new Error(JSON.stringify(message));
  return child;
}

test('hardening 64: after kill -9 in the middle of transactions each message arrives, and once', async () => {
  let isBlocking = true;
  let count = 0;
  await using remote = await RemoteServer.start(async (line, { socket }) => {
    if (!isBlocking || line !== 'DATA' || ++count <= 3) return null;
    await once(socket, 'close');
    return '';
  });
  await using queue = await startQueue();
  const paths = Array.from({ length: 12 }, (_, i) => `r${i}@[127.0.0.1]`);
  for (const forwardPath of paths) await queue.put('Subject: x\r\n\r\n', {}, [{ forwardPath }]);

  const first = await startProcess(queue, remote.port);
  // Three have arrived and are written down; as many as may be are at DATA.
  await queue.recipients((rows) => rows.filter(({ state }) => state === 'delivered').length === 3);
  await remote.hears('DATA', 3 + 5);
  first.kill('SIGKILL');
  await once(first, 'exit');
  isBlocking = false;

  const left = await queue.recipients(() => true);
  expect(left.filter(({ isLeased }) => isLeased)).toHaveLength(9);
  expect(left.every(({ isLeased, pauseSeconds }) => !isLeased || pauseSeconds <= 120)).toBe(true);
  await queue.sql`update queue_recipients set next_attempt_at = now() where lease is not null`; // time goes by
  const second = await startProcess(queue, remote.port);
  await queue.recipients((rows) => rows.every(({ state }) => state === 'delivered'));
  expect(remote.received.map(({ rcpts }) => rcpts.join()).toSorted()).toEqual(
    paths.map((path) => `RCPT TO:<${path}>`).toSorted(),
  );
  second.send({ type: 'stop' });
  expect(await once(second, 'exit')).toEqual([0, null]);
});

test('hardening 64: after kill -9 while a webhook has an event and has not answered, it comes again, the same one', async () => {
  let answers = false;
  const sequences: unknown[] = [];
  const hook = createServer((request, response) => {
    sequences.push(request.headers['postel-sequence']);
    request.resume();
    if (answers) response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await once(hook, 'listening');
  await using queue = await startQueue();
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
  await queue.sql`
    insert into webhooks (url, secret, events, allows_private) values (${url}, 'from-an-older-version', '{failed}', true)`;
  await queue.sql`insert into webhook_events (webhook_id, body) select webhook_id, '{"event":"test"}' from webhooks`;

  const heard = once(hook, 'request');
  const first = await startProcess(queue, 25);
  await heard;
  first.kill('SIGKILL');
  await once(first, 'exit');
  answers = true;
  expect(await queue.sql`select attempts, lease is not null as "isLeased" from webhook_events`).toEqual([
    { attempts: 1, isLeased: true },
  ]);
  await queue.sql`update webhook_events set next_attempt_at = now()`; // time goes by
  const second = await startProcess(queue, 25);
  for (;;) if ((await queue.sql`select from webhook_events`).length === 0) break;
  expect(sequences).toEqual([sequences[0], sequences[0]]);
  second.send({ type: 'stop' });
  expect(await once(second, 'exit')).toEqual([0, null]);
  hook.closeAllConnections();
  hook.close();
});
