import type { AccountId } from '@postel/storage';
import { describe, expect, test } from 'vitest';
import { TESTER } from './directory-for-tests.ts';
import type { FailureStore, StoredCount } from './failure-store.ts';
import { LoginLimits } from './login-limits.ts';

const MINUTE_MS = 60_000;
const nothing = () => {};

/** A store in memory, with a clock that tests move, and as many processes as they like. */
function startLimits({ trustedNetworks = [] as readonly string[] } = {}) {
  const clock = { ms: 1_000_000 };
  const now = () => clock.ms;
  const stored = new Map<string, { emptyAt: number; changedAt: number; clearedAt: number | null }>();
  const left = (scope: string) => {
    const { emptyAt = 0, clearedAt = null } = stored.get(scope) ?? {};
    return { scope, leftMs: emptyAt - clock.ms, clearedAt };
  };
  const store: FailureStore = {
    async add(counts) {
      for (const [scope, ms] of counts) {
        const before = stored.get(scope);
        const emptyAt = Math.max(before?.emptyAt ?? 0, clock.ms) + ms;
        stored.set(scope, { emptyAt, changedAt: clock.ms, clearedAt: before?.clearedAt ?? null });
      }
      return [...counts.keys()].map(left);
    },
    async readChanged(withinMs) {
      return [...stored].filter(([, { changedAt }]) => changedAt > clock.ms - withinMs).map(([scope]) => left(scope));
    },
    readAll: async () => [...stored.keys()].map(left),
    async clear() {
      for (const scope of stored.keys()) stored.set(scope, { emptyAt: 0, changedAt: clock.ms, clearedAt: clock.ms });
      return [...stored.keys()];
    },
  };
  const startProcess = () => new LoginLimits({ store, now, onError: nothing, trustedNetworks });
  return { clock, store, startProcess };
}

/** Tries to guess, each time with another password. @returns how many tries were let through */
function guess(limits: LoginLimits, addresses: Iterable<string>): number {
  let tried = 0;
  for (const address of addresses) {
    const origin = limits.origin(address);
    if (limits.block(origin) !== null) continue;
    limits.countFailure(origin, 'mary', `guess ${Math.random()}`);
    tried++;
  }
  return tried;
}

const times = (count: number, address: string) => Array.from({ length: count }, () => address);
const isBlocked = (limits: LoginLimits, address: string) => limits.block(limits.origin(address)) !== null;

describe('hardening 27: brute force', () => {
  test('from one address gets ten tries, and then one in nine minutes', () => {
    const { clock, startProcess } = startLimits();
    const limits = startProcess();
    expect(guess(limits, times(1_000, '192.0.2.1'))).toBe(10);
    expect(isBlocked(limits, '192.0.2.2')).toBe(false);
    let tried = 0;
    for (let minute = 0; minute < 24 * 60; minute++) {
      clock.ms += MINUTE_MS;
      tried += guess(limits, times(100, '192.0.2.1'));
    }
    expect(tried).toBe(160);
  });

  test('from all addresses of an IPv4 /26 gets 30 tries, from all of a /21 90', () => {
    const limits = startLimits().startProcess();
    const addresses = Array.from({ length: 2_048 }, (_, i) => `198.51.${96 + (i >> 8)}.${i & 255}`);
    expect(guess(limits, addresses.slice(0, 64))).toBe(30);
    expect(guess(limits, addresses)).toBe(60);
    expect(isBlocked(limits, '198.51.104.1')).toBe(false);
  });

  test('from 10,000 addresses of one IPv6 /48 gets 30 tries', () => {
    const limits = startLimits().startProcess();
    const addresses = Array.from({ length: 10_000 }, (_, i) => `2001:db8:1:${i.toString(16)}::${i % 7}`);
    expect(guess(limits, addresses)).toBe(30);
    expect(isBlocked(limits, '2001:db8:1:ffff::1')).toBe(true);
    expect(isBlocked(limits, '2001:db8:2::1')).toBe(false);
  });

  test('what passes the limit at once is paid for', () => {
    const { clock, startProcess } = startLimits();
    const limits = startProcess();
    const origin = limits.origin('192.0.2.1');
    for (let i = 0; i < 20; i++) limits.countFailure(origin, 'mary', `guess ${i}`); // all were under way together
    expect(limits.block(origin)?.waitMs).toBe(99 * MINUTE_MS);
    clock.ms += 99 * MINUTE_MS;
    expect(guess(limits, times(10, '192.0.2.1'))).toBe(1);
  });

  test('is limited over all processes, and after a restart', async () => {
    const { clock, startProcess } = startLimits();
    const [one, other] = [startProcess(), startProcess()];
    await other.refresh();
    expect(guess(one, times(6, '192.0.2.1'))).toBe(6);
    await one.flush();
    clock.ms += 1_000;
    await other.refresh();
    expect(guess(other, times(100, '192.0.2.1'))).toBe(4);
    await other.flush();
    clock.ms += 1_000;
    await one.refresh();
    expect(isBlocked(one, '192.0.2.1')).toBe(true);

    const restarted = startProcess();
    expect(isBlocked(restarted, '192.0.2.1')).toBe(false);
    await restarted.refresh();
    expect(isBlocked(restarted, '192.0.2.1')).toBe(true);
    expect(restarted.countBlocked()).toBe(1);
    clock.ms += 9 * MINUTE_MS;
    expect(isBlocked(restarted, '192.0.2.1')).toBe(false);
    expect(restarted.countBlocked()).toBe(0);
  });
});

