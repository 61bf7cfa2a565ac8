import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ModelMessage, threadByModel } from './testing/thread-model.ts';
import { threadByReferences, threadByRefs } from './thread-by-references.ts';
import { rootsByYoungest, threadTrees, walkThreads } from './thread-trees.ts';

const noTurn = async () => {};

/** As THREAD tells it, with sequence numbers. */
async function threaded(messages: readonly ModelMessage[], algorithm = 'REFERENCES'): Promise<string> {
  const ids = new Map<string, number>();
  const idOf = (id: string) => ids.get(id) ?? ids.set(id, ids.size + 1).size;
  const texts = [...new Set(messages.map(({ subject }) => subject))].sort();
  const subjects = messages.map(({ subject }) => (subject === '' ? 0 : texts.indexOf(subject) + 1));
  const byDate = Uint32Array.from(
    messages.map((_, i) => i).sort((a, b) => (messages[a]?.date ?? 0) - (messages[b]?.date ?? 0) || a - b),
  );
  const referenceStarts = [0];
  const references: number[] = [];
  for (const message of messages) {
    references.push(...message.references.map(idOf));
    referenceStarts.push(references.length);
  }
  const links = {
    isReplyOrForward: Uint8Array.from(messages, ({ isReply }) => (isReply ? 1 : 0)),
    messageIds: Uint32Array.from(messages, ({ id }) => (id === null ? 0 : idOf(id))),
    referenceStarts: Uint32Array.from(referenceStarts),
    references: Uint32Array.from(references),
    highest: ids.size,
  };
  const isRefs = algorithm === 'REFS';
  const parents = isRefs
    ? await threadByRefs(links, messages.length, noTurn)
    : await threadByReferences({ byDate, subjects, links }, noTurn);
  const trees = await threadTrees(parents, byDate, noTurn);
  const dates = messages.map(({ date }) => date);
  if (isRefs) trees.roots.sort(await rootsByYoungest(trees.roots, parents, dates, noTurn));
  return [...walkThreads(trees, messages.length)].map((step) => (typeof step === 'number' ? step + 1 : step)).join('');
}

const message = (id: string | null, references = '', more: Partial<ModelMessage> = {}): ModelMessage => ({
  date: 0,
  subject: '',
  isReply: false,
  id,
  references: references === '' ? [] : references.split(' '),
  ...more,
});

test.each<[string, readonly ModelMessage[], string]>([
  ['a conversation', [message('a'), message('b', 'a'), message('c', 'a b'), message('d', 'a')], '(1 (2 3)(4))'],
  ['an answer before what it answers', [message('b', 'a'), message('a')], '(2 1)'],
  ['two answers to what is not there', [message('b', 'a'), message('c', 'a')], '((1)(2))'],
  ['one answer to what is not there', [message('b', 'a x y')], '(1)'],
  ['what is missing in the middle', [message('a'), message('c', 'a b'), message('d', 'a b')], '(1 (2)(3))'],
  ['a loop', [message('a', 'b'), message('b', 'a')], '(2 1)'],
  ['a message that answers itself', [message('a', 'a')], '(1)'],
  ['the same Message-ID twice', [message('a'), message('a'), message('b', 'a')], '(1 3)(2)'],
  ['no Message-ID', [message(null), message(null, 'x')], '(1)(2)'],
  [
    'by date, not by number',
    [
      message('a', '', { date: 5 }),
      message('b', 'a', { date: 9 }),
      message('c', 'a', { date: 7 }),
      message('d', '', { date: 1 }),
    ],
    '(4)(1 (3)(2))',
  ],
  [
    'a reply that has lost its references, by its subject',
    [message('a', '', { subject: 'X' }), message('b', '', { subject: 'X', isReply: true })],
    '(1 2)',
  ],
  [
    'two of one subject, neither a reply',
    [message('a', '', { subject: 'X' }), message('b', '', { subject: 'X' })],
    '((1)(2))',
  ],
  [
    'two replies of one subject to what is not there',
    [message('a', '', { subject: 'X', isReply: true }), message('b', '', { subject: 'X', isReply: true })],
    '((1)(2))',
  ],
  [
    'a reply before the message',
    [message('a', '', { subject: 'X', isReply: true }), message('b', '', { subject: 'X' })],
    '(2 1)',
  ],
  [
    'two groups of one subject',
    [
      message('a', 'x', { subject: 'X' }),
      message('b', 'x', { subject: 'Y' }),
      message('c', 'y', { subject: 'X' }),
      message('d', 'y', { subject: 'Z' }),
      message('e', '', { subject: 'X' }),
    ],
    '((1)(2)(3)(4)(5))',
  ],
])('%s', async (_, messages, expected) => {
  expect(await threaded(messages)).toBe(expected);
  expect(threadByModel(messages)).toBe(expected);
});

