import { expect, test } from 'vitest';
import { quotaState } from './warnings.ts';

const state = (octets: number, octetsLimit: number | null, messages: number, messagesLimit: number | null) =>
  quotaState({
    use: { octets: octets * 1_024, messages, mailboxes: 10 },
    limits: { octets: octetsLimit === null ? null : octetsLimit * 1_024, messages: messagesLimit, mailboxes: 1 },
  });

test.each([
  [[5, null, 5, null], 'low', null],
  [[89, 100, 1, null], 'low', { name: 'STORAGE', percent: 89 }],
  [[90, 100, 1, null], 'near', { name: 'STORAGE', percent: 90 }],
  [[98, 100, 1, null], 'near', { name: 'STORAGE', percent: 98 }],
  [[99, 100, 1, null], 'full', { name: 'STORAGE', percent: 99 }],
  [[500, 100, 1, null], 'full', { name: 'STORAGE', percent: 500 }],
  [[1, 100, 9, 10], 'near', { name: 'MESSAGE', percent: 90 }],
  [[95, 100, 90, 100], 'near', { name: 'STORAGE', percent: 95 }],
  [[1, null, 0, 0], 'full', { name: 'MESSAGE', percent: 100 }],
] as const)('of %j the state is %s', ([octets, octetsLimit, messages, messagesLimit], level, fullest) => {
  const told = state(octets, octetsLimit, messages, messagesLimit);
  expect(told.level).toBe(level);
  if (fullest === null) expect(told.fullest).toBe(null);
  else expect(told.fullest).toMatchObject(fullest);
});

test('what is warned of comes with its use and limit', () => {
  expect(state(45, 50, 1, null).fullest).toEqual({ name: 'STORAGE', usage: 45, limit: 50, percent: 90 });
});
