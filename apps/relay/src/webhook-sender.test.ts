import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { ScriptedResolver } from '@postel/dns';
import { type EventOutcome, isEventTaken, noteTestEvent, WebhookEvents } from '@postel/queue';
import { otherSecrets, SealingKey, sealClearSecrets, webhookSealer } from '@postel/routes';
import { openDatabase } from '@postel/storage';
import { createLog } from '@postel/supervision';
import { makeTestCertificate, PolicyWeb } from '@postel/testkit';
import { expect, test } from 'vitest';
import { RemoteServer } from './testing/remote-server.ts';
import { startQueue, type TestQueue } from './testing/start-relay.ts';
import { bringEvent, WebhookSender } from './webhook-sender.ts';

const SECRET = 'a secret of the webhook'.replaceAll(' ', '-');
const TEXT = 'Message-ID: <1@example.com>\r\nSubject: hello\r\n\r\nsecret text\r\n';

/** A web server in the clear; it answers with the statuses given, the last one again and again. */
async function startHook(...statuses: readonly (number | null)[]) {
  const heard: { body: Record<string, unknown>; isSigned: boolean }[] = [];
  let told = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const [, t = '', v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request.headers['postel-signature'])) ?? [];
    const expected = createHmac('sha256', SECRET).update(`${t}.${body}`).digest('hex');
    const status = statuses[Math.min(heard.length, statuses.length - 1)] ?? null;
    heard.push({ body: JSON.parse(body), isSigned: v1 === expected });
    told.resolve();
    if (status !== null) response.writeHead(status, { location: 'http://127.0.0.1/elsewhere' }).end('text');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    heard,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?x=1`,
    async hears(count: number) {
      while (heard.length < count) {
        await told.promise;
        told = Promise.withResolvers();
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function startSender(
  { target, keyFile }: TestQueue,
  { signal, secretKeyFile = keyFile }: { signal?: AbortSignal; secretKeyFile?: string } = {},
) {
  const own = openDatabase(target, { applicationName: 'webhook test', maxConnections: 3 });
  const outcomes: EventOutcome['type'][] = [];
  const sender = new WebhookSender({
    events: new WebhookEvents(own),
    web: { resolver: new ScriptedResolver({}), authorities: null, isReachable: () => false, ...(signal && { signal }) },
    secretKeyFile,
    log: createLog({ name: 'webhook-test', file: '/dev/null' }),
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  sender.start();
  return {
    outcomes,
    async [Symbol.asyncDispose]() {
      await sender.stop();
      await own.close();
    },
  };
}

const sealer = ({ directory, keyFile }: TestQueue) => webhookSealer({ directory, secretKeyFile: keyFile }, null);

const add = async (queue: TestQueue, url: string, account: string | null = null) =>
  await queue.directory.webhooks.add(
    { account, url, events: ['delivered', 'delayed', 'failed'], allowsPrivate: true, secret: SECRET },
    await sealer(queue),
  );

const ZONE = {
  'example.org': { MX: [{ preference: 10, exchange: 'mx.example.org' }] },
  'mx.example.org': { A: ['127.0.0.1'] },
};

/** A message to three, of whom one is refused and one deferred. */
async function sendAll(queue: TestQueue, account: string | null = null): Promise<void> {
  await using remote = await RemoteServer.start((line) => {
    if (line.includes('nobody@')) return '550 5.1.1 No such person';
    return line.includes('later@') ? '450 4.2.1 Not now' : null;
  });
  const found = account === null ? null : await queue.directory.identify(account);
  const paths = ['bob', 'nobody', 'later'].map((name) => ({ forwardPath: `${name}@example.org`, notify: ['NEVER'] }));
  await queue.put(TEXT, { account: found?.accountId ?? null, envelope: { envelopeId: 'QQ1' } as never }, paths);
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  await queue.recipients((rows) => rows.filter(({ attempts }) => attempts > 0).length >= 3);
}

test('what became of each recipient is brought, signed, and nothing of what the message says', async () => {
  await using hook = await startHook(204);
  await using queue = await startQueue();
  await queue.directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  await queue.directory.addAccount({ name: 'john', address: 'john@example.com', password: null });
  await add(queue, hook.url, 'mary');
  await add(queue, hook.url, 'john');
  await using _ = startSender(queue);
  await sendAll(queue, 'mary');
  await hook.hears(3);
  const bodies = hook.heard.map(({ body }) => body).toSorted((a, b) => Number(a['sequence']) - Number(b['sequence']));
  expect(hook.heard.every(({ isSigned }) => isSigned)).toBe(true);
  const common = {
    account: 'mary',
    sender: 'mary@example.com',
    id: 'test-1',
    messageId: '<1@example.com>',
    envelopeId: 'QQ1',
  };
  expect(bodies).toMatchObject([
    { ...common, event: 'delivered', recipient: 'bob@example.org', status: '2.0.0', mta: 'mx.example.org' },
    { ...common, event: 'failed', recipient: 'nobody@example.org', status: '5.1.1', reply: '550 5.1.1 No such person' },
    { ...common, event: 'delayed', recipient: 'later@example.org', attempts: 1, nextAttemptAt: expect.any(String) },
  ]);
  expect(JSON.stringify(bodies)).not.toMatch(/hello|secret text/);
});

test('an account hears of an alias that it wrote to, and nothing of those for whom that stands', async () => {
  await using queue = await startQueue();
  await queue.directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
  await add(queue, 'http://127.0.0.1:1/', 'mary');
  await add(queue, 'http://127.0.0.1:1/');
  const account = (await queue.directory.identify('mary'))?.accountId ?? null;
  await queue.put(TEXT, { account }, [
    { forwardPath: 'hidden@example.org', alias: 'all@example.com', notify: ['NEVER'] },
  ]);
  await using remote = await RemoteServer.start((line) =>
    line.startsWith('RCPT') ? '550 5.1.1 <hidden@example.org> is unknown' : null,
  );
  await using _ = await queue.startRelay({ zone: ZONE, port: remote.port });
  await queue.settled();
  const events = await queue.sql<{ body: string }[]>`select body from webhook_events order by webhook_id`;
  const [own, all] = events.map(({ body }) => JSON.parse(body));
  expect(own).toMatchObject({ event: 'failed', recipient: 'all@example.com', status: '5.1.1', reply: null, mta: null });
  expect(events[0]?.body).not.toContain('example.org');
  expect(all).toMatchObject({ recipient: 'hidden@example.org', mta: 'mx.example.org' });
});

test('what is not taken comes again, whoever brings it, and what is taken does not', async () => {
  await using hook = await startHook(500, 301, 204);
  await using queue = await startQueue();
  await add(queue, hook.url);
  await queue.sql`insert into webhook_events (webhook_id, body) select webhook_id, '{"event":"test"}' from webhooks`;
  const dueAgain = async () => {
    for (;;) {
      const rows = await queue.sql`
        update webhook_events set next_attempt_at = now() where lease is null and attempts > 0
        returning extract(epoch from next_attempt_at - now())`;
      if (rows.length > 0) break;
    }
    await queue.sql`select pg_notify('postel_webhooks', '')`;
  };
  await using one = startSender(queue);
  await using two = startSender(queue);
  await hook.hears(1);
  await dueAgain();
  await hook.hears(2);
  await dueAgain();
  await hook.hears(3);
  for (;;) if ((await queue.sql`select from webhook_events`).length === 0) break;
  expect([...one.outcomes, ...two.outcomes].toSorted()).toEqual(['failed', 'failed', 'taken']);
  expect(new Set(hook.heard.map(({ body }) => body['sequence'])).size).toBe(1);
  expect(await queue.directory.webhooks.list(null)).toMatchObject([
    { takenAt: expect.any(Date), lastFailure: null, waiting: 0 },
  ]);
});

test('one that a process took and died with comes again when its lease is over', async () => {
  await using hook = await startHook(204);
  await using queue = await startQueue();
  await add(queue, hook.url);
  await queue.sql`insert into webhook_events (webhook_id, body) select webhook_id, '{"event":"test"}' from webhooks`;
  const own = openDatabase(queue.target, { applicationName: 'webhook test', maxConnections: 1 });
  const events = new WebhookEvents(own);
  expect(await events.take(10)).toHaveLength(1);
  expect(await events.take(10)).toHaveLength(0);
  await own.close();
  await queue.sql`update webhook_events set next_attempt_at = now()`; // time goes by
  await using _ = startSender(queue);
  await hook.hears(1);
});

test('one that takes nothing for a day, or is gone, is paused, and what waits for it removed', async () => {
  await using queue = await startQueue();
  for (const [status, isOld] of [
    [410, false],
    [500, true],
  ] as const) {
    await using hook = await startHook(status);
    const { id } = await add(queue, hook.url);
    await queue.sql`
      insert into webhook_events (webhook_id, body, happened_at, next_attempt_at)
      select ${id}::bigint, '{"event":"test"}', case when ${isOld} then now() - interval '25 hours' else now() end,
             case when n = 1 then now() else now() + interval '1 hour' end
        from generate_series(1, 3) as n`;
    if (isOld)
      await queue.sql`update webhooks set added_at = now() - interval '2 days' where webhook_id = ${id}::bigint`;
    await using _ = startSender(queue);
    for (;;) if ((await queue.directory.webhooks.read(id)).pausedAt !== null) break;
    expect(await queue.directory.webhooks.read(id)).toMatchObject({
      waiting: 0,
      lastFailure: `it answers with status ${status}`,
    });
    await queue.directory.webhooks.change(id, null, { isPaused: false }, null);
    expect(await queue.directory.webhooks.read(id)).toMatchObject({ pausedAt: null, lastFailure: null });
    await queue.directory.webhooks.remove(id, null);
  }
});

test('who does not answer holds up nobody else', async () => {
  await using silent = await startHook(null);
  await using quick = await startHook(204);
  await using queue = await startQueue();
  const { id } = await add(queue, silent.url);
  await add(queue, quick.url);
  await queue.sql`
    insert into webhook_events (webhook_id, body)
    select webhook_id, '{"event":"test"}' from webhooks, generate_series(1, 30)`;
  const ending = new AbortController();
  await using _ = startSender(queue, { signal: ending.signal });
  await silent.hears(5);
  await quick.hears(30);
  for (;;) if ((await queue.sql`select from webhook_events where webhook_id <> ${id}`).length === 0) break;
  expect(silent.heard).toHaveLength(5);
  const [waiting] = await queue.sql`
    select count(*)::integer as all, count(lease)::integer as leased from webhook_events`;
  expect(waiting).toEqual({ all: 30, leased: 5 });
  ending.abort();
});

test('a test event comes before those that wait, and to a webhook that rests; for one that is paused nobody looks', async () => {
  await using hook = await startHook(500, 204);
  await using queue = await startQueue();
  const { id } = await add(queue, hook.url);
  await queue.sql`
    insert into webhook_events (webhook_id, body) select ${id}::bigint, '{"event":"delivered"}' from generate_series(1, 7)`;
  const own = openDatabase(queue.target, { applicationName: 'webhook test', maxConnections: 1 });
  const events = new WebhookEvents(own);
  const sequence = await noteTestEvent(own.sql, id);
  const [first] = await events.take(1);
  expect(first).toMatchObject({ sequence, attempts: 1 });
  await queue.sql`update webhook_events set lease = null, next_attempt_at = 'epoch' where event_id = ${sequence}`;
  expect(await events.nextDueMs()).toBeLessThan(0);
  expect(await events.nextDueMs([id])).toBeNull();
  await queue.sql`update webhooks set paused_at = now()`;
  expect(await events.nextDueMs()).toBeNull();
  expect(await events.take(10)).toEqual([]);
  await queue.directory.webhooks.change(id, null, { isPaused: false }, null);
  expect(await events.take(10, new Map([[id, 0]]))).toEqual([]);
  await using _ = startSender(queue);
  await hook.hears(1); // it takes nothing, and rests
  const second = await noteTestEvent(own.sql, id);
  for (;;) if ((await isEventTaken(own.sql, second)) === true) break;
  expect(hook.heard.some(({ body }) => body['sequence'] === second)).toBe(true);
  await own.close();
});

const event = { sequence: 1, webhook: 1, secret: SECRET, body: '{}' };

test.for<[string, boolean, string]>([
  ['http://hook.example/', false, 'not under https'],
  ['ftp://hook.example/', true, 'not under https'],
  ['https://inside.example/', false, 'no address in the world'],
  ['https://127.0.0.1/', false, 'no address in the world'],
  ['https://2130706433/', false, 'no address in the world'],
  ['https://0x7f.1/', false, 'no address in the world'],
  ['https://[::1]/', false, 'no address in the world'],
  ['https://[::ffff:10.0.0.1]/', false, 'no address in the world'],
  ['https://169.254.169.254/latest', false, 'no address in the world'],
  ['https://nobody.example/', false, 'the DNS has no address'],
])('hardening 61: %s, allowed: %s', async ([url, allowsPrivate, reason]) => {
  const { ReachableAddresses } = await import('./reachable-addresses.ts');
  const reachable = new ReachableAddresses({ includes: () => false }, () => new Set());
  const resolver = new ScriptedResolver({
    'inside.example': { A: ['10.0.0.1', '192.168.1.1'] },
    'hook.example': { A: ['192.0.2.1'] },
  });
  const web = { resolver, authorities: null, isReachable: (address: string) => reachable.includes(address) };
  expect(await bringEvent(web, { ...event, url, allowsPrivate })).toMatchObject({
    type: 'failed',
    reason: expect.stringContaining(reason),
  });
});

test('under TLS the name and its certificate are looked at, and the address is the one that was', async () => {
  const root = await makeTestCertificate({ commonName: 'root', isAuthority: true });
  await using server = await PolicyWeb.start(await makeTestCertificate({ names: ['hook.example'], issuer: root }));
  const resolver = new ScriptedResolver({
    'hook.example': { A: ['127.0.0.1'] },
    'other.example': { A: ['127.0.0.1'] },
  });
  const web = { resolver, authorities: root.cert, isReachable: () => true };
  const bring = (host: string) =>
    bringEvent(web, { ...event, url: `https://${host}:${server.port}/a?b`, allowsPrivate: false });
  expect(await bring('hook.example')).toEqual({ type: 'taken' });
  expect(server.asked).toEqual([`hook.example:${server.port} /a?b`]);
  expect(await bring('other.example')).toMatchObject({ type: 'failed' });
  expect(server.asked).toHaveLength(1);
});

