import { Arguments } from '@postel/imap-wire';
import { expect, test } from 'vitest';
import { parseFetchItems } from './fetch-items.ts';

const parse = (text: string, kind: 'sequence' | 'uid' = 'sequence') =>
  parseFetchItems(new Arguments({ texts: [Buffer.from(text)], literals: [] }), kind);

test.each([
  ['FLAGS', ['flags']],
  ['(FLAGS UID)', ['flags', 'uid']],
  ['(uid Flags UID flags)', ['uid', 'flags']],
  ['FAST', ['flags', 'internaldate', 'size']],
  ['ALL', ['flags', 'internaldate', 'size', 'envelope']],
  ['FULL', ['flags', 'internaldate', 'size', 'envelope', 'body']],
  ['BODY', ['body']],
  ['(BODY BODYSTRUCTURE)', ['body', 'bodystructure']],
  ['(BODY[] BODY[])', ['section', 'section']],
  ['(RFC822.SIZE RFC822)', ['size', 'section']],
] as const)('%s', (text, types) => {
  expect(parse(text).items.map(({ type }) => type)).toEqual(types);
});

test('UID FETCH tells the UID, first unless asked for elsewhere', () => {
  expect(parse('FLAGS', 'uid').items.map(({ type }) => type)).toEqual(['uid', 'flags']);
  expect(parse('(FLAGS UID)', 'uid').items.map(({ type }) => type)).toEqual(['flags', 'uid']);
});

test.each([
  ['BODY[]', true],
  ['BODY[TEXT]', true],
  ['BODY[HEADER]', true],
  ['BODY[1.MIME]<0.5>', true],
  ['RFC822', true],
  ['RFC822.TEXT', true],
  ['(FLAGS BODY.PEEK[] BODY[1])', true],
  ['BODY.PEEK[]', false],
  ['RFC822.HEADER', false],
  ['(FLAGS BODY.PEEK[HEADER.FIELDS (From)] BODYSTRUCTURE)', false],
  ['FULL', false],
] as const)('%s sets \\Seen: %s', (text, expected) => {
  expect(parse(text).setsSeen).toBe(expected);
});

test.each(['', '()', '(FAST)', '(FLAGS ALL)', '(FLAGS  UID)', '( FLAGS)', 'BODY.PEEK', '__PROTO__', 'BODY.PEEKED[]'])(
  '%j is refused',
  (text) => {
    expect(() => parse(text)).toThrow();
  },
);

test('a hundred items are taken, and no more', () => {
  const items = (count: number) => `(${Array(count).fill('BODY.PEEK[]').join(' ')})`;
  expect(parse(items(100)).items).toHaveLength(100);
  expect(() => parse(items(101))).toThrow('Too many items');
  expect(parse(`(${Array(5_000).fill('FLAGS').join(' ')})`).items).toHaveLength(1);
});
