import { type DatabaseTarget, parseDatabaseTarget } from './database-target.ts';
import {
  type AppSettings,
  type CertificateFiles,
  type ListenerSettings,
  parseAppSettings,
  parseCertificateFiles,
  parseListener,
  parseMessageOctets,
  parseReserve,
} from './server-settings.ts';
import { SettingReader } from './setting-reader.ts';

export type ImapListener = ListenerSettings;

/** All that an IMAP process needs to know. */
export interface ImapSettings extends AppSettings {
  /** The name it calls itself by, in its greeting for instance. */
  readonly hostname: string;
  readonly database: DatabaseTarget;
  readonly listeners: readonly ImapListener[];
  /** The first is for clients that name no host (RFC 6066 §3), or one that no certificate is for. */
  readonly certificates: readonly CertificateFiles[];
  readonly blobDirectory: string;
  /** The largest message that is taken. */
  readonly messageOctets: number;
  /** What new mail must leave free on the file systems of the blobs and the database. */
  readonly reserveOctets: number;
  /** Of a Postgres on this machine, for its file system to be watched too. */
  readonly databaseDirectory?: string;
}

/** @throws {SettingsError} */
export function parseImapSettings(value: unknown): ImapSettings {
  const settings = new SettingReader(value);
  return {
    ...parseAppSettings(settings),
    hostname: settings.at('hostname').text(),
    database: parseDatabaseTarget(settings.at('database')),
    listeners: settings.at('listeners').list(parseListener),
    certificates: settings.at('certificates').list(parseCertificateFiles),
    blobDirectory: settings.at('blobDirectory').text(),
    ...parseMessageOctets(settings),
    ...parseReserve(settings),
  };
}