test('URLs and secrets that do not do are refused with a reason', async () => {
  await using queue = await startQueue();
  const { webhooks } = queue.directory;
  const good = {
    account: null,
    url: 'https://hook.example/',
    events: ['failed'],
    allowsPrivate: false,
    secret: null,
  } as const;
  const seal = await sealer(queue);
  for (const bad of [
    { url: 'http://hook.example/' },
    { url: 'nonsense' },
    { url: 'https://a:b@hook.example/' },
    { url: `https://hook.example/${'x'.repeat(2_000)}` },
    { events: [] },
    { secret: 'short' },
    { secret: 'with spaces and all that' },
  ]) {
    await expect(webhooks.add({ ...good, ...bad }, seal)).rejects.toMatchObject({ kind: 'invalid-webhook' });
  }
  const { id, secret } = await webhooks.add(good, seal);
  expect(secret).toMatch(/^[\w-]{43}$/);
  await expect(webhooks.change(id, 'mary', { isPaused: true }, null)).rejects.toMatchObject({
    kind: 'no-such-webhook',
  });
  const changes = await queue.directory.listChanges({ account: null, since: new Date(0), limit: 5 });
  expect(JSON.stringify(changes)).not.toContain(secret);
});

test('a secret is sealed for its webhook alone, and one from before is sealed by the first who has the key', async () => {
  await using queue = await startQueue();
  await using hook = await startHook(200);
  const { directory, keyFile: secretKeyFile, sql } = queue;
  await sql`
    insert into webhooks (url, secret, events, allows_private) values (${hook.url}, ${SECRET}, '{delivered,delayed,failed}', true)`;
  const stored = () => sql<{ secret: string | null; sealed: Buffer | null }[]>`
    select secret, sealed_secret as sealed from webhooks order by webhook_id`;
  // No key is made for it: other hosts would not have it.
  expect(await sealClearSecrets({ directory, secretKeyFile })).toBe(0);
  expect(await stored()).toEqual([{ secret: SECRET, sealed: null }]);
  const { id } = await add(queue, hook.url);
  expect(await sealClearSecrets({ directory, secretKeyFile })).toBe(1);
  expect(await sealClearSecrets({ directory, secretKeyFile })).toBe(0);
  const [first, second] = await stored();
  expect([first?.secret, second?.secret]).toEqual([null, null]);
  expect(second?.sealed?.includes(SECRET)).toBe(false);
  const key = await SealingKey.read(secretKeyFile);
  expect(key.open(second?.sealed ?? Buffer.alloc(0), `the webhook ${id}`)).toBe(SECRET);
  expect(() => key.open(first?.sealed ?? Buffer.alloc(0), `the webhook ${id}`)).toThrow('another');
  {
    await using _ = startSender(queue);
    await sendAll(queue);
    await hook.hears(6);
    expect(hook.heard.every(({ isSigned }) => isSigned)).toBe(true);
  }
  expect((await otherSecrets(directory, {})).map(({ of }) => of)).toHaveLength(2);
  // Another host, without the key: nothing is brought unsigned, nor is another key made.
  const elsewhere = `${queue.directoryPath}/another-host/secrets.key`;
  await expect(webhookSealer({ directory, secretKeyFile: elsewhere }, null)).rejects.toMatchObject({ kind: 'no-key' });
  const heard = hook.heard.length;
  await sql`insert into webhook_events (webhook_id, body) values (${id}::bigint, '{"event":"test"}')`;
  await using _ = startSender(queue, { secretKeyFile: elsewhere });
  for (;;) if ((await directory.webhooks.read(id)).lastFailure !== null) break;
  expect((await directory.webhooks.read(id)).lastFailure).toContain('Copy the file of that name');
  expect(hook.heard).toHaveLength(heard);
}, 60_000);
