import { type DatabaseTarget, parseDatabaseTarget } from './database-target.ts';
import {
  type AppSettings,
  type CertificateFiles,
  type ListenerSettings,
  parseCertificateFiles,
  parseListener,
} from './server-settings.ts';
import { SettingReader } from './setting-reader.ts';

export interface SmtpListener extends ListenerSettings {
  readonly kind: 'submission';
}

/** All that an SMTP process needs to know. */
export interface SmtpSettings extends AppSettings {
  /** The name it calls itself by, in its greeting and in Received header fields. */
  readonly hostname: string;
  readonly database: DatabaseTarget;
  readonly listeners: readonly SmtpListener[];
  readonly certificates: CertificateFiles;
  readonly blobDirectory: string;
}

/** @throws {SettingsError} */
export function parseSmtpSettings(value: unknown): SmtpSettings {
  const settings = new SettingReader(value);
  return {
    processName: settings.at('processName').text(),
    hostname: settings.at('hostname').text(),
    database: parseDatabaseTarget(settings.at('database')),
    listeners: settings.at('listeners').list((listener) => ({
      kind: listener.at('kind').oneOf('submission'),
      ...parseListener(listener),
    })),
    certificates: parseCertificateFiles(settings.at('certificates')),
    blobDirectory: settings.at('blobDirectory').text(),
  };
}
