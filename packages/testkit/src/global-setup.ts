import type { TestProject } from 'vitest/node';
import { StartFailed } from './server-process.ts';
import { type OwnPostel, startDatabase, startPostel } from './start-postel.ts';
import './shared-server.ts';
import { makeTemplateDatabase } from './template-database.ts';
import { makeRunDirectory, removeAbandonedDirectories } from './temporary-directories.ts';

/** Starts the one server that the test files share, and stops it when all are done. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  removeAbandonedDirectories();
  const run = new AsyncDisposableStack();
  run.use(makeRunDirectory());
  try {
    const { postel, problem } = await start();
    run.use(postel);
    await makeTemplateDatabase(postel.database, partitionsOf(project));
    const { dataDirectory, database } = postel;
    project.provide('postelServer', { dataDirectory, database, problem });
  } catch (error) {
    await run.disposeAsync();
    throw error;
  }
  return () => run.disposeAsync();
}

/** Into how many the mail tables are partitioned: as the project's environment, or the run's, says. */
function partitionsOf(project: TestProject): number {
  const { POSTEL_TEST_PARTITIONS: partitions } = { ...project.config.env, ...process.env };
  return Number(partitions ?? 1);
}

/** While somebody works on a mail server that does not start, the tests that need a database only shall still run. */
async function start(): Promise<{ readonly postel: OwnPostel; readonly problem: string | null }> {
  try {
    return { postel: await startPostel(), problem: null };
  } catch (error) {
    if (!(error instanceof StartFailed)) throw error;
    console.error(error.message);
    return { postel: await startDatabase(), problem: error.message };
  }
}
