import { type BlobTarget, parseBlobTarget } from './blob-target.ts';
import { type DatabaseTarget, parseDatabaseTarget } from './database-target.ts';
import { type DnsServerAddress, parseDnsServer } from './dns-settings.ts';
import { type AppSettings, parseAppSettings } from './server-settings.ts';
import { SettingReader } from './setting-reader.ts';

/** All that the process needs to know which sends mail to other servers. */
export interface RelaySettings extends AppSettings {
  /** The name that it calls itself by: in EHLO, and in reports. */
  readonly hostname: string;
  readonly database: DatabaseTarget;
  /** Reports go to people here too. */
  readonly blobs: BlobTarget;
  /** Those of the system, if not given. */
  readonly dnsServers?: readonly DnsServerAddress[];
  /** How long a message is tried for. */
  readonly lifetimeDays: number;
  /** From the first attempt to the second, and the longest pause, up to which each is twice the one before. */
  readonly firstRetryMinutes: number;
  readonly longestRetryMinutes: number;
  /** After which its sender is told that a message is late. */
  readonly delayNoticeHours: number;
  /** As CIDR: addresses that nobody in the world has, or that are this machine's, to which mail may go all the same. */
  readonly privateNetworks: readonly string[];
  /** How long mail waits for a server that had TLS and has none any more, before it goes in the clear. */
  readonly tlsPatienceHours: number;
  /** Domains that want to hear it are told what came of TLS with their servers (RFC 8460). */
  readonly tlsReports: boolean;
  /** Of the key that opens secrets of routes; it need not be there. */
  readonly secretKeyFile: string;
  /** Domains that want to hear it are told what DMARC found in mail that says it is from them (RFC 7489 §7.2). */
  readonly dmarcReports: boolean;
  /** Of the other servers: 25 but in tests. */
  readonly port?: number;
}

/** @throws {SettingsError} */
export function parseRelaySettings(value: unknown): RelaySettings {
  const settings = new SettingReader(value);
  return {
    ...parseAppSettings(settings),
    hostname: settings.at('hostname').text(),
    database: parseDatabaseTarget(settings.at('database')),
    blobs: parseBlobTarget(settings.at('blobs')),
    ...(settings.has('dnsServers') && { dnsServers: settings.at('dnsServers').list(parseDnsServer) }),
    lifetimeDays: settings.at('lifetimeDays').integer(1),
    firstRetryMinutes: settings.at('firstRetryMinutes').integer(1),
    longestRetryMinutes: settings.at('longestRetryMinutes').integer(1),
    delayNoticeHours: settings.at('delayNoticeHours').integer(1),
    privateNetworks: settings.at('privateNetworks').list((network) => network.text()),
    tlsPatienceHours: settings.at('tlsPatienceHours').integer(0),
    tlsReports: settings.at('tlsReports').boolean(),
    secretKeyFile: settings.at('secretKeyFile').text(),
    dmarcReports: settings.at('dmarcReports').boolean(),
    ...(settings.has('port') && { port: settings.at('port').port(1) }),
  };
}
