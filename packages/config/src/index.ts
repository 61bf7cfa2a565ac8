export type { DatabaseTarget } from './database-target.ts';
export { parseDatabaseTarget } from './database-target.ts';
export type { ImapListener, ImapSettings } from './imap-settings.ts';
export { parseImapSettings } from './imap-settings.ts';
export type { AppSettings, CertificateFiles, TlsMode } from './server-settings.ts';
export { DEFAULT_RESERVE_OCTETS } from './server-settings.ts';
export { SettingReader, SettingsError } from './setting-reader.ts';
export type { SmtpListener, SmtpListenerKind, SmtpSettings } from './smtp-settings.ts';
export { parseSmtpSettings } from './smtp-settings.ts';
