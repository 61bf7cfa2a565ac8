import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bodyStructure, type Part, parseMessage } from '@postel/mime';
import { expect, test } from 'vitest';
import { partStructure } from './part-structure.ts';

const text = (subtype: string) => `("text" "${subtype}" NIL NIL NIL "7bit" 1 0)`;
const message = (body: string) =>
  `("message" "rfc822" NIL NIL NIL "7bit" 9 ("a )(" {4}\r\n) "( NIL) ${body} 3 NIL NIL NIL)`;
const multi = (...parts: readonly string[]) => `(${parts.join('')} "mixed" ("boundary" "\\")") NIL NIL NIL)`;

const inner = multi(text('d'), text('e'));
const nested = multi(text('a'), multi(text('b'), text('c')), message(inner), message(text('f')));

test.each<[string, readonly number[], string | null]>([
  [nested, [], nested],
  [nested, [1], text('a')],
  [nested, [2], multi(text('b'), text('c'))],
  [nested, [2, 2], text('c')],
  [nested, [3], message(inner)],
  [nested, [3, 1], text('d')],
  [nested, [3, 2], text('e')],
  [nested, [3, 3], null],
  [nested, [4, 1], text('f')],
  [nested, [4, 2], null],
  [nested, [4, 1, 1], null],
  [nested, [5], null],
  [nested, [6], null],
  [nested, [1, 1], null],
  [text('x'), [1], text('x')],
  [text('x'), [2], null],
  [text('x'), [1, 1], null],
  [message(text('y')), [1], message(text('y'))],
  [message(text('y')), [1, 1], text('y')],
  [message(inner), [1, 2], text('e')],
])('of %j part %j is %j', (structure, path, expected) => {
  expect(partStructure(Buffer.from(structure), path)?.toString() ?? null).toBe(expected);
});

const FIXTURES = join(import.meta.dirname, '../../../packages/mime/src/fixtures/messages');

/** Every part below one, with its number: RFC 9051 §6.4.5.1. */
function* partsBelow(part: Part, path: readonly number[]): Generator<readonly [Part, readonly number[]]> {
  const [inner] = part.children;
  const children = part.kind === 'message' && inner?.kind === 'multipart' ? inner.children : part.children;
  for (const [index, child] of children.entries()) {
    const below = [...path, index + 1];
    yield [child, below];
    yield* partsBelow(child, below);
  }
}

test('of real messages each part is what it would be alone', () => {
  let count = 0;
  for (const name of readdirSync(FIXTURES).filter((file) => file.endsWith('.eml'))) {
    const { root } = parseMessage(readFileSync(join(FIXTURES, name)));
    const whole = bodyStructure(root);
    const top = root.kind === 'multipart' ? [] : [[root, [1]] as const];
    const path = root.kind === 'multipart' ? [] : [1];
    for (const [part, numbers] of [...top, ...partsBelow(root, path)]) {
      expect(partStructure(whole, numbers), `${name} ${numbers.join('.')}`).toEqual(bodyStructure(part));
      count++;
    }
  }
  expect(count).toBeGreaterThan(100);
});
