import { describe, expect, test } from 'vitest';
import { ConnectionCount } from './connection-count.ts';
import { CONNECTIONS, CONNECTIONS_AN_ADDRESS } from './limits.ts';

test('an address has a limit, loopback only that of all', () => {
  const count = new ConnectionCount();
  for (let i = 0; i < CONNECTIONS_AN_ADDRESS; i++) expect(count.enter('192.0.2.1')).toBe(null);
  expect(count.enter('192.0.2.1')?.[1]).toBe('4.7.0');
  expect(count.enter('192.0.2.2')).toBe(null);
  for (let i = 0; i < 2; i++) count.leave('192.0.2.1');
  expect(count.enter('192.0.2.1')).toBe(null);

  while (count.enter('127.0.0.1') === null);
  expect(count.enter('192.0.2.3')?.[1]).toBe('4.3.2');
  for (let i = 0; i < CONNECTIONS; i++) count.leave('127.0.0.1');
  expect(count.enter('192.0.2.3')).toBe(null);
});

describe('who counts as one', () => {
  /** @returns whether `another` may not come in once `address` is at its limit */
  function areOne(address: string, another: string): boolean {
    const count = new ConnectionCount();
    for (let i = 0; i < CONNECTIONS_AN_ADDRESS; i++) expect(count.enter(address)).toBe(null);
    return count.enter(another) !== null;
  }

  test.for([
    ['2001:db8::1', '2001:db8::2'],
    ['2001:db8::1', '2001:db8:0:0:ffff:ffff:ffff:ffff'],
    ['2001:db8:1:2::', '2001:DB8:1:2:3:4:5:6'],
    ['2001:db8:0:2:1::', '2001:db8::2:0:0:0:1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['64:ff9b::192.0.2.1', '64:ff9b::192.0.2.1'],
  ] as const)('%s and %s', ([address, another]) => {
    expect(areOne(address, another)).toBe(true);
  });

  test.for([
    ['2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['2001:db8::1', '2001:db8:0:1::1'],
    ['2001:db8::1', '2001:db9::1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2'],
    ['64:ff9b::192.0.2.1', '64:ff9b::192.0.2.2'],
    ['192.0.2.1', '192.0.2.2'],
  ] as const)('not %s and %s', ([address, another]) => {
    expect(areOne(address, another)).toBe(false);
  });

  test.for(['::1', '127.0.0.1', '::ffff:127.0.0.1'])('loopback, %s, has no limit of its own', (address) => {
    expect(areOne(address, address)).toBe(false);
  });

  test('an address of a /64 that leaves makes room for another of it', () => {
    const count = new ConnectionCount();
    for (let i = 0; i < CONNECTIONS_AN_ADDRESS; i++) expect(count.enter(`2001:db8::${i}`)).toBe(null);
    expect(count.enter('2001:db8::ffff')?.[1]).toBe('4.7.0');
    for (let i = 0; i < 2; i++) count.leave(`2001:db8::${i}`);
    expect(count.enter('2001:db8::ffff')).toBe(null);
  });
});
