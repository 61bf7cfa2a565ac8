import { expect, test } from 'vitest';
import { listFields } from './list-fields.ts';

test.each([
  ['team@example.com', '<team.example.com>', '<mailto:team@example.com>'],
  ['a.b+c=d@example.com', '<a=2Eb=2Bc=3Dd.example.com>', '<mailto:a.b+c%3Dd@example.com>'],
  ['"two words"@example.com', '<=22two=20words=22.example.com>', '<mailto:%22two%20words%22@example.com>'],
  ['jürgen@bücher.example', '<j=C3=BCrgen.xn--bcher-kva.example>', '<mailto:j%C3%BCrgen@xn--bcher-kva.example>'],
  ['50%/x@example.com', '<50%/x.example.com>', '<mailto:50%25%2Fx@example.com>'],
])('of %s', (address, id, post) => {
  expect(listFields({ address, posters: 'members' })).toBe(`List-Id: ${id}\r\nList-Post: ${post}\r\n`);
});

test('where only some may post there is no address to post to', () => {
  const fields = listFields({ address: 'news@example.com', posters: 'named' });
  expect(fields).toBe('List-Id: <news.example.com>\r\nList-Post: NO (only some may post)\r\n');
});
