/** A task: the tables, made or brought up to date. */
import { parseDatabaseTarget, SettingReader } from '@postel/config';
import { migrateDatabase } from '../migrate-database.ts';
import { serveTask } from '../tasks/serve-task.ts';

await serveTask((value) => parseDatabaseTarget(new SettingReader(value)), migrateDatabase);
