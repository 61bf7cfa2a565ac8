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

/**
 * What a listener is for: mail that people send (RFC 6409), mail from other servers (RFC 5321 §2.3.9), mail from a server
 * that delivers here and keeps the queue (RFC 2033).
 */
export type SmtpListenerKind = 'submission' | 'mx' | 'lmtp';

export interface SmtpListener extends ListenerSettings {
  readonly kind: SmtpListenerKind;
}

/** All that an SMTP process needs to know. */
export interface SmtpSettings extends AppSettings {
  /** The name it calls itself by, in its greeting and in Received header fields. */
  readonly hostname: string;
  readonly database: DatabaseTarget;
  readonly listeners: readonly SmtpListener[];
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
export function parseSmtpSettings(value: unknown): SmtpSettings {
  const settings = new SettingReader(value);
  return {
    ...parseAppSettings(settings),
    hostname: settings.at('hostname').text(),
    database: parseDatabaseTarget(settings.at('database')),
    listeners: settings.at('listeners').list((listener) => ({
      kind: listener.at('kind').oneOf('submission', 'mx', 'lmtp'),
      ...parseListener(listener),
    })),
    certificates: settings.at('certificates').list(parseCertificateFiles),
    blobDirectory: settings.at('blobDirectory').text(),
    ...parseMessageOctets(settings),
    ...parseReserve(settings),
  };
}
