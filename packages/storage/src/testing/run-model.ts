/** The long form of model.test.ts: `npm run model -- --help`. */
import { parseArgs } from 'node:util';
import { startDatabase } from '@postel/testkit';
import { migrate } from '../migrate.ts';
import { startStorage } from '../storage-for-tests.ts';
import { checkModel, openStores } from './check-model.ts';
import type { Step } from './model-steps.ts';

const HELP = `Makes random changes to mail accounts, from several processes as far as the database can tell, one after the other
and at the same time, and compares the store with a plain model of each account after every step. Removed mail is brought
back, purged, released and pruned too; time is moved for it.

  npm run model -- [--steps N] [--account-steps N] [--seed N]

  --steps N          how many steps to take in all (default 10,000)
  --account-steps N  at most so many in one account (default 250)
  --seed N           where to begin; a failure names its own

Examples:
  npm run model
  npm run model -- --steps 100000
  npm run model -- --seed 1234567 --steps 1     the account of that seed again, and no other

It needs no server: it starts a database of its own, and removes it. It ends with status 1 if the store was not as the model,
and prints the shortest sequence of steps that it found to show that.`;

const PROGRESS_EVERY_MS = 10_000;

const { values: options } = parseArgs({
  options: {
    help: { type: 'boolean' },
    steps: { type: 'string', default: '10000' },
    'account-steps': { type: 'string', default: '250' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});

function count(name: 'steps' | 'account-steps' | 'seed'): number {
  const value = Number(options[name].replaceAll(',', ''));
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`--${name} is a whole number above 0, not ${options[name]}`);
}

async function run(): Promise<void> {
  const [total, mostSteps, firstSeed] = [count('steps'), count('account-steps'), count('seed')];
  await using server = await startDatabase();
  await migrate(server.database);
  const { database: target } = server;
  await using storage = await startStorage({
    testDatabase: { target, [Symbol.asyncDispose]: () => Promise.resolve() },
  });
  const stores = await openStores(storage);
  console.log(`model: ${total} steps from seed ${firstSeed}, on ${stores.length} processes' stores`);

  const startedAt = performance.now();
  let [steps, together, changes, accounts] = [0, 0, 0, 0];
  const seconds = () => Math.round((performance.now() - startedAt) / 1_000);
  const progress = setInterval(() => console.log(`model: ${steps} steps, ${seconds()} s`), PROGRESS_EVERY_MS);
  const played = (step: Step) => {
    steps++;
    if (step.type === 'together') together++;
    if ('wishes' in step) changes += step.wishes.length;
  };
  const failed = () => {
    clearInterval(progress);
    console.log(`model: not as the model after step ${steps + 1}; looking for a shorter sequence that shows it`);
  };
  try {
    for (; steps < total; accounts++)
      await checkModel(storage, stores, { seed: firstSeed + accounts, mostSteps, played, failed });
  } finally {
    clearInterval(progress);
  }
  console.log(`model: ${steps} steps in ${accounts} accounts, ${seconds()} s
  changes asked for       ${changes}
  steps of several at once  ${together}
  the store was as the model after every step`);
}

if (options.help) console.log(HELP);
else
  await run().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    if (error instanceof Error && error.cause !== undefined) console.error(error.cause);
    process.exitCode = 1;
  });
