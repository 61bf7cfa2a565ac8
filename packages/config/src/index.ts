export type { BlobTarget } from './blob-target.ts';
export type { Configuration, LoginAddress } from './configuration.ts';
export {
  ConfigurationError,
  configurationTemplate,
  readConfigurationFile,
  readYamlFile,
} from './configuration-file.ts';
export type { DatabaseTarget } from './database-target.ts';
export { DATABASE_URL_FORM, isDatabaseUrl, parseDatabaseTarget } from './database-target.ts';
export type { DnsServerAddress } from './dns-settings.ts';
export { type HousekeepingSettings, parseHousekeepingSettings } from './housekeeping-settings.ts';
export type { ImapListener, ImapSettings, LiteralExtension } from './imap-settings.ts';
export { parseImapSettings } from './imap-settings.ts';
export { LOG_LEVELS, LOGGING_PARTS, type LoggingPart, type LogLevels, logLevelOf } from './log-levels.ts';
export type { LoginSettings } from './login-settings.ts';
export { isProviderUrl, type OAuthIssuer } from './oauth-issuer.ts';
export { parseYaml } from './parse-yaml.ts';
export { parseRelaySettings, type RelaySettings } from './relay-settings.ts';
export type { RspamdTarget } from './rspamd-settings.ts';
export type { ServerEntry } from './server-metadata.ts';
export type {
  Address,
  AppSettings,
  CertificateFiles,
  LogLevel,
  MailServerSettings,
  TlsMode,
} from './server-settings.ts';
export {
  DEFAULT_LOGIN_HISTORY_DAYS,
  DEFAULT_MAIL_HISTORY_DAYS,
  DEFAULT_MESSAGE_OCTETS,
  DEFAULT_REPORT_DAYS,
  DEFAULT_RESERVE_OCTETS,
  DEFAULT_TOMBSTONE_DAYS,
} from './server-settings.ts';
export { SettingReader, SettingsError } from './setting-reader.ts';
export type { SmtpListener, SmtpListenerKind, SmtpSettings } from './smtp-settings.ts';
export { parseSmtpSettings } from './smtp-settings.ts';
export {
  type KeySignInSettings,
  type MailPorts,
  parseWebSettings,
  type WebListener,
  type WebSettings,
} from './web-settings.ts';
