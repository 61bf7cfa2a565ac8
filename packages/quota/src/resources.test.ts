import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limitedResources, limitOf, RESOURCE_NAMES } from './resources.ts';

const use = { octets: 10_241, messages: 42, mailboxes: 7 };

test('RFC 9208 §4.2.1: only what has a limit is listed, STORAGE in begun units of 1,024 octets', () => {
  expect(limitedResources({ use, limits: { octets: null, messages: null, mailboxes: null } })).toEqual([]);
  expect(limitedResources({ use, limits: { octets: 512 * 1_024, messages: 1_000, mailboxes: 100 } })).toEqual([
    { name: 'STORAGE', usage: 11, limit: 512 },
    { name: 'MESSAGE', usage: 42, limit: 1_000 },
    { name: 'MAILBOX', usage: 7, limit: 100 },
  ]);
  expect(limitedResources({ use, limits: { octets: null, messages: 0, mailboxes: null } })).toEqual([
    { name: 'MESSAGE', usage: 42, limit: 0 },
  ]);
  expect(RESOURCE_NAMES).toEqual(['STORAGE', 'MESSAGE', 'MAILBOX']);
});

test.each([
  [0, 0],
  [1, 1],
  [1_023, 1],
  [1_024, 1],
  [1_025, 2],
  [2 ** 53 - 1, 2 ** 43],
])('%d octets are %d units of STORAGE, used or allowed', (octets, units) => {
  const [storage] = limitedResources({ use: { ...use, octets }, limits: { octets, messages: null, mailboxes: null } });
  expect(storage).toEqual({ name: 'STORAGE', usage: units, limit: units });
});

test('what fits by its octets is never told to be above the limit', () => {
  const amount = fc.nat({ max: 2 ** 50 });
  fc.assert(
    fc.property(amount, amount, (one, other) => {
      const [octets, limit] = [Math.min(one, other), Math.max(one, other)];
      const [told] = limitedResources({
        use: { ...use, octets },
        limits: { octets: limit, messages: null, mailboxes: 0 },
      });
      expect(told?.usage).toBeLessThanOrEqual(told?.limit ?? -1);
    }),
  );
});

test('RFC 9208 §5: a limit is in the unit of its resource, and as large as a number can be', () => {
  expect(limitOf('STORAGE', 512)).toEqual({ amount: 'octets', limit: 524_288 });
  expect(limitOf('MESSAGE', 0)).toEqual({ amount: 'messages', limit: 0 });
  expect(limitOf('MAILBOX', 7)).toEqual({ amount: 'mailboxes', limit: 7 });
  expect(limitOf('STORAGE', Number.MAX_SAFE_INTEGER)).toEqual({ amount: 'octets', limit: Number.MAX_SAFE_INTEGER });
  expect(limitOf('ANNOTATION-STORAGE', 5)).toBe(null);
  expect(limitOf('storage', 5)).toBe(null);
});
