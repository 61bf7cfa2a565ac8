import type { SettingReader } from './setting-reader.ts';

/** What the supervisor tells every app process. */
export interface AppSettings {
  /** Unique among the processes of one supervisor: in logs, metrics and Postgres's application_name. */
  readonly processName: string;
}

/** PEM files: the certificate with its chain, and its private key. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** TLS from the first octet (RFC 8314 §3), or after STARTTLS. */
export type TlsMode = 'implicit' | 'starttls';

/** What every listener of a mail protocol has. */
export interface ListenerSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
  /** Plain-text mechanisms before TLS. For tests on loopback only. */
  readonly allowPlaintextLogin: boolean;
}

/** @throws {SettingsError} */
export function parseListener(settings: SettingReader): ListenerSettings {
  return {
    host: settings.at('host').text(),
    port: settings.at('port').port(),
    tls: settings.at('tls').oneOf('implicit', 'starttls'),
    allowPlaintextLogin: settings.at('allowPlaintextLogin').boolean(),
  };
}

/** @throws {SettingsError} */
export function parseCertificateFiles(settings: SettingReader): CertificateFiles {
  return { certFile: settings.at('certFile').text(), keyFile: settings.at('keyFile').text() };
}

/** 256 MB: some minutes of a busy server's log of changes, and Postgres never finds the disk full. */
export const DEFAULT_RESERVE_OCTETS = 256 * 1024 * 1024;

/** @throws {SettingsError} */
export function parseReserve(settings: SettingReader): { reserveOctets: number; databaseDirectory?: string } {
  const reserveOctets = settings.has('reserveOctets') ? settings.at('reserveOctets').integer() : DEFAULT_RESERVE_OCTETS;
  if (!settings.has('databaseDirectory')) return { reserveOctets };
  return { reserveOctets, databaseDirectory: settings.at('databaseDirectory').text() };
}
