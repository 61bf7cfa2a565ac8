/** A task: tables and accounts of `localserve`, made or brought up to date. */
import { parseDatabaseTarget, SettingReader } from '@postel/config';
import { openDirectory } from '@postel/directory';
import { openDatabase } from '@postel/storage';
import { migrateDatabase } from '../migrate-database.ts';
import { serveTask } from '../tasks/serve-task.ts';
import { ensureLocalAccounts } from './local-accounts.ts';

await serveTask(
  (value) => parseDatabaseTarget(new SettingReader(value)),
  async (target, report) => {
    await migrateDatabase(target, report);
    const database = openDatabase(target, { applicationName: 'postel prepare', maxConnections: 1 });
    try {
      await ensureLocalAccounts(openDirectory(database).as({ type: 'server', task: 'localserve' }), report);
    } finally {
      await database.close();
    }
  },
);
