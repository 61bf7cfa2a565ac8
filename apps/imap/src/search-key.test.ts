import { Arguments } from '@postel/imap-wire';
import { SystemFlag } from '@postel/storage';
import { expect, test } from 'vitest';
import { parseSearchKeys, type SearchKey } from './search-key.ts';

const parse = (text: string) => parseSearchKeys(new Arguments({ texts: [Buffer.from(text)], literals: [] }));

const day = (value: unknown) => (typeof value === 'number' ? new Date(value).toISOString().slice(2, 10) : null);

/** As a person would write it with all its parentheses. */
function show(key: SearchKey): string {
  switch (key.type) {
    case 'all':
    case 'recent':
      return key.type;
    case 'flag':
      return Object.entries(SystemFlag).find(([, bit]) => bit === key.bit)?.[0] ?? '?';
    case 'keyword':
    case 'filter':
      return `${key.type}:${key.name}`;
    case 'modseq':
      return `modseq:${key.from}`;
    case 'set':
      return `${key.kind}:${key.set.ranges(99).map(({ first, last }) => `${first}-${last}`)}`;
    case 'object-id':
      return `${key.of}:${key.id.account}-${key.id.id}`;
    case 'stored': {
      const { type, ...rest } = key.criterion;
      const bounds = Object.entries(rest).map(([name, value]) =>
        name === 'from' || name === 'before' ? day(value) : value,
      );
      return `${type}:${bounds.map((bound) => bound ?? '').join('-')}`;
    }
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
  ['MODSEQ 0 MODSEQ 9223372036854775807', 'modseq:0; modseq:9007199254740991', 2],
  ['MODSEQ "/flags/\\\\draft" all 620162338', 'modseq:620162338', 1],
  ['1:3,7 UID 5:*', 'sequence:1-3,7-7; uid:5-99', 2],
  ['NOT OR SEEN (DRAFT 1)', 'not(or(seen, and(draft, sequence:1-1)))', 6],
  ['((SEEN))', 'and(and(seen))', 3],
  ['BEFORE 1-Feb-1994 SINCE "01-Feb-1994"', 'internal-date:-94-02-01; internal-date:94-02-01-', 2],
  ['ON 28-feb-1995', 'internal-date:95-02-28-95-03-01', 1],
  ['SAVEDBEFORE 1-Feb-1994 SAVEDSINCE 1-Feb-1994', 'save-date:-94-02-01; save-date:94-02-01-', 2],
  ['savedon 31-Dec-1999 SAVEDATESUPPORTED', 'save-date:99-12-31-00-01-01; all', 2],
  ['EMAILID M3-17 threadid "T3-4"', 'email:3-17; thread:3-4', 2],
  ['EMAILID T3-4 THREADID m3-4', 'not(all); not(all)', 2],
  ['SENTBEFORE 1-Feb-1994 SENTSINCE 1-Feb-1994', 'sent-date:-94-02-01; sent-date:94-02-01-', 2],
  ['SENTON 31-Dec-1999', 'sent-date:99-12-31-00-01-01', 1],
  ['LARGER 0 SMALLER 9223372036854775807', 'size:0-; size:-9007199254740991', 2],
  ['FROM a TO "b" CC c BCC d SUBJECT e', 'header:FROM-a; header:TO-b; header:CC-c; header:BCC-d; header:SUBJECT-e', 5],
  ['HEADER "X-A" "" BODY "b c" TEXT "\\""', 'header:X-A-; body:b c; text:"', 3],
  ['FILTER on-the-road NOT filter [x', 'filter:on-the-road; not(filter:[x)', 3],
  ['NOT TEXT "ü"', 'not(text:ü)', 2],
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
  '$:1',
  '$$',
  'UNRECENT',
  'CONSTRUCTOR',
  'FROM',
  'HEADER a',
  'ON 31-Apr-1994',
  'ON 1-1-1994',
  'LARGER x',
  'OLDER 0',
  'YOUNGER -1',
  'OLDER',
  'LARGER -1',
  'LARGER 9223372036854775808',
  'BODY unquotedü',
])('%j is refused', (text) => {
  expect(() => parse(text)).toThrow();
});

test('a thousand keys are taken, however nested, and no more', () => {
  expect(parse(Array(1_000).fill('SEEN').join(' ')).count).toBe(1_000);
  expect(() => parse(Array(1_001).fill('SEEN').join(' '))).toThrow('Too many search keys');
  expect(() => parse(`(${Array(1_000).fill('SEEN').join(' ')})`)).toThrow('Too many search keys');
  expect(() => parse(`${'NOT '.repeat(150)}SEEN`)).toThrow();
});

test('a hundred keys that ask the database are taken, and strings of a thousand octets', () => {
  expect(parse(Array(100).fill('TEXT a').join(' ')).count).toBe(100);
  expect(() => parse(Array(101).fill('SMALLER 1').join(' '))).toThrow('Too many search keys of texts');
  expect(parse(`TEXT ${'a'.repeat(1_000)}`).count).toBe(1);
  expect(() => parse(`TEXT ${'a'.repeat(1_001)}`)).toThrow('too long');
  expect(() => parse(`TEXT "${'ü'.repeat(501)}"`)).toThrow('too long');
});
