import { expect, test } from 'vitest';
import { FieldFilter } from './field-filter.ts';

const MESSAGE = [
  'List-Id: one',
  'LIST-POST : <mailto:a>',
  '\tand on',
  ' List-Id: folded',
  'Subject: x',
  ' List-Id: folded too',
  'List-Idea: stays',
  'List: stays',
  'list-id\t\t: gone',
  '',
  'List-Id: in the body',
].join('\r\n');
const LEFT = 'Subject: x\r\n List-Id: folded too\r\nList-Idea: stays\r\nList: stays\r\n\r\nList-Id: in the body';

function filtered(...pieces: readonly string[]): string {
  const filter = new FieldFilter(['list-id', 'list-post']);
  const passed = pieces.map((piece) => filter.push(Buffer.from(piece)));
  return Buffer.concat([...passed, filter.finish()]).toString();
}

test('fields of those names go, with the lines that belong to them, wherever the message is cut', () => {
  for (let at = 0; at <= MESSAGE.length; at++) {
    expect(filtered(MESSAGE.slice(0, at), MESSAGE.slice(at)), `cut at ${at}`).toBe(LEFT);
  }
  expect(filtered(...MESSAGE)).toBe(LEFT);
});

test.each([
  ['', ''],
  ['List-', 'List-'],
  ['List-Id: x', ''],
  ['\r\nList-Id: x', '\r\nList-Id: x'],
  [' List-Id: x\r\n', ' List-Id: x\r\n'],
])('%j leaves %j', (message, left) => {
  expect(filtered(message)).toBe(left);
  expect(filtered(...message)).toBe(left);
});
