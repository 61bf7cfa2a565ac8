import { expect, test } from 'vitest';
import { readForHere } from './open-message.ts';

const MESSAGE = { id: '1', sizeOctets: 4 };
const queueOf = (...pieces: readonly string[]) => ({
  async *read() {
    for (const piece of pieces) yield Buffer.from(piece);
  },
});
const read = (...pieces: readonly string[]) =>
  Array.fromAsync(readForHere(queueOf(...pieces), MESSAGE, { alias: 'a@example.com', listFields: '' }));

test('a message is read behind the fields that it gets on its way', async () => {
  expect(Buffer.concat(await read('ab', 'cd')).toString()).toBe('Delivered-To: a@example.com\r\nabcd');
});

test.for([[[]], [['ab']], [['ab', 'cde']]])(
  'a message of which there is %j is not read to its end',
  async ([pieces]) => {
    await expect(read(...(pieces ?? []))).rejects.toThrow(/of the 4 octets/);
  },
);
