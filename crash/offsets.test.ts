import { makeTemporaryDirectory, removeTemporaryDirectory } from '@postel/testkit';
import { expect, test } from 'vitest';
import { CrashRun } from './crash-run.ts';
import { OffsetRun, type OffsetStep } from './run-offsets.ts';

const SEED = 5;
/** Smaller than those of `npm run crash -- --offsets`, and still longer under way than the offsets. */
const SCALE = { appendedOctets: 3 * 1024 * 1024, deliveredOctets: 512 * 1024, movedMessages: 200 };
const STEPS: readonly OffsetStep[] = [
  { command: 'APPEND', target: 'imap', offsetMs: 30 },
  { command: 'DATA', target: 'smtp', offsetMs: 10 },
  { command: 'MOVE', target: 'imap', offsetMs: 0 },
  { command: 'MOVE', target: 'postmaster', offsetMs: 10 },
];

test('hardening 64: kill -9 some milliseconds after APPEND, the end of DATA and MOVE leaves all of it or nothing', async () => {
  const directory = makeTemporaryDirectory();
  try {
    await using run = await CrashRun.start(directory, SEED, { imapProcesses: 1 });
    const offsets = await OffsetRun.prepare(run, SCALE);
    for (const step of STEPS) {
      const { checked, killed } = await offsets.step(step);
      expect(checked.differences, JSON.stringify(step)).toEqual([]);
      expect(killed).toBe(1);
    }
    expect((await run.check({ isWhole: true })).differences).toEqual([]);
    expect(await run.stop()).toEqual([]);
  } finally {
    removeTemporaryDirectory(directory);
  }
}, 120_000);
