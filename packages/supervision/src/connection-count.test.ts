import { describe, expect, test } from 'vitest';
import { ConnectionCount, PREFIX_CONNECTIONS } from './connection-count.ts';

/** Lets connections in, one after the other. @returns how many came in */
function enter(count: ConnectionCount, addresses: Iterable<string>): number {
  let entered = 0;
  for (const address of addresses) {
    const { isBeyond, leave } = count.enter(address);
    if (isBeyond) leave();
    else entered++;
  }
  return entered;
}

const times = (count: number, address: string) => Array.from({ length: count }, () => address);

test('an office of 50 people with two devices of five connections each comes in from one address', () => {
  expect(enter(new ConnectionCount([]), times(50 * 2 * 5, '192.0.2.1'))).toBe(500);
});

test('an address, a /26 or /48, and a /21 or IPv6 /32 have limits', () => {
  const count = new ConnectionCount([]);
  const { host, site, region } = PREFIX_CONNECTIONS;
  expect(enter(count, times(2 * host, '192.0.2.1'))).toBe(host);
  const neighbours = Array.from({ length: 2 * site }, (_, i) => `192.0.2.${2 + (i % 60)}`);
  expect(enter(count, neighbours)).toBe(site - host);
  const around = Array.from({ length: 2 * region }, (_, i) => `192.0.${i % 8}.${64 + (i % 128)}`);
  expect(enter(count, around)).toBe(region - site);
  expect(enter(count, ['192.0.8.1'])).toBe(1);

  const ofSite = Array.from({ length: 10_000 }, (_, i) => `2001:db8:1:${i.toString(16)}::1`);
  expect(enter(count, ofSite)).toBe(site);
  expect(enter(count, ['2001:db8:2::1'])).toBe(1);
  expect(count.all).toBe(region + 1 + site + 1);
});

test('one that leaves makes room for another of its network', () => {
  const count = new ConnectionCount([], { host: 2, site: 10, region: 10 });
  const first = count.enter('2001:db8::1');
  expect(enter(count, times(5, '2001:db8::2'))).toBe(1);
  first.leave();
  expect(enter(count, times(5, '2001:db8::3'))).toBe(1);
});

describe('who counts as one', () => {
  /** @returns whether `another` may not come in once `address` is at its limit */
  function areOne(address: string, another: string): boolean {
    const count = new ConnectionCount([], { host: 3, site: 100, region: 100 });
    expect(enter(count, times(3, address))).toBe(3);
    return enter(count, [another]) === 0;
  }

  test.for([
    ['2001:db8::1', '2001:db8:0:0:ffff:ffff:ffff:ffff'],
    ['2001:db8:1:2::', '2001:DB8:1:2:3:4:5:6'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['64:ff9b::192.0.2.1', '64:ff9b::192.0.2.1'],
  ] as const)('%s and %s', ([address, another]) => {
    expect(areOne(address, another)).toBe(true);
  });

  test.for([
    ['2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['2001:db8::1', '2001:db9::1'],
    ['64:ff9b::192.0.2.1', '64:ff9b::192.0.2.2'],
    ['192.0.2.1', '192.0.2.2'],
  ] as const)('not %s and %s', ([address, another]) => {
    expect(areOne(address, another)).toBe(false);
  });
});

test.for(['::1', '127.0.0.1', '::ffff:127.0.0.1', '10.1.2.3'])('%s has no limit: loopback, or trusted', (address) => {
  const count = new ConnectionCount(['10.0.0.0/8']);
  expect(enter(count, times(10_000, address))).toBe(10_000);
  expect(count.all).toBe(10_000);
});
