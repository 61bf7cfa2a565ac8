import { Arguments, ResponseWriter } from '@postel/imap-wire';
import { MessageTable } from '@postel/storage';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSearchReturn, partOf, type SearchResult, type SearchReturn, writeEsearch } from './search-return.ts';
import type { Session } from './session.ts';

const parse = (text: string) => parseSearchReturn(new Arguments({ texts: [Buffer.from(text)], literals: [] }));

describe('parseSearchReturn', () => {
  test.each<[string, SearchReturn | null]>([
    ['RETURN () ALL', { ALL: true }],
    ['return (min) ALL', { MIN: true }],
    ['RETURN (COUNT ALL MAX MIN) ALL', { MIN: true, MAX: true, ALL: true, COUNT: true }],
    ['RETURN (PARTIAL 1:500) ALL', { PARTIAL: { first: 1, last: 500, isFromEnd: false } }],
    ['RETURN (PARTIAL 500:1) ALL', { PARTIAL: { first: 500, last: 1, isFromEnd: false } }],
    ['RETURN (COUNT PARTIAL -1:-100) ALL', { COUNT: true, PARTIAL: { first: 1, last: 100, isFromEnd: true } }],
    ['ALL', null],
    ['RETURNED', null],
  ])('%s', (text, options) => {
    expect(parse(text)).toEqual(options);
  });

  test.each([
    'RETURN ALL',
    'RETURN (ALL)',
    'RETURN (ALL',
    'RETURN  () ALL',
    'RETURN ( ) ALL',
    'RETURN (MIN  MAX) ALL',
    'RETURN (MIN MIN) ALL',
    'RETURN (CONSTRUCTOR) ALL',
    'RETURN (__proto__) ALL',
    'RETURN (MIN 1) ALL',
    'RETURN (ALL PARTIAL 1:2) ALL',
    'RETURN (PARTIAL 1:2 PARTIAL 1:2) ALL',
    'RETURN (PARTIAL) ALL',
    'RETURN (PARTIAL 1) ALL',
    'RETURN (PARTIAL 1:*) ALL',
    'RETURN (PARTIAL 0:1) ALL',
    'RETURN (PARTIAL 1:-1) ALL',
    'RETURN (PARTIAL -1:1) ALL',
    'RETURN (PARTIAL -0:-1) ALL',
    'RETURN (PARTIAL 1:4294967296) ALL',
  ])('%s is refused', (text) => {
    expect(() => parse(text)).toThrow();
  });
});

test.each([
  [1, 2, false, [5, 6]],
  [2, 1, false, [5, 6]],
  [3, 9, false, [7, 8]],
  [5, 9, false, []],
  [1, 1, true, [8]],
  [1, 2, true, [7, 8]],
  [3, 2, true, [6, 7]],
  [4, 4_294_967_295, true, [5]],
  [5, 6, true, []],
])('the part %i:%i (from the end: %s) of four results', (first, last, isFromEnd, part) => {
  expect([...partOf(Uint32Array.of(5, 6, 7, 8), { first, last, isFromEnd })]).toEqual(part);
});

