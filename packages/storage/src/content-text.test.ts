import { foldForSearch, MessageParser } from '@postel/mime';
import { expect, test } from 'vitest';
import { contentText, prefixText } from './content-text.ts';

function structureOf(message: string) {
  const parser = new MessageParser({ collectText: true });
  parser.push(Buffer.from(message));
  return parser.end();
}

test.each(['Straße ПРИВЕТ\r\n  日本語 ', 'x\t\t\t\r\n', `${' '.repeat(70_000)}y`, '日本語'])(
  'a long text of %j is folded in pieces as if it were one',
  async (unit) => {
    const text = unit.repeat(Math.ceil(200_000 / unit.length));
    const structure = structureOf(`Content-Type: text/plain; charset=utf-8\r\n\r\n${text}`);
    const { searchText } = await contentText(structure);
    expect(searchText).toBe(foldForSearch(structure.text?.body ?? ''));
  },
);

test('others get their turn while a long text is folded', async () => {
  const structure = structureOf(`\r\n${'Straße '.repeat(50_000)}`);
  let turns = 0;
  const count = () => {
    turns++;
    immediate = setImmediate(count);
  };
  let immediate = setImmediate(count);
  await contentText(structure);
  clearImmediate(immediate);
  expect(turns).toBeGreaterThan(3);
});

test('hardening 34: a text does not grow without bound when it is folded', async () => {
  // U+FDFA stands for eighteen letters.
  const structure = structureOf(`Content-Type: text/plain; charset=utf-8\r\n\r\n${'\ufdfa'.repeat(1_000_000)}`);
  const { searchText } = await contentText(structure);
  expect(searchText.length).toBeLessThan(4_000_000);
});

test('the text of a prefix is a line a field', () => {
  expect(prefixText(Buffer.from('Return-Path: <>\r\nReceived: from A\r\n\tby B; Mon\r\n'))).toBe(
    'return-path: <>\nreceived: from a by b; mon\n',
  );
  expect(prefixText(Buffer.alloc(0))).toBe('');
});
