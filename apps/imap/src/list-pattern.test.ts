import { expect, test } from 'vitest';
import { ListPattern } from './list-pattern.ts';

test.each([
  ['*', 'a', true],
  ['*', 'a/b/c', true],
  ['*', '', true],
  ['%', 'a', true],
  ['%', 'a/b', false],
  ['%/%', 'a/b', true],
  ['%/%', 'a', false],
  ['a', 'a', true],
  ['a', 'A', false],
  ['a', 'ab', false],
  ['ab', 'a', false],
  ['', 'a', false],
  ['', '', true],
  ['a*', 'a', true],
  ['a*', 'abc/d', true],
  ['a%', 'abc', true],
  ['a%', 'abc/d', false],
  ['*c', 'a/b/c', true],
  ['%c', 'a/b/c', false],
  ['a*c', 'a/b/c', true],
  ['a%c', 'a/b/c', false],
  ['a%c', 'abbc', true],
  ['a/%', 'a/b', true],
  ['a/%', 'a/b/c', false],
  ['a/%', 'a/', true],
  ['*a*a*', 'banana', true],
  ['*a*a*a*a*', 'banana', false],
  ['%*', 'a/b', true],
  ['*%', 'a/b', true],
  ['%%', 'a/b', false],
  ['inbox', 'INBOX', true],
  ['InBoX', 'INBOX', true],
  ['in*', 'INBOX', true],
  ['%box', 'INBOX', true],
  ['inbox/%', 'INBOX/Lists', true],
  ['inbox/lists', 'INBOX/Lists', false],
  ['inboxes', 'INBOXES', false],
  ['a.c', 'abc', false],
  ['[a]', 'a', false],
  ['(', '(', true],
  ['é*', 'été', true],
  ['💌', '💌', true],
  ['💌%', '💌s', true],
] as const)('%j matches %j: %s', (pattern, name, expected) => {
  expect(new ListPattern(pattern).matches(name)).toBe(expected);
});

test('hardening 46: the work is linear in the number of names, and bounded however long the pattern', () => {
  const work = (pattern: string, count: number) => {
    const compiled = new ListPattern(pattern);
    for (let i = 0; i < count; i++) compiled.matches(`aaaaaaaa/aaaaaaaa/${i}`.padEnd(30, 'a'));
    return compiled.steps;
  };
  for (const pattern of ['*%*%*%*%*%', '*a'.repeat(500), '%a*a'.repeat(2_000), `${'*a'.repeat(10)}b`]) {
    const once = work(pattern, 1_000);
    expect(work(pattern, 2_000)).toBeLessThan(2.2 * once);
    expect(once).toBeLessThanOrEqual(1_000 * 2 * 31 * 31);
  }
});