describe('writeEsearch', () => {
  test('the order of a sorted result stays, and only what ascends makes a range', async () => {
    const result = { uids: Uint32Array.of(9, 8, 7, 3, 4, 5, 1) };
    expect(await written('uid', { MIN: true, MAX: true, ALL: true }, result)).toBe(
      '* ESEARCH (TAG "a1") UID MIN 9 MAX 1 ALL 9,8,7,3:5,1',
    );
    expect(await written('uid', { PARTIAL: { first: 3, last: 5, isFromEnd: false } }, result)).toBe(
      '* ESEARCH (TAG "a1") UID PARTIAL (3:5 7,3:4)',
    );
  });

  test('message numbers, where some of the mailbox is not in the result', async () => {
    const result = { uids: Uint32Array.of(2, 4, 6, 10) };
    expect(await written('sequence', { ALL: true }, result)).toBe('* ESEARCH (TAG "a1") ALL 1:3,5');
    expect(await written('sequence', { MIN: true, MAX: true }, result)).toBe('* ESEARCH (TAG "a1") MIN 1 MAX 5');
  });

  test('RFC 4731 §3.2: MODSEQ is the highest of the messages that the options name', async () => {
    const result = { uids: Uint32Array.of(2, 4, 6, 10), modSeqOf: (uid: number) => 1000 - uid };
    for (const [options, answer] of [
      [{ MIN: true }, 'MIN 2 MODSEQ 998'],
      [{ MAX: true }, 'MAX 10 MODSEQ 990'],
      [{ MIN: true, MAX: true }, 'MIN 2 MAX 10 MODSEQ 998'],
      [{ MAX: true, COUNT: true }, 'MAX 10 COUNT 4 MODSEQ 998'],
      [{ ALL: true }, 'ALL 2,4,6,10 MODSEQ 998'],
      [{ PARTIAL: { first: 2, last: 3, isFromEnd: false } }, 'PARTIAL (2:3 4,6) MODSEQ 996'],
      [{ PARTIAL: { first: 9, last: 9, isFromEnd: false }, MAX: true }, 'MAX 10 PARTIAL (9:9 NIL) MODSEQ 990'],
    ] as const) {
      expect(await written('uid', options, result)).toBe(`* ESEARCH (TAG "a1") UID ${answer}`);
    }
    expect(await written('uid', { ALL: true }, { ...result, uids: new Uint32Array(0) })).toBe(
      '* ESEARCH (TAG "a1") UID',
    );
  });

  test('RFC 7377 §2.1: the mailbox of each answer', async () => {
    const mailbox = { name: 'Entwürfe', uidvalidity: 7 };
    expect(await written('uid', { ALL: true }, { uids: Uint32Array.of(1), mailbox })).toBe(
      '* ESEARCH (TAG "a1" MAILBOX Entw&APw-rfe UIDVALIDITY 7) UID ALL 1',
    );
  });

  test('a client that takes the answer apart has the result again, in its order', async () => {
    const results = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 40 });
    const ranges = fc.record({
      first: fc.integer({ min: 1, max: 50 }),
      last: fc.integer({ min: 1, max: 50 }),
      isFromEnd: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(results, fc.boolean(), ranges, async (found, isSorted, range) => {
        const uids = isSorted ? found : found.toSorted((a, b) => a - b);
        const result = { uids: Uint32Array.from(uids) };
        const all = await written('uid', { ALL: true, COUNT: true }, result);
        expect(expanded(/ALL (\S+)/.exec(all)?.[1])).toEqual(uids);
        expect(all).toContain(` COUNT ${uids.length}`);
        const part = await written('uid', { PARTIAL: range }, result);
        const places = uids.filter((_, index) => {
          const place = range.isFromEnd ? uids.length - index : index + 1;
          return place >= Math.min(range.first, range.last) && place <= Math.max(range.first, range.last);
        });
        expect(expanded(/PARTIAL \(\S+ ([^N]\S*)\)/.exec(part)?.[1])).toEqual(places);
      }),
    );
  });

  test('half a million ranges, and others get their turn', async () => {
    const uids = Uint32Array.from({ length: 500_000 }, (_, i) => i * 2 + 1);
    const turns = { count: 0 };
    const answer = await written('uid', { ALL: true }, { uids }, turns);
    expect(answer.endsWith(',999997,999999')).toBe(true);
    expect(answer.split(',')).toHaveLength(500_000);
    expect(turns.count).toBeGreaterThan(10);
  });
});

/** The numbers of a set, in its order. */
function expanded(set: string | undefined): number[] {
  if (set === undefined) return [];
  return set.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split(':').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** What is written to a mailbox of messages with even UIDs up to 20, without its line end. */
async function written(
  kind: 'sequence' | 'uid',
  options: SearchReturn,
  result: SearchResult,
  turns = { count: 0 },
): Promise<string> {
  const table = new MessageTable();
  for (let uid = 2; uid <= 20; uid += 2) table.set({ uid, modSeq: 1, flags: 0, keywords: [] });
  const out = new ResponseWriter();
  const pieces: Buffer[] = [];
  const session = {
    out,
    tag: 'a1',
    noteModSeq() {},
    view: { mailbox: { table }, sequenceNumber: (_: number, at: number) => at + 1 },
    transport: {
      async flushMuch() {
        turns.count++;
        pieces.push(...out.take());
      },
    },
    writeMailboxName: (name: string) => out.mailboxName(name, false),
  } as unknown as Session;
  await writeEsearch(session, kind, options, result);
  return Buffer.concat([...pieces, ...out.take()])
    .toString()
    .replace(/\r\n$/, '');
}
