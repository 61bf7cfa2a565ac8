import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { CommandError } from './command-error.ts';
import { confirm } from './confirm.ts';
import { Stopped } from './stop-signal.ts';

const keyboard = () => Object.assign(new PassThrough(), { isTTY: true });
const never = new AbortController().signal;

test.each([
  ['y\n', true],
  [' YES \r\n', true],
  ['n\n', false],
  ['\n', false],
  ['yesterday\n', false],
  ['', false],
])('%j is %s', async (typed, answer) => {
  const input = keyboard();
  input.end(typed);
  expect(await confirm('Sure?', never, input)).toBe(answer);
});

test('a signal to stop ends the question', async () => {
  const controller = new AbortController();
  const asked = confirm('Sure?', controller.signal, keyboard());
  controller.abort(new Stopped('SIGINT'));
  await expect(asked).rejects.toBeInstanceOf(Stopped);
});

test('where nobody can answer, nothing is assumed', async () => {
  await expect(confirm('Sure?', never, new PassThrough())).rejects.toThrow(CommandError);
});
