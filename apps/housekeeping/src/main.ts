import { parseHousekeepingSettings } from '@postel/config';
import { JobTurns, openBlobs, openDatabase, Store } from '@postel/storage';
import { runApp } from '@postel/supervision';
import { JobMetrics } from './job-metrics.ts';
import { JobRunner } from './job-runner.ts';
import { JOBS } from './job-table.ts';

/** Jobs wait for one another rather than take connections from clients. */
const DATABASE_CONNECTIONS = 2;

runApp({
  name: 'housekeeping',
  parseSettings: parseHousekeepingSettings,
  async start(settings, { log, metrics }) {
    const { processName, database: target, blobs: blobTarget, hostname, tombstoneDays } = settings;
    const { loginHistoryDays, mailHistoryDays, reportDays } = settings;
    const blobs = await openBlobs(blobTarget);
    const database = openDatabase(target, {
      applicationName: `postel ${processName}`,
      maxConnections: DATABASE_CONNECTIONS,
    });
    const locks = openDatabase(target, { applicationName: `postel ${processName} locks`, maxConnections: 1 });
    const store = new Store(database, { blobs, onError: (error) => log.warn({ err: error }, 'storage') });
    const runner = new JobRunner({
      jobs: JOBS,
      turns: new JobTurns(locks),
      context: { database, store, blobs, hostname, tombstoneDays, loginHistoryDays, mailHistoryDays, reportDays },
      log,
      metrics: new JobMetrics(metrics),
    });
    runner.start();
    return {
      async stop() {
        await runner.stop();
        await locks.close();
        await store.close();
        await database.close();
      },
    };
  },
});
