import { ScriptedResolver } from '@postel/dns';
import { expect, onTestFinished, test, vi } from 'vitest';
import { HANG_MS } from './limits.ts';
import type { MessageResults } from './results.ts';
import { ENVELOPE } from './testing/authenticate.ts';
import { VerifierThread } from './verifier-thread.ts';

const script = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`);

function start(code: string | null, hangMs = 60_000) {
  const errors: unknown[] = [];
  const thread = new VerifierThread({
    hostname: 'mx.here.example',
    onError: (error) => errors.push(error),
    hangMs,
    ...(code !== null && { script: script(code) }),
  });
  onTestFinished(() => thread.close());
  const begin = () => {
    const { promise, resolve } = Promise.withResolvers<MessageResults | null>();
    const octets = new Uint8Array(Buffer.from('From: mary@example.com\r\n\r\n'));
    const message = thread.begin(
      { envelope: ENVELOPE, octets, headerOctets: octets.length, isWhole: false, texts: new Map() },
      { resolver: new ScriptedResolver({}), onEnd: resolve },
    );
    return { message, ended: promise };
  };
  return { thread, errors, begin };
}

test.each([
  ['hardening 34: hangs itself up', 'for (;;) {}', 'a worker was silent for too long'],
  ['does not start', 'throw new Error("broken")', 'broken'],
  ['ends', 'process.exit(0)', 'the worker ended'],
])('a worker that %s fails what it has in hand, and nobody waits', async (_, code, error) => {
  const { thread, errors, begin } = start(code, 250);
  const [one, other] = [begin(), begin()];
  const pushing = thread.push(one.message, Buffer.alloc(1_000), 0);
  expect(await Promise.all([one.ended, other.ended, pushing])).toEqual([null, null, undefined]);
  expect(errors).toMatchObject([{ message: error }]);
  expect(thread.jobs).toBe(0);
  // What comes for the messages that are gone does no harm.
  await thread.push(one.message, Buffer.alloc(1_000), 0);
  thread.end(one.message);
  thread.abort(other.message);
});

test('a message that takes its time is not taken for a worker that hangs', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { thread, errors, begin } = start(null);
  const slow = begin();
  for (let i = 0; i < 3; i++) {
    vi.advanceTimersByTime(2 * HANG_MS);
    const quick = begin();
    thread.end(quick.message);
    await quick.ended;
  }
  thread.end(slow.message);
  expect(await slow.ended).toMatchObject({ dmarc: { result: 'none' } });
  expect(errors).toEqual([]);
});

test('what is asked for a message that is gone is answered, so that the worker forgets it', async () => {
  const { errors, thread, begin } = start(`
    import { parentPort } from 'node:worker_threads';
    let last;
    parentPort.on('message', (told) => {
      if (told.type === 'begin') last = told.message;
      const asked = { message: told.message, question: 1, name: 'x.example', recordType: 'TXT' };
      if (told.type === 'abort') parentPort.postMessage({ type: 'question', ...asked });
      if (told.type === 'answer') {
        parentPort.postMessage({ type: 'failed', message: last, error: new Error(told.answer.message) });
      }
    });`);
  const [gone, other] = [begin(), begin()];
  thread.abort(gone.message);
  expect(await other.ended).toBeNull();
  expect(errors).toMatchObject([{ message: 'aborted' }]);
});
