import { expect, test } from 'vitest';
import { HostUse, type Turn } from './host-use.ts';
import { HOSTS_IN_TROUBLE, TRANSACTIONS_A_HOST, UNREACHABLE_MS } from './limits.ts';
import { deferred, HostFailure } from './outcome.ts';

test('a host in trouble has one transaction at a time, and more as they go well', () => {
  const free: string[] = [];
  const use = new HostUse(
    () => 0,
    (host) => free.push(host),
  );
  const begin = (): Turn => {
    const turn = use.begin('mx');
    if (turn === null) throw new Error('it has its fill');
    return turn;
  };
  const turns = Array.from({ length: TRANSACTIONS_A_HOST }, begin);
  expect([use.begin('mx'), use.room('mx'), use.room('other')]).toEqual([null, 0, TRANSACTIONS_A_HOST]);
  turns[0]?.went(false);
  for (const turn of turns) turn[Symbol.dispose]();
  expect(free).toHaveLength(TRANSACTIONS_A_HOST);
  for (const room of [1, 2, 4, 8, TRANSACTIONS_A_HOST]) {
    expect(use.room('mx')).toBe(room);
    using turn = begin();
    turn.went(true);
  }
});

test('an address that does not answer is asked once in a while', () => {
  let nowMs = 0;
  const use = new HostUse(
    () => nowMs,
    () => {},
  );
  const failure = new HostFailure(deferred('4.4.1', 'no answer'));
  expect(use.failureAt('192.0.2.1')).toBeNull();
  use.unreachable('192.0.2.1', failure);
  expect([use.failureAt('192.0.2.1'), use.failureAt('192.0.2.2')]).toEqual([failure, null]);
  nowMs = UNREACHABLE_MS;
  expect(use.failureAt('192.0.2.1')).toBeNull();
});

test('of hosts in trouble, the one that was longest without mail is forgotten first', () => {
  const use = new HostUse(
    () => 0,
    () => {},
  );
  for (let i = 0; i <= HOSTS_IN_TROUBLE; i++) {
    using turn = use.begin(`mx${i}`);
    turn?.went(false);
  }
  expect([use.room('mx0'), use.room('mx1'), use.room(`mx${HOSTS_IN_TROUBLE}`)]).toEqual([TRANSACTIONS_A_HOST, 1, 1]);
});
