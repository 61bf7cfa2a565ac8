import { type BlobTarget, parseBlobTarget } from './blob-target.ts';
import { type DatabaseTarget, parseDatabaseTarget } from './database-target.ts';
import { type AppSettings, parseAppSettings } from './server-settings.ts';
import { SettingReader } from './setting-reader.ts';

/** All that the housekeeping process needs to know. */
export interface HousekeepingSettings extends AppSettings {
  readonly database: DatabaseTarget;
  readonly blobs: BlobTarget;
  /** The server's own name, in what it tells people. */
  readonly hostname: string;
  /** How long tombstones of messages are kept. */
  readonly tombstoneDays: number;
  /** How long it is kept who tried to log in. */
  readonly loginHistoryDays: number;
  /** How long it is kept what became of mail. */
  readonly mailHistoryDays: number;
  /** How long it is kept what others report on our domains. */
  readonly reportDays: number;
}

/** @throws {SettingsError} */
export function parseHousekeepingSettings(value: unknown): HousekeepingSettings {
  const settings = new SettingReader(value);
  return {
    ...parseAppSettings(settings),
    database: parseDatabaseTarget(settings.at('database')),
    blobs: parseBlobTarget(settings.at('blobs')),
    hostname: settings.at('hostname').text(),
    tombstoneDays: settings.at('tombstoneDays').integer(1),
    loginHistoryDays: settings.at('loginHistoryDays').integer(1),
    mailHistoryDays: settings.at('mailHistoryDays').integer(0),
    reportDays: settings.at('reportDays').integer(1),
  };
}
