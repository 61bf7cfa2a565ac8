import { expect, test } from 'vitest';
import { AnswerCache } from './answer-cache.ts';

const response = { kind: 'nodata', authentic: false } as const;

test('what was not asked for the longest goes first', () => {
  const cache = new AnswerCache(() => 0, 2, 1_000);
  cache.set('a', response, 60, 1);
  cache.set('b', response, 60, 1);
  cache.get('a');
  cache.set('c', response, 60, 1);
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([response, null, response]);
});

test('answers go that have not room together, and one that has none alone', () => {
  const cache = new AnswerCache(() => 0, 10, 100);
  cache.set('a', response, 60, 60);
  cache.set('b', response, 60, 60);
  expect([cache.get('a'), cache.get('b')]).toEqual([null, response]);
  cache.set('c', response, 60, 101);
  expect([cache.get('b'), cache.get('c')]).toEqual([null, null]);
  cache.set('d', response, 60, 100);
  expect(cache.get('d')).toEqual(response);
});
