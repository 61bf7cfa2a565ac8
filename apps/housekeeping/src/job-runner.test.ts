import { setImmediate as nextTurn } from 'node:timers/promises';
import { JobTurns, openDatabase } from '@postel/storage';
import { Registry } from '@postel/supervision';
import { expect, test } from 'vitest';
import type { Job } from './job.ts';
import { JobMetrics } from './job-metrics.ts';
import { JobRunner } from './job-runner.ts';
import { JOBS } from './job-table.ts';
import { startJobContext } from './testing/start-job-context.ts';

const DAY_MS = 86_400_000;

async function startRunner(jobs: readonly Job[]) {
  const stack = new AsyncDisposableStack();
  const { target, context } = await startJobContext(stack);
  const locks = openDatabase(target, { applicationName: 'jobs test locks', maxConnections: 1 });
  stack.defer(() => locks.close());
  const registry = new Registry();
  const { log } = context;
  const runner = new JobRunner({ jobs, turns: new JobTurns(locks), context, log, metrics: new JobMetrics(registry) });
  runner.start();
  stack.defer(() => runner.stop());
  return { runner, database: context.database, registry, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function sample(registry: Registry, name: string, job: string): Promise<number> {
  const metrics = await registry.getMetricsAsJSON();
  const values = metrics.find((metric) => metric.name === name)?.values ?? [];
  return values.find(({ labels: { job: of } }) => of === job)?.value ?? Number.NaN;
}

test('jobs are done at once when they never were, and told in figures', async () => {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const job: Job = {
    name: 'count',
    everyMs: DAY_MS,
    async run() {
      resolve();
      return { blobs: 3 };
    },
  };
  const before = Date.now() / 1_000;
  await using started = await startRunner([job]);
  await done;
  const { database, registry } = started;
  while ((await database.sql`select from housekeeping_jobs where job = 'count'`).length === 0);
  await started.runner.stop();
  expect(await sample(registry, 'postel_housekeeping_items_total', 'count')).toBe(3);
  expect(await sample(registry, 'postel_housekeeping_failures_total', 'count')).toBe(0);
  const last = await sample(registry, 'postel_housekeeping_last_success_timestamp_seconds', 'count');
  expect(last).toBeGreaterThanOrEqual(before);
});

test('a job that fails is counted, others go on, and stopping waits for nobody but what is in hand', async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  let isOver = false;
  const failing: Job = { name: 'failing', everyMs: DAY_MS, run: () => Promise.reject(new Error('no luck')) };
  const long: Job = {
    name: 'long',
    everyMs: DAY_MS,
    async run({ signal }) {
      begin();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      isOver = true;
      throw signal.reason;
    },
  };
  await using started = await startRunner([failing, long]);
  await begun;
  const failures = () => sample(started.registry, 'postel_housekeeping_failures_total', 'failing');
  while ((await failures()) !== 1) await nextTurn();
  await started.runner.stop();
  expect(isOver).toBe(true);
  expect(await started.database.sql`select from housekeeping_jobs`).toHaveLength(0); // both are due as before
});

test('all jobs that there are find nothing to do in an empty database', async () => {
  await using started = await startRunner(JOBS);
  const done = () => started.database.sql<{ job: string }[]>`select job from housekeeping_jobs order by job`;
  while ((await done()).length < JOBS.length);
  expect((await done()).map(({ job }) => job)).toEqual(JOBS.map(({ name }) => name).toSorted());
});
