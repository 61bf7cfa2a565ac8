import type { CrashRun, Round } from './crash-run.ts';
import type { CrashOptions } from './options.ts';
import { Random } from './random.ts';
import { roundLine } from './summary.ts';
import { choose, TARGET_GROUPS, TARGETS, type Target } from './targets.ts';

/** Rounds with targets at random, as many as asked for, each told in a line. They end early if anything is wrong. */
export async function runRounds(
  run: CrashRun,
  { rounds, minutes, seed, only }: CrashOptions,
  told: (round: Round, line: string) => void,
): Promise<void> {
  const random = new Random(seed, 'targets');
  const targets = targetsOf(run, only);
  const deadline = minutes === null ? Number.POSITIVE_INFINITY : performance.now() + minutes * 60_000;
  for (let n = 1; n <= rounds && performance.now() < deadline; n++) {
    const startedAt = performance.now();
    const round = await run.round(random.pick(targets));
    told(round, roundLine(round, rounds, performance.now() - startedAt));
    if (round.checked.differences.length > 0) return;
  }
}

/** @throws if there is nothing of the kind that was asked for */
function targetsOf({ server }: CrashRun, only: string | null): readonly Target[] {
  const asked = only === null ? TARGETS : (TARGET_GROUPS[only] ?? []);
  const there = asked.filter((target) => choose(server, target, new Random(1)).length > 0);
  if (there.length === 0) throw new Error(`this server has no process of the kind ${only}`);
  return there;
}
