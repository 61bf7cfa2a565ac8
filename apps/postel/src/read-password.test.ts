import { expect, test } from 'vitest';
import { TypedLine } from './read-password.ts';

test.for([
  ['secret\r', 'secret'],
  ['secret\n', 'secret'],
  ['sexc\x7f\x7fcret\r', 'secret'],
  ['wrong\x15secret\r', 'secret'],
  ['pässwörd\r', 'pässwörd'],
  ['\r', ''],
])('typing %j gives %j', ([keys = '', text]) => {
  for (const chunkSize of [1, 100]) {
    const typed = new TypedLine();
    const octets = Buffer.from(keys);
    for (let at = 0; at < octets.length; at += chunkSize) typed.add(octets.subarray(at, at + chunkSize));
    expect(typed).toMatchObject({ text, isComplete: true, isGivenUp: false });
  }
});

test('Ctrl-C gives up', () => {
  const typed = new TypedLine();
  typed.add(Buffer.from('secr\x03'));
  expect(typed).toMatchObject({ isComplete: true, isGivenUp: true });
});
