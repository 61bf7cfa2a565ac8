import { setImmediate as nextTurn } from 'node:timers/promises';
import { constants, deflateRawSync } from 'node:zlib';
import { CommandReader, type InflateError, limitsAfterLogin } from '@postel/imap-wire';
import { expect, test } from 'vitest';
import { CompressedInput } from './compressed-input.ts';

const policy = { limits: limitsAfterLogin, sendContinuation: () => {} };

function compressed(text: string | Buffer): Buffer {
  return deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
}

/** A reader behind compressed input, and whether octets are to come now. */
function begin() {
  const state = { flows: true, damage: null as InflateError | null };
  let hasLeft = false;
  const flow = (flows: boolean) => {
    state.flows = flows;
  };
  const reader: CommandReader = new CommandReader({
    onFlow: (paused) => (hasLeft ? flow(!paused) : input.pause(paused)),
  });
  const input = new CompressedInput(reader, {
    flow,
    damaged: (error) => {
      state.damage = error;
    },
    left: () => {
      hasLeft = true;
    },
  });
  return { reader, input, state };
}

async function turnsUntil(isSo: () => boolean): Promise<number> {
  for (let turns = 0; ; turns++) {
    if (isSo()) return turns;
    await nextTurn();
  }
}

test('flushes without anything between them are taken in turns with others, and no more come meanwhile', async () => {
  const { reader, input, state } = begin();
  const command = reader.readCommand(policy);
  input.push(Buffer.from('000000ffff'.repeat(10_000), 'hex'));
  expect(state.flows).toBe(false);
  expect(await turnsUntil(() => state.flows)).toBeGreaterThan(100);
  input.push(compressed('a1 NOOP\r\n'));
  expect(await command).toMatchObject({ type: 'command' });
});

test('for a reader that takes nothing any more, nothing is inflated', async () => {
  const { reader, input, state } = begin();
  const command = reader.readCommand(policy);
  input.push(compressed(Buffer.alloc(50_000_000, 'a')));
  expect(await command).toMatchObject({ type: 'refused', reason: 'text-too-long' });
  expect(await turnsUntil(() => state.flows)).toBeLessThan(3);
  input.push(Buffer.from('what is no DEFLATE data would be found out'));
  expect(state).toMatchObject({ flows: true, damage: null });
});

test('what follows compressed commands, and is none itself, is held back until the reader takes it', async () => {
  const { reader, input, state } = begin();
  input.push(Buffer.concat([compressed('a1 UNAUTHENTICATE\r\n'), Buffer.from('a2 NOOP\r\n'.repeat(10_000))]));
  expect(await reader.readCommand(policy)).toMatchObject({ type: 'command' });
  input.leave();
  await nextTurn();
  await nextTurn();
  expect(state.flows).toBe(false);
  for (let count = 0; count < 10_000; count++) await reader.readCommand(policy);
  const next = reader.readCommand(policy);
  expect(state.flows).toBe(true);
  reader.end();
  expect(await next).toEqual({ type: 'end' });
});
