import fc from 'fast-check';
import type { TestStorage } from '../storage-for-tests.ts';
import { ModelRun } from './model-run.ts';
import { STORES, type Step, steps } from './model-steps.ts';

/** How long a check may take: a sequence that fails is played again and again, to find a shorter one that does. */
const CHECK_MS = 60_000;

export interface ModelCheck {
  readonly seed: number;
  /** In one account; the sequence is of any length up to it. */
  readonly mostSteps: number;
  played(step: Step): void;
  /** Called at the first failure, before shorter sequences are tried. */
  failed?(): void;
}

/** Processes that share the database of a test. */
export async function openStores(storage: TestStorage) {
  const others = await Promise.all(Array.from({ length: STORES - 1 }, () => storage.openStore()));
  return [storage.store, ...others.map(({ store }) => store)];
}

/**
 * Plays one random sequence of steps on a fresh account.
 *
 * @throws if the store was not as the model after one of them: with the shortest sequence found that still fails
 */
export async function checkModel(
  storage: TestStorage,
  stores: Awaited<ReturnType<typeof openStores>>,
  { seed, mostSteps, played, failed }: ModelCheck,
): Promise<void> {
  let hasFailed = false;
  const property = fc.asyncProperty(steps(mostSteps), async (sequence) => {
    try {
      const run = await ModelRun.start(storage, stores);
      for (const step of sequence) {
        await run.play(step);
        if (!hasFailed) played(step);
      }
      await run.end();
    } catch (error) {
      if (!hasFailed) failed?.();
      hasFailed = true;
      throw error;
    }
  });
  const result = await fc.check(property, { seed, numRuns: 1, interruptAfterTimeLimit: CHECK_MS });
  if (result.interrupted && result.counterexample === null)
    throw new Error(
      `With seed ${seed}: a sequence took longer than ${CHECK_MS / 1_000} s; try fewer steps in an account`,
    );
  if (!result.failed) return;
  const [sequence] = result.counterexample ?? [[]];
  const lines = sequence.map((step) => JSON.stringify(step));
  throw new Error(
    `With seed ${seed}, after ${result.numShrinks} times shorter, the store is not as the model after these steps:\n${lines.join('\n')}`,
    { cause: result.errorInstance },
  );
}
