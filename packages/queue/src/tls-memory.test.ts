import { expect, test } from 'vitest';
import { openTestDatabase } from './testing/open-test-database.ts';
import { forgetTlsHosts, listTlsHosts, TlsMemory } from './tls-memory.ts';

const HOST = 'mx.example.org';
const KEY = Buffer.alloc(32, 1);
const OTHER_KEY = Buffer.alloc(32, 2);

test('a host that had TLS and has none any more is an alarm, until it has it again', async () => {
  await using database = await openTestDatabase();
  const memory = new TlsMemory(database.sql);
  // Of who never had it nothing is expected.
  expect(await memory.missing(HOST, 'it offers no TLS')).toBeNull();
  expect(await memory.seen(HOST, KEY)).toBeNull();
  expect(await memory.seen(HOST, KEY)).toBeNull();
  expect(await memory.countMissing()).toBe(0);

  expect(await memory.missing(HOST, 'it offers no TLS')).toEqual({ forMs: expect.any(Number), isNew: true });
  await database.sql`update tls_hosts set missing_since = missing_since - interval '90 minutes'`;
  const again = await memory.missing(HOST, 'the handshake broke');
  expect(again?.isNew).toBe(false);
  expect(again?.forMs).toBeGreaterThanOrEqual(90 * 60_000);
  expect(await memory.countMissing()).toBe(1);
  const [listed] = await listTlsHosts(database.sql, false, 10);
  expect(listed).toMatchObject({ host: HOST, key: KEY.toString('base64'), missingReason: 'the handshake broke' });

  expect(await memory.seen(HOST, KEY)).toEqual({ hasNewKey: false, wasMissing: true });
  expect(await memory.countMissing()).toBe(0);
  expect(await listTlsHosts(database.sql, false, 10)).toEqual([]);
  expect(await listTlsHosts(database.sql, true, 10)).toMatchObject([
    { host: HOST, missingSince: null, missingReason: null },
  ]);
});

test('a host with another key is told of once', async () => {
  await using database = await openTestDatabase();
  const memory = new TlsMemory(database.sql);
  await memory.seen(HOST, KEY);
  await database.sql`update tls_hosts set key_since = key_since - interval '1 day'`;
  expect(await memory.seen(HOST, OTHER_KEY)).toEqual({ hasNewKey: true, wasMissing: false });
  expect(await memory.seen(HOST, OTHER_KEY)).toBeNull();
  const [listed] = await listTlsHosts(database.sql, true, 10);
  expect(listed?.key).toBe(OTHER_KEY.toString('base64'));
  expect(Date.now() - (listed?.keySince.getTime() ?? 0)).toBeLessThan(60_000);
});

test('hosts are forgotten when somebody says so, and when no mail has gone to them for long', async () => {
  await using database = await openTestDatabase();
  const memory = new TlsMemory(database.sql);
  for (const host of ['a.example', 'b.example', 'c.example']) await memory.seen(host, KEY);
  expect(await forgetTlsHosts(database.sql, ['a.example', 'z.example'])).toEqual(['a.example']);
  expect(await memory.missing('a.example', 'it offers no TLS')).toBeNull();
  await memory.missing('c.example', 'it offers no TLS');
  await database.sql`update tls_hosts set seen_at = now() - interval '181 days'`;
  await memory.prune();
  expect((await listTlsHosts(database.sql, true, 10)).map(({ host }) => host)).toEqual(['c.example']);
});

test('two processes that find a host without TLS raise one alarm', async () => {
  await using database = await openTestDatabase();
  const memory = new TlsMemory(database.sql);
  await memory.seen(HOST, KEY);
  const found = await Promise.all(Array.from({ length: 4 }, () => memory.missing(HOST, 'it offers no TLS')));
  expect(found.filter((each) => each?.isNew)).toHaveLength(1);
});
