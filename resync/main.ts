/** `npm run resync`: see `npm run resync -- --help`. The suite runs a short form (resync.test.ts). */
import { parseArgs } from 'node:util';
import { startPostel } from '@postel/testkit';
import { RaceServer } from '../races/race-server.ts';
import { type ResyncCounts, runResync } from './run-resync.ts';

const HELP = `Has random clients change mailboxes, lose their connections anywhere, come back and resynchronize, by QRESYNC and by
CONDSTORE, on a real server with two IMAP processes. What each then knows must be what the database holds. What was removed is
pruned meanwhile, and clients come back with what they knew long ago.

  npm run resync -- [--steps N] [--account-steps N] [--seed N]

  --steps N          how many steps to take in all (default 10,000)
  --account-steps N  at least so many in each account but the last (default 400)
  --seed N           where to begin; a failure names its own

Examples:
  npm run resync
  npm run resync -- --steps 100000
  npm run resync -- --seed 1234567 --steps 400     the account of that seed again

It needs no server: it starts one of its own, and removes it. It ends with status 1 at the first difference, and prints the
dialogue of the client that saw it. The seed repeats what clients choose to do, not how it meets in time.`;

const PROGRESS_EVERY_MS = 10_000;

const { values: options } = parseArgs({
  options: {
    help: { type: 'boolean' },
    steps: { type: 'string', default: '10000' },
    'account-steps': { type: 'string', default: '400' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});

function count(name: 'steps' | 'account-steps' | 'seed'): number {
  const value = Number(options[name].replaceAll(',', ''));
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`--${name} is a whole number above 0, not ${options[name]}`);
}

async function run(): Promise<void> {
  const [total, accountSteps, firstSeed] = [count('steps'), count('account-steps'), count('seed')];
  await using postel = await startPostel();
  await using server = await RaceServer.start(postel);
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1_000);
  const counts: ResyncCounts = new Map();
  let [steps, accounts] = [0, 0];
  console.log(`resync: ${total} steps from seed ${firstSeed}`);
  const progress = setInterval(() => console.log(`resync: ${steps} steps, ${seconds()} s`), PROGRESS_EVERY_MS);
  try {
    for (; steps < total; accounts++) {
      const some = Math.min(accountSteps, total - steps);
      steps += await runResync(server, { seed: firstSeed + accounts, steps: some }, counts);
    }
  } finally {
    clearInterval(progress);
  }
  const done = [...counts].sort(([, a], [, b]) => b - a).map(([what, times]) => `${times} ${what}`);
  console.log(`resync: ${steps} steps in ${accounts} accounts, ${seconds()} s
  ${done.join(', ')}
  every client knew what the database held`);
}

if (options.help) console.log(HELP);
else
  await run().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
