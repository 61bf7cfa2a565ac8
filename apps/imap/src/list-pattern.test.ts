import fc from 'fast-check';
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

/** What the pattern means, one character after the other: too slow for anything but a test. */
function naiveMatch(pattern: string, name: string): boolean {
  const [wanted, rest] = [pattern[0], pattern.slice(1)];
  if (wanted === undefined) return name === '';
  if (wanted !== '*' && wanted !== '%') return name[0] === wanted && naiveMatch(rest, name.slice(1));
  for (let end = 0; end <= name.length; end++) {
    if (naiveMatch(rest, name.slice(end))) return true;
    if (wanted === '%' && name[end] === '/') return false;
  }
  return false;
}

test('a pattern matches as one does that is tried character by character, and what it matches is under `under`', () => {
  const text = (letters: string, maxLength: number) =>
    fc.array(fc.constantFrom(...letters), { maxLength }).map((characters) => characters.join(''));
  fc.assert(
    fc.property(text('ab/*%', 9), text('ab/', 9), (pattern, name) => {
      const compiled = new ListPattern(pattern);
      const isMatch = naiveMatch(pattern, name);
      expect(compiled.matches(name)).toBe(isMatch);
      if (isMatch && compiled.under !== null) expect(`${name}/`.startsWith(`${compiled.under}/`)).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});

test.each([
  ['a', 'a'],
  ['a/b', 'a/b'],
  ['a/*', 'a'],
  ['a/b*', 'a'],
  ['a/b/%/c/d', 'a/b'],
  ['a*', null],
  ['*', null],
  ['/*', null],
  ['INBOX/%', 'INBOX'],
  ['', ''],
] as const)('names that match %j are under %j', (pattern, under) => {
  expect(new ListPattern(pattern).under).toBe(under);
});

test('INBOX is not matched by letters that only become US-ASCII in upper case', () => {
  expect(new ListPattern('ınbox').matches('INBOX')).toBe(false);
});
