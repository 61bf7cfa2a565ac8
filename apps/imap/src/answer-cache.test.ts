import { ResponseWriter } from '@postel/imap-wire';
import type { SharedMailbox } from '@postel/storage';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnswerCache, type CachedItem } from './answer-cache.ts';

/** The cache only asks whether two are the same. */
const mailbox = () => ({}) as SharedMailbox;

const newCache = (octets: number, pageUids = 64) => new AnswerCache({ octets, answerOctets: 3_000, pageUids });

function keep(item: CachedItem, uid: number, answer: string): void {
  item.keep(uid, new ResponseWriter().text(answer), answer.length);
}

function read(item: CachedItem, uid: number): string | null {
  if (!item.has(uid)) return null;
  const out = new ResponseWriter();
  item.write(uid, out);
  return Buffer.concat(out.take()).toString('latin1');
}

test('what is kept is known as soon as it is settled, under its mailbox, item and UID alone', () => {
  const cache = newCache(1_000_000);
  const [one, other] = [mailbox(), mailbox()];
  const envelope = cache.item(one, 'ENVELOPE');
  keep(envelope, 63, 'ENVELOPE (63)');
  expect(read(envelope, 63)).toBeNull();
  keep(envelope, 64, 'ENVELOPE (64)'); // of the next page
  envelope.settle();
  expect(read(cache.item(one, 'ENVELOPE'), 63)).toBe('ENVELOPE (63)');
  expect(read(cache.item(one, 'ENVELOPE'), 64)).toBe('ENVELOPE (64)');
  for (const uid of [0, 62, 65, 127, 128, 2 ** 32 - 1]) expect(read(envelope, uid)).toBeNull();
  expect(read(cache.item(one, 'BODY'), 63)).toBeNull();
  expect(read(cache.item(other, 'ENVELOPE'), 63)).toBeNull();
});

test('what two commands read at the same time is kept once or twice, and the same', () => {
  const cache = newCache(1_000_000);
  const box = mailbox();
  const [one, other] = [cache.item(box, 'x'), cache.item(box, 'x')];
  keep(one, 1, 'x 1');
  keep(other, 1, 'x 1');
  one.settle();
  other.settle();
  expect([read(one, 1), read(other, 1), read(cache.item(box, 'x'), 1)]).toEqual(['x 1', 'x 1', 'x 1']);
});

test('it keeps to its limit, whatever is kept and read, and never tells of another message', () => {
  const keeps = fc.record({
    box: fc.nat(2),
    name: fc.nat(3),
    uid: fc.nat(500),
    octets: fc.integer({ min: 1, max: 3_000 }),
  });
  fc.assert(
    fc.property(fc.constantFrom(1, 64), fc.array(keeps, { maxLength: 400 }), (pageUids, steps) => {
      const limit = 40_000;
      const cache = newCache(limit, pageUids);
      const boxes = [mailbox(), mailbox(), mailbox()];
      for (const { box, name, uid, octets } of steps) {
        const item = cache.item(boxes[box] ?? mailbox(), `item ${name}`);
        const answer = `${box} ${name} ${uid}`;
        const known = read(item, uid);
        expect(known === null || known.trimEnd() === answer).toBe(true);
        keep(item, uid, answer.padEnd(octets));
        item.settle();
        expect(cache.octets).toBeLessThanOrEqual(limit);
      }
    }),
  );
});

test('pages that were read since stay, others go first', () => {
  const cache = newCache(20_000);
  const item = cache.item(mailbox(), 'x');
  const page = (number: number) => 64 * number;
  for (let number = 0; number < 5; number++) {
    keep(item, page(number), 'x'.repeat(2_000));
    item.settle();
  }
  read(item, page(0));
  for (let number = 5; number < 9; number++) {
    keep(item, page(number), 'x'.repeat(2_000));
    item.settle();
  }
  expect(item.has(page(0))).toBe(true);
  expect(item.has(page(1))).toBe(false);
  expect(item.has(page(8))).toBe(true);
});

test('any number of names, each asked for once, takes no more than the limit', () => {
  const cache = newCache(50_000);
  const box = mailbox();
  for (let n = 0; n < 5_000; n++) {
    const item = cache.item(box, `HEADER.FIELDS (X-${n})`);
    keep(item, 1, 'x');
    item.settle();
  }
  expect(cache.octets).toBeLessThanOrEqual(50_000);
  expect(read(cache.item(box, 'HEADER.FIELDS (X-0)'), 1)).toBeNull();
  expect(read(cache.item(box, 'HEADER.FIELDS (X-4999)'), 1)).toBe('x');
});

test('an answer that is too large is not kept', () => {
  const item = newCache(50_000, 1).item(mailbox(), 'BODY[]');
  keep(item, 1, 'x'.repeat(3_000));
  keep(item, 2, 'x'.repeat(3_001));
  item.settle();
  expect([item.has(1), item.has(2)]).toEqual([true, false]);
});