test.each<[string, readonly ModelMessage[], string]>([
  [
    'one subject, which is nothing to it',
    [message('a', '', { subject: 'X' }), message('b', '', { subject: 'X', isReply: true })],
    '(1)(2)',
  ],
  [
    'the thread with the youngest message last, and its own messages by date',
    [
      message('a', '', { date: 1 }),
      message('b', '', { date: 3 }),
      message('c', 'a', { date: 9 }),
      message('d', 'a', { date: 2 }),
    ],
    '(2)(1 (4)(3))',
  ],
  [
    'answers to what is missing, by the younger of them',
    [message('a', 'x', { date: 1 }), message('b', '', { date: 2 }), message('c', 'x', { date: 3 })],
    '(2)((1)(3))',
  ],
])('REFS: %s', async (_, messages, expected) => {
  expect(await threaded(messages, 'REFS')).toBe(expected);
});

const anyMessage = fc.record({
  date: fc.nat(5),
  subject: fc.constantFrom('', 'X', 'Y', 'Z'),
  isReply: fc.boolean(),
  id: fc.option(fc.constantFrom(...'abcdefghijkl')),
  references: fc.array(fc.constantFrom(...'abcdefghijklmnop'), { maxLength: 5 }),
});

test('any messages become the trees that the RFC describes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyMessage, { maxLength: 14 }), async (messages) => {
      expect(await threaded(messages)).toBe(threadByModel(messages));
    }),
    { numRuns: 3_000 },
  );
});

const COUNT = 100_000;
const many = (of: (n: number) => ModelMessage) => Array.from({ length: COUNT }, (_, n) => of(n));

test.each<[string, readonly ModelMessage[]]>([
  ['one long answer to answer', many((n) => message(`${n}`, n === 0 ? '' : `${n - 1}`))],
  ['the same backwards', many((n) => message(`${n}`, `${n + 1}`))],
  ['all answers to one', many((n) => message(`${n}`, n === 0 ? '' : '0'))],
  ['all answers to one that is missing', many((n) => message(`${n}`, 'x'))],
  ['one subject', many((n) => message(`${n}`, '', { subject: 'X', isReply: n % 2 === 0 }))],
  // Each answers the end of a long chain, and has an answer already.
  [
    'answers far below',
    many((n) =>
      n < COUNT / 2
        ? message(`${n}`, n === 0 ? '' : `${n - 1}`)
        : n % 2 === 0
          ? message(`${n}`, `b${n}`)
          : message(`b${n - 1}`, `${COUNT / 2 - 1}`),
    ),
  ],
  ['chains of what is missing', many((n) => message(`${n}`, `${n}x ${n + 1}x ${n + 2}x ${n + 3}x`))],
])('hardening 34: %s, a hundred thousand times, takes no long time', async (_, messages) => {
  const startedAt = performance.now();
  const told = await threaded(messages);
  const toldByRefs = await threaded(messages, 'REFS');
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(told.match(/\d+/g)).toHaveLength(COUNT);
  expect(toldByRefs.match(/\d+/g)).toHaveLength(COUNT);
});