test('answers wait longer with every failure, before any is refused', () => {
  const limits = startLimits().startProcess();
  const origin = limits.origin('192.0.2.1');
  const delays = Array.from({ length: 10 }, (_, i) => {
    limits.countFailure(origin, `user ${i}`, null);
    return limits.failureDelayMs(origin, `user ${i}`);
  });
  expect(delays).toEqual([50, 200, 450, 800, 1_250, 1_800, 2_450, 3_200, 4_050, 5_000]);
});

test('the same wrong password again and again counts once an hour', () => {
  const { clock, startProcess } = startLimits();
  const limits = startProcess();
  const telephone = limits.origin('192.0.2.1');
  for (let minute = 0; minute < 24 * 60; minute++) {
    clock.ms += MINUTE_MS;
    limits.countFailure(telephone, 'mary', 'the old password');
    expect(limits.block(telephone)).toBe(null);
  }
  for (let i = 0; i < 20; i++) limits.countFailure(telephone, `another ${i}`, 'the old password');
  expect(limits.block(telephone)).not.toBe(null);
});

test('who is let in from a trusted network is neither counted nor kept waiting', () => {
  const limits = startLimits({ trustedNetworks: ['127.0.0.1/32', '10.0.0.0/8'] }).startProcess();
  expect(guess(limits, times(1_000, '10.1.2.3'))).toBe(1_000);
  expect(limits.failureDelayMs(limits.origin('10.1.2.3'), 'mary')).toBe(0);
  expect(guess(limits, times(1_000, '127.0.0.2'))).toBe(10);
});

test('an account that is used from there has tries of its own', () => {
  const limits = startLimits().startProcess();
  const mary = 1 as AccountId;
  const origin = limits.origin('192.0.2.1');
  guess(limits, times(10, '192.0.2.1'));
  let tried = 0;
  while (limits.mayTryFamiliar(mary, origin)) {
    limits.countFamiliar(mary, origin);
    tried++;
  }
  expect(tried).toBe(5);
  expect(limits.mayTryFamiliar(2 as AccountId, origin)).toBe(true);
  expect(limits.mayTryFamiliar(mary, limits.origin('192.0.2.2'))).toBe(true);
});

