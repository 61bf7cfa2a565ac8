import { expect, test } from 'vitest';
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
