import { Arguments } from '@postel/imap-wire';
import { SystemFlag } from '@postel/storage';
import { expect, test } from 'vitest';
import { parseSearchKeys, type SearchKey } from './search-key.ts';

const parse = (text: string) => parseSearchKeys(new Arguments({ texts: [Buffer.from(text)], literals: [] }));

/** As a person would write it with all its parentheses. */
function show(key: SearchKey): string {
  switch (key.type) {
    case 'all':
    case 'recent':
      return key.type;
    case 'flag':
      return Object.entries(SystemFlag).find(([, bit]) => bit === key.bit)?.[0] ?? '?';
    case 'keyword':
      return `keyword:${key.name}`;
    case 'set':
      return `${key.kind}:${key.set.ranges(99).map(({ first, last }) => `${first}-${last}`)}`;
    case 'not':
      return `not(${show(key.key)})`;
    case 'or':
      return `or(${show(key.left)}, ${show(key.right)})`;
    case 'and':
      return `and(${key.keys.map(show).join(', ')})`;
    default:
      return key satisfies never;
  }
}

test.each([
  ['ALL', 'all', 1],
  ['seen UNSEEN', 'seen; not(seen)', 2],
  ['ANSWERED DELETED DRAFT FLAGGED', 'answered; deleted; draft; flagged', 4],
  ['UNANSWERED UNDELETED UNDRAFT UNFLAGGED', 'not(answered); not(deleted); not(draft); not(flagged)', 4],
  ['NEW OLD RECENT', 'and(recent, not(seen)); not(recent); recent', 3],
  ['KEYWORD $Junk UNKEYWORD a', 'keyword:$Junk; not(keyword:a)', 2],
  ['1:3,7 UID 5:*', 'sequence:1-3,7-7; uid:5-99', 2],
  ['NOT OR SEEN (DRAFT 1)', 'not(or(seen, and(draft, sequence:1-1)))', 6],
  ['((SEEN))', 'and(and(seen))', 3],
] as const)('%s', (text, expected, count) => {
  const parsed = parse(text);
  expect(parsed.keys.map(show).join('; ')).toBe(expected);
  expect(parsed.count).toBe(count);
});

test.each([
  '',
  '()',
  '(SEEN',
  'SEEN)',
  'SEEN  DRAFT',
  'NOT',
  'OR SEEN',
  'UID',
  'UID x',
  '0',
  '$',
  'UNRECENT',
  'CONSTRUCTOR',
])('%j is refused', (text) => {
  expect(() => parse(text)).toThrow();
});

test('a thousand keys are taken, however nested, and no more', () => {
  expect(parse(Array(1_000).fill('SEEN').join(' ')).count).toBe(1_000);
  expect(() => parse(Array(1_001).fill('SEEN').join(' '))).toThrow('Too many search keys');
  expect(() => parse(`(${Array(1_000).fill('SEEN').join(' ')})`)).toThrow('Too many search keys');
  expect(() => parse(`${'NOT '.repeat(150)}SEEN`)).toThrow();
});
