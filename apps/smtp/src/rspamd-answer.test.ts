import { describe, expect, test } from 'vitest';
import { RSPAMD_FIELDS, RSPAMD_SYMBOLS } from './limits.ts';
import { readRspamdAnswer, spamStatusField } from './rspamd-answer.ts';

const read = (answer: object) => {
  const found = readRspamdAnswer({ action: 'no action', ...answer });
  if (found === null) throw new Error('it is understood');
  return found;
};

test('an answer as Rspamd gives it', () => {
  const answer = read({
    is_skipped: false,
    score: 5.2,
    required_score: 15,
    action: 'add header',
    symbols: {
      DATE_IN_PAST: { name: 'DATE_IN_PAST', score: 0.1, options: ['x'] },
      BAYES_SPAM: { name: 'BAYES_SPAM', score: 7.5 },
      R_SPF_ALLOW: { name: 'R_SPF_ALLOW', score: -0.2 },
    },
    messages: { smtp_message: 'Spam' },
    'message-id': 'x@example.com',
  });
  expect(answer).toEqual({
    action: 'add header',
    advice: 'junk',
    score: 5.2,
    requiredScore: 15,
    symbols: ['BAYES_SPAM', 'R_SPF_ALLOW', 'DATE_IN_PAST'],
    fields: '',
    text: 'Spam',
  });
  expect(spamStatusField(answer)).toBe(
    'X-Spam-Status: Yes, score=5.20 required=15.00\r\n\ttests=BAYES_SPAM,\r\n\tR_SPF_ALLOW,\r\n\tDATE_IN_PAST\r\n',
  );
});

test.each([
  ['no action', 'take'],
  ['greylist', 'take'],
  ['add header', 'junk'],
  ['rewrite subject', 'junk'],
  ['quarantine', 'junk'],
  ['soft reject', 'defer'],
  ['reject', 'reject'],
  ['discard', 'reject'],
  ['phone the boss', 'take'],
])('by %s it means to %s', (action, advice) => {
  expect(read({ action }).advice).toBe(advice);
});

test.each([
  null,
  7,
  'no action',
  [],
  {},
  { action: 7 },
  { action: '' },
  { action: 'reject\r\nX: y' },
  { action: { toString: 'reject' } },
  [{ action: 'reject' }],
])('%j is no answer', (answer) => {
  expect(readRspamdAnswer(answer)).toBeNull();
});

test('what has the wrong form is passed over', () => {
  const wrong = { score: '7', required_score: null, symbols: ['A'], messages: 'x', milter: { add_headers: [] } };
  const answer = read(wrong);
  expect(answer).toMatchObject({ score: 0, requiredScore: null, symbols: [], fields: '', text: null });
  expect(spamStatusField(answer)).toBe('X-Spam-Status: No, score=0.00\r\n\ttests=none\r\n');
  expect(read(JSON.parse('{"action":"reject","score":1e999}')).score).toBe(0);
  expect(read({ score: -1e308 }).score).toBe(-99_999);
});

describe('hostile answers', () => {
  test('names of symbols are words, and only the heaviest are kept', () => {
    const symbols = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`S${i}`, { score: i }]));
    const found = read({
      symbols: { ...symbols, 'A\r\nSubject: x': { score: 9_999 }, ['L'.repeat(65)]: { score: 9_999 } },
    });
    expect(found.symbols).toHaveLength(RSPAMD_SYMBOLS);
    expect(found.symbols[0]).toBe('S999');
    for (const line of spamStatusField(found).split('\r\n')) expect(line.length).toBeLessThan(78);
  });

  test('text for the reply is one printable line', () => {
    const { text } = read({ messages: { smtp_message: `Bye\r\n250 OK\u0000\u202e${'x'.repeat(1_000)}` } });
    expect(text).toMatch(/^Bye\?\?250 OK\?\?x{187}$/);
  });

  test('only fields that begin with X- are added, and nothing gets out of its field', () => {
    const add_headers = {
      'X-Spamd-Bar': { value: '+++', order: 0 },
      'X-Several': ['a', { value: 'b' }],
      'X-Folded': { value: 'default: False [1 / 15];\n\tBAYES(0.0)[];\r\n\r\nSubject: x' },
      'X-Umlaut': 'gr\u00fc\u00df',
      'X-Empty': { value: ' \r\n ' },
      'X-Number': 7,
      'X-Spam-Status': 'No',
      'X-Postel-Envelope': 'x',
      'Authentication-Results': 'localhost; dmarc=pass',
      Received: 'from x',
      'X-Bad: y\r\nX': 'z',
    };
    expect(read({ milter: { add_headers } }).fields).toBe(
      'X-Spamd-Bar: +++\r\nX-Several: a\r\nX-Several: b\r\n' +
        'X-Folded: default: False [1 / 15];\r\n\tBAYES(0.0)[];\r\n\tSubject: x\r\nX-Umlaut: gr??\r\n',
    );
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`X-${i}`, 'x'.repeat(10_000)]));
    const { fields } = read({ milter: { add_headers: many } });
    expect(fields.split('\r\n')).toHaveLength(RSPAMD_FIELDS + 1);
    for (const line of fields.split('\r\n')) expect(line.length).toBeLessThan(998);
  });
});
