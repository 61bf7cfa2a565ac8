import { type BlobTarget, parseBlobTarget } from './blob-target.ts';
import { type DatabaseTarget, parseDatabaseTarget } from './database-target.ts';
import { type LoginSettings, parseLogin } from './login-settings.ts';
import { type OAuthIssuer, parseOAuthIssuer } from './oauth-issuer.ts';
import type { SettingReader } from './setting-reader.ts';

/** What is logged: everything from this level on. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What the supervisor tells every app process. */
export interface AppSettings {
  /** Unique among the processes of one supervisor: in logs, metrics and Postgres's application_name. */
  readonly processName: string;
  /** `info` if not given. */
  readonly logLevel?: LogLevel;
}

/** PEM files: the certificate with its chain, and its private key. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** TLS from the first octet (RFC 8314 §3), or after STARTTLS. */
export type TlsMode = 'implicit' | 'starttls';

/** Where a listener listens. */
export interface Address {
  /** An IP address, or `*` for every one that the machine has. */
  readonly host: string;
  readonly port: number;
}

/** What every listener of a mail protocol has. */
export interface ListenerSettings extends Address {
  readonly tls: TlsMode;
  /** Plain-text mechanisms before TLS. For tests on loopback only. */
  readonly allowPlaintextLogin: boolean;
  /** Clients are asked in the TLS handshake for a certificate; none has to have one. */
  readonly asksClientCertificate: boolean;
}

/** What every process of a mail protocol needs to know, beside its listeners. */
export interface MailServerSettings extends AppSettings {
  /** The name it calls itself by: in its greeting, and in Received header fields. */
  readonly hostname: string;
  readonly database: DatabaseTarget;
  /** The first is for clients that name no host (RFC 6066 §3), or one that no certificate is for. */
  readonly certificates: readonly CertificateFiles[];
  readonly blobs: BlobTarget;
  /** Every mechanism, and nobody by ANONYMOUS, if not given. */
  readonly login?: LoginSettings;
  /** Whose access tokens log people in: nobody's, if not given. */
  readonly oauthIssuers?: readonly OAuthIssuer[];
  /** The largest message that is taken, in octets. */
  readonly messageOctets: number;
  /** What new mail must leave free on the file systems of the blobs and the database. */
  readonly reserveOctets: number;
  /** Of a Postgres on this machine, for its file system to be watched too. */
  readonly databaseDirectory?: string;
}

/** What `AppSettings` reads of an app's settings. */
export function parseAppSettings(settings: SettingReader): AppSettings {
  const processName = settings.at('processName').text();
  return settings.has('logLevel') ? { processName, logLevel: parseLogLevel(settings.at('logLevel')) } : { processName };
}

export function parseLogLevel(settings: SettingReader): LogLevel {
  return settings.oneOf('info', 'debug', 'warn', 'error');
}

/** @throws {SettingsError} */
export function parseListener(settings: SettingReader): ListenerSettings {
  return {
    host: settings.at('host').text(),
    port: settings.at('port').port(),
    tls: settings.at('tls').oneOf('implicit', 'starttls'),
    allowPlaintextLogin: settings.at('allowPlaintextLogin').boolean(),
    asksClientCertificate: settings.at('asksClientCertificate').boolean(),
  };
}

/** @throws {SettingsError} */
export function parseCertificateFiles(settings: SettingReader): CertificateFiles {
  return { certFile: settings.at('certFile').text(), keyFile: settings.at('keyFile').text() };
}

/** 256 MB: some minutes of a busy server's log of changes, and Postgres never finds the disk full. */
export const DEFAULT_RESERVE_OCTETS = 256 * 1024 * 1024;

/** RFC 7162 §3.2 leaves it open; three months are longer than a holiday. */
export const DEFAULT_TOMBSTONE_DAYS = 90;
export const DEFAULT_REPORT_DAYS = 90;

export const DEFAULT_LOGIN_HISTORY_DAYS = 30;
export const DEFAULT_MAIL_HISTORY_DAYS = 30;

/** 100 MiB. */
export const DEFAULT_MESSAGE_OCTETS = 100 * 1024 * 1024;

/** @throws {SettingsError} */
export function parseMailServerSettings(settings: SettingReader): MailServerSettings {
  return {
    ...parseAppSettings(settings),
    hostname: settings.at('hostname').text(),
    database: parseDatabaseTarget(settings.at('database')),
    certificates: settings.at('certificates').list(parseCertificateFiles),
    blobs: parseBlobTarget(settings.at('blobs')),
    ...(settings.has('login') && { login: parseLogin(settings.at('login')) }),
    ...(settings.has('oauthIssuers') && { oauthIssuers: settings.at('oauthIssuers').list(parseOAuthIssuer) }),
    messageOctets: settings.has('messageOctets') ? settings.at('messageOctets').integer(1) : DEFAULT_MESSAGE_OCTETS,
    reserveOctets: settings.has('reserveOctets') ? settings.at('reserveOctets').integer() : DEFAULT_RESERVE_OCTETS,
    ...(settings.has('databaseDirectory') && { databaseDirectory: settings.at('databaseDirectory').text() }),
  };
}
