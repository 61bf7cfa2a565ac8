import { accountId } from '@postel/storage';
import { expect, test } from 'vitest';
import { SessionCount } from './session-count.ts';

test('each account has so many sessions, and one that is over makes room for one', () => {
  const count = new SessionCount(2);
  const [mary, john] = [accountId(1), accountId(2)];
  const first = count.enter(mary);
  expect(count.enter(mary)).not.toBe(null);
  expect(count.enter(mary)).toBe(null);
  expect(count.enter(john)).not.toBe(null);
  first?.[Symbol.dispose]();
  first?.[Symbol.dispose]();
  expect(count.enter(mary)).not.toBe(null);
  expect(count.enter(mary)).toBe(null);
});
