import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ParseError } from './parse-error.ts';
import { type NumberRange, parseSequenceSet } from './sequence-set.ts';
import { formatUidSet } from './uid-set.ts';

const parse = (text: string) => parseSequenceSet(Buffer.from(text));
const short = (ranges: readonly NumberRange[]) =>
  ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}:${last}`)).join(',');

describe('sets and their ranges', () => {
  test.each([
    ['1', 10, '1'],
    ['2,4:7,9,12:*', 15, '2,4:7,9,12:15'],
    ['*:4,5:7', 10, '4:10'],
    ['5:2', 10, '2:5'],
    ['3,1,2', 10, '1:3'],
    ['1:3,2:9,4', 10, '1:9'],
    ['*', 10, '10'],
    ['*', 0, ''],
    ['1:*', 0, ''],
    ['*:*', 7, '7'],
    ['20:*', 10, '10'],
    ['20', 10, ''],
    ['1,20:*', 10, '1,10'],
    ['9,20:*', 10, '9:10'],
    ['1:4294967295', 3, '1:3'],
    ['4294967295', 4294967295, '4294967295'],
    ['1:4294967295,*', 4294967295, '1:4294967295'],
    ['5:7,3:*', 10, '3:10'],
    ['5:7,8:*,100', 10, '5:10'],
    ['1:2,$', 10, '1:2'],
    ['$', 10, ''],
    ['007', 10, '7'],
  ])('%s of %i', (text, max, ranges) => {
    expect(short(parse(text).ranges(max))).toBe(ranges);
  });

  test.each([
    '',
    '0',
    '1:0',
    '4294967296',
    '99999999999999999999',
    '1,',
    ',1',
    '1,,2',
    '1:',
    ':1',
    '1:2:3',
    '**',
    '$1',
    '1$',
    '1 2',
    '-1',
    'a',
    '１',
  ])('%j is refused', (text) => {
    expect(() => parse(text)).toThrow(ParseError);
  });

  test('which numbers are beyond a mailbox', () => {
    expect(parse('1:11').exceeds(10)).toBe(true);
    expect(parse('11,1').exceeds(10)).toBe(true);
    expect(parse('1:10').exceeds(10)).toBe(false);
    expect(parse('11:*').exceeds(10)).toBe(false);
    expect(parse('*').exceeds(0)).toBe(false);
  });

  test('$ and * are told', () => {
    expect(parse('$')).toMatchObject({ includesSaved: true, starFrom: null, explicit: [] });
    expect(parse('8:*,*:6,*')).toMatchObject({ includesSaved: false, starFrom: 6, explicit: [] });
  });

  test('a line full of numbers, descending', () => {
    const numbers = Array.from({ length: 10_000 }, (_, index) => 30_000 - 3 * index);
    expect(parse(numbers.join(',')).explicit).toHaveLength(10_000);
  });

  test('ranges are what the set says, number by number', () => {
    const seqNumber = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant('*' as const));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(seqNumber, seqNumber), { minLength: 1 }),
        fc.integer({ min: 1, max: 30 }),
        (pairs, max) => {
          const expected = new Set<number>();
          for (const [one, other] of pairs) {
            const [a, b] = [one === '*' ? max : one, other === '*' ? max : other];
            for (let n = Math.min(a, b); n <= Math.max(a, b); n += 1) if (n <= max) expected.add(n);
          }
          const set = parse(pairs.map((pair) => pair.join(':')).join(','));
          const ascending = [...expected].toSorted((a, b) => a - b);
          expect(short(set.ranges(max))).toBe(formatUidSet(ascending));
        },
      ),
    );
  });
});

describe('formatUidSet', () => {
  test.each([
    [[], ''],
    [[7], '7'],
    [[1, 2, 3, 7], '1:3,7'],
    [[1, 3, 5], '1,3,5'],
    [[4294967294, 4294967295], '4294967294:4294967295'],
  ])('%j', (numbers, text) => {
    expect(formatUidSet(numbers)).toBe(text);
    expect(formatUidSet(Uint32Array.from(numbers))).toBe(text);
  });
});