test('a name that is guessed from everywhere makes strangers wait, and shuts out nobody', () => {
  const limits = startLimits().startProcess();
  const home = limits.origin('192.0.2.1');
  for (let i = 0; i < 9; i++) limits.countFailure(limits.origin(`198.51.${8 * i}.1`), 'Mary', null);
  expect(limits.strangerDelayMs(home, 'mary')).toBe(0);
  for (let i = 9; i < 30; i++) limits.countFailure(limits.origin(`198.51.${8 * i}.1`), 'mary', null);
  expect(limits.strangerDelayMs(home, 'mary')).toBe(5_000);
  expect(limits.strangerDelayMs(home, 'other')).toBe(0);
  expect(limits.block(home)).toBe(null);
});

test('the refusal says from where and when', () => {
  const limits = startLimits().startProcess();
  guess(limits, times(10, '192.0.2.1'));
  const origin = limits.origin('192.0.2.1');
  const block = limits.block(origin);
  if (block === null) throw new Error('not blocked');
  const { kind, message, retryAfterMs } = limits.refusal(block);
  expect({ kind, message, retryAfterMs }).toEqual({
    kind: 'too-many-failures',
    message: 'Too many failed logins from 192.0.2.1/32: try again in 9 minutes',
    retryAfterMs: 540_000,
  });
  expect(limits.refusals).toBe(1);
});

test('what the store does not take is offered again, and what it does not tell is asked again', async () => {
  const errors: unknown[] = [];
  let isAway = true;
  const given: [string, number][] = [];
  const answer = <Result>(result: Result) => (isAway ? Promise.reject(new Error('away')) : Promise.resolve(result));
  const store: FailureStore = {
    add(counts) {
      if (!isAway) given.push(...counts);
      return answer([]);
    },
    readChanged: (withinMs) => answer([{ scope: '192.0.2.9/32', leftMs: withinMs, clearedAt: null }]),
    readAll: () => answer([]),
    clear: () => answer([]),
  };
  const limits = new LoginLimits({ store, now: () => 0, onError: (error) => errors.push(error), trustedNetworks: [] });
  await limits.refresh();
  guess(limits, ['192.0.2.1']);
  await limits.flush();
  expect(errors).toHaveLength(2);
  isAway = false;
  guess(limits, ['192.0.2.1']);
  await limits.flush();
  expect(given.find(([scope]) => scope === '192.0.2.1/32')).toEqual(['192.0.2.1/32', 18 * MINUTE_MS]);
  await limits.refresh();
  expect(isBlocked(limits, '192.0.2.9')).toBe(true);
  await limits.flush();
  expect(errors).toHaveLength(2);
});

test('what was cleared is cleared for a process that looks late, after new failures, and hears an old answer last', async () => {
  const { clock, store, startProcess } = startLimits();
  const [one, late] = [startProcess(), startProcess()];
  guess(one, times(20, '192.0.2.1'));
  await one.flush();
  await late.refresh();
  expect(isBlocked(late, '192.0.2.1')).toBe(true);

  await store.clear(TESTER, null);
  clock.ms += 2_000;
  await one.refresh();
  expect(isBlocked(one, '192.0.2.1')).toBe(false);
  expect(guess(one, times(3, '192.0.2.1'))).toBe(3);
  await one.flush();
  clock.ms += 30_000;
  await late.refresh();
  expect(guess(late, times(20, '192.0.2.1'))).toBe(7);
});

test('a clearing is not unlearned from an answer that was on its way', async () => {
  const full = { scope: '192.0.2.1/32', leftMs: 90 * MINUTE_MS };
  const { promise: late, resolve: answer } = Promise.withResolvers<readonly StoredCount[]>();
  const store: FailureStore = {
    add: () => late,
    readChanged: async () => [{ ...full, leftMs: 0, clearedAt: 1 }],
    readAll: async () => [],
    clear: async () => [],
  };
  const limits = new LoginLimits({ store, now: () => 0, onError: nothing, trustedNetworks: [] });
  guess(limits, times(10, '192.0.2.1'));
  const written = limits.flush();
  await limits.refresh();
  answer([{ ...full, clearedAt: null }]);
  await written;
  expect(isBlocked(limits, '192.0.2.1')).toBe(false);
});
