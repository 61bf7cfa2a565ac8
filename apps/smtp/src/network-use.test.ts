/** How much MX takes from where: docs/receiving.md. */
import { expect, test } from 'vitest';
import { FAILURE_DELAY_MS, NETWORKS_KEPT } from './limits.ts';
import { type NetworkLimits, NetworkUse } from './network-use.ts';
import { startOwnServer } from './testing/own-server.ts';
import { SmtpClient } from './testing/smtp-client.ts';

const every = (limit: number) => ({ limit, intervalMs: 1_000 });
const sizes = (host: number, site = 2 * host, region = 3 * host) => ({
  host: every(host),
  site: every(site),
  region: every(region),
});
const LIMITS: NetworkLimits = { messages: sizes(2), recipients: sizes(3), failures: sizes(4) };

function countingFrom(isTrusted = false) {
  const clock = { ms: 0 };
  const use = new NetworkUse({ now: () => clock.ms, isTrusted: () => isTrusted, limits: LIMITS });
  return { clock, use };
}

test('a host is full before the networks around it, and room comes back by and by', () => {
  const { clock, use } = countingFrom();
  for (let i = 0; i < 2; i++) {
    expect(use.isBeyond('192.0.2.1', 'messages')).toBe(false);
    use.add('192.0.2.1', 'messages');
  }
  expect(use.isBeyond('192.0.2.1', 'messages')).toBe(true);
  expect(use.isBeyond('192.0.2.2', 'messages')).toBe(false);
  expect(use.isBeyond('192.0.2.1', 'recipients')).toBe(false);
  for (let i = 0; i < 2; i++) use.add('192.0.2.2', 'messages');
  expect(use.isBeyond('192.0.2.3', 'messages')).toBe(true); // of the same /26
  expect(use.isBeyond('192.0.2.130', 'messages')).toBe(false);
  for (let i = 0; i < 2; i++) use.add('192.0.2.130', 'messages');
  expect(use.isBeyond('192.0.3.1', 'messages')).toBe(true); // of the same /21
  clock.ms = 1_000;
  expect(use.isBeyond('192.0.2.1', 'messages')).toBe(false);
  expect(use.isBeyond('192.0.3.1', 'messages')).toBe(false);
});

test('hosts of IPv6 are networks of 64 bits', () => {
  const { use } = countingFrom();
  for (let i = 0; i < 4; i++) use.add(`2001:db8::${i}`, 'failures');
  expect(use.isHostBeyond('2001:db8::ffff')).toBe(true);
  expect(use.isHostBeyond('2001:db8:0:1::1')).toBe(false);
});

test('who fails often waits longer each time, and nobody for ever', () => {
  const { use } = countingFrom();
  const delays = [];
  for (let i = 0; i < 6; i++) {
    use.add('192.0.2.1', 'failures');
    delays.push(use.failureDelayMs('192.0.2.1') / FAILURE_DELAY_MS);
  }
  expect(delays).toEqual([1 / 16, 1 / 4, 9 / 16, 1, 1, 1]);
});

test('what came beyond a limit is not owed: there is room after one interval', () => {
  const { clock, use } = countingFrom();
  for (let i = 0; i < 1_000; i++) use.add('192.0.2.1', 'failures');
  expect(use.isHostBeyond('192.0.2.1')).toBe(true);
  clock.ms = 1_000;
  expect(use.isHostBeyond('192.0.2.1')).toBe(false);
  clock.ms = 12_000;
  expect(use.failureDelayMs('192.0.2.1')).toBe(0);
});

test('whoever is trusted is not counted', () => {
  const { use } = countingFrom(true);
  for (let i = 0; i < 10; i++) use.add('192.0.2.1', 'failures');
  expect(use.isBeyond('192.0.2.1', 'failures')).toBe(false);
  expect(use.isHostBeyond('192.0.2.1')).toBe(false);
  expect(use.failureDelayMs('192.0.2.1')).toBe(0);
});

test('hardening 27: a hundred thousand networks take no more room than is set aside for them', () => {
  const { use } = countingFrom();
  for (let i = 0; i < 5; i++) use.add('192.0.2.1', 'failures');
  expect(use.isHostBeyond('192.0.2.1')).toBe(true);
  for (let i = 0; i < NETWORKS_KEPT; i++)
    use.add(`2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::1`, 'failures');
  expect(use.isHostBeyond('192.0.2.1')).toBe(false); // forgotten
});

test('MX refuses what is beyond for now, and takes it later', async () => {
  const { clock, use: networkUse } = countingFrom();
  const waits: number[] = [];
  const wait = async (ms: number) => {
    waits.push(ms);
  };
  await using own = await startOwnServer({ networkUse, wait }, { kind: 'mx' });
  const { address } = own.account;
  const from = 'MAIL FROM:<sender@elsewhere.example>';
  await using client = await own.connect();
  for (let i = 0; i < 2; i++) {
    await client.dialogue`
      C: ${from}
      S: 250 2.1.0 ...
      C: RCPT TO:<${address}>
      S: 250 2.1.5 ...
      C: DATA
      S: 354 ...
      C: .
      S: 250 2.0.0 ...
    `;
  }
  await client.dialogue`
    C: ${from}
    S: 451 4.7.1 Too many messages ...
  `;
  clock.ms += 1_000;
  await client.dialogue`
    C: ${from}
    S: 250 2.1.0 ...
    C: RCPT TO:<${address}>
    S: 250 2.1.5 ...
    C: RCPT TO:<${address}>
    S: 250 2.1.5 ...
    C: RCPT TO:<${address}>
    S: 451 4.7.1 Too many recipients ...
    C: RSET
    S: 250 ...
  `;
  clock.ms += 1_000_000;
  waits.length = 0;
  await client.command(from);
  for (let i = 0; i < 4; i++) {
    expect(await client.command('RCPT TO:<nobody@localhost>')).toMatch(/^550 5\.1\.1 /);
  }
  expect(waits.map((ms) => ms / FAILURE_DELAY_MS)).toEqual([1 / 16, 1 / 4, 9 / 16, 1]);
  await using another = await SmtpClient.connect(own.port);
  expect(await another.closed()).toEqual([expect.stringMatching(/^421 4\.7\.0 Too many addresses /)]);
  clock.ms += 1_000;
  await using later = await own.connect();
  expect(await later.command(from)).toMatch(/^250 /);
});

test('LMTP and submission are not counted', async () => {
  const { use: networkUse } = countingFrom();
  for (const kind of ['lmtp', 'submission'] as const) {
    await using own = await startOwnServer({ networkUse }, { kind });
    await using client = kind === 'lmtp' ? await own.connect() : await own.logIn();
    for (let i = 0; i < 10; i++) {
      expect(await client.command(`MAIL FROM:<${own.account.address}>`)).toMatch(/^250 /);
      expect(await client.command(`RCPT TO:<${own.account.address}>`)).toMatch(/^250 /);
      expect(await client.command('RCPT TO:<nobody@localhost>')).toMatch(/^550 /);
      await client.command('RSET');
    }
  }
});
