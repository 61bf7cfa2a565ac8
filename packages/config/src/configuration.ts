import { isIP, isIPv4, isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import type { BlobTarget } from './blob-target.ts';
import { DATABASE_URL_FORM, isDatabaseUrl } from './database-target.ts';
import { type DnsServerAddress, readDnsServers } from './dns-settings.ts';
import { type LiteralExtension, parseLiterals } from './imap-settings.ts';
import { type LogLevels, parseLogLevels } from './log-levels.ts';
import { type LoginSettings, readLogin } from './login-settings.ts';
import type { OAuthIssuer } from './oauth-issuer.ts';
import { onOrOff } from './on-or-off.ts';
import { readBlobs } from './read-blobs.ts';
import { readDnsbls } from './read-dnsbls.ts';
import { readNetwork } from './read-network.ts';
import { readOAuthIssuers } from './read-oauth.ts';
import { type RspamdTarget, readRspamd } from './rspamd-settings.ts';
import { readServerMetadata, type ServerEntry } from './server-metadata.ts';
import {
  type Address,
  type CertificateFiles,
  DEFAULT_LOGIN_HISTORY_DAYS,
  DEFAULT_MAIL_HISTORY_DAYS,
  DEFAULT_MESSAGE_OCTETS,
  DEFAULT_REPORT_DAYS,
  DEFAULT_RESERVE_OCTETS,
  DEFAULT_TOMBSTONE_DAYS,
  parseCertificateFiles,
} from './server-settings.ts';
import type { SettingReader } from './setting-reader.ts';

/** What the configuration file says, with defaults where it says nothing. */
export interface Configuration extends LogLevels {
  readonly hostname: string;
  /** By which the world reaches this server, for the records of its domains; those that the machine has, if there are none. */
  readonly publicAddresses: readonly string[];
  /** Absolute, as all paths here. */
  readonly dataDirectory: string;
  readonly blobs: BlobTarget;
  /** What new mail must leave free on the disks of blobs and embedded database. */
  readonly reserveOctets: number;
  /** The largest message that is taken, by SMTP, LMTP and IMAP alike. */
  readonly messageOctets: number;
  /** A Postgres of the operator's own; `null` for the embedded one. */
  readonly databaseUrl: string | null;
  readonly certificates: readonly CertificateFiles[];
  /** Whose access tokens log people in; with none of them, no mechanism for that is offered. */
  readonly oauthIssuers: readonly OAuthIssuer[];
  readonly login: LoginSettings;
  /** How long it is kept who tried to log in. */
  readonly loginHistoryDays: number;
  /** How long it is kept what became of mail; 0: it is not recorded. */
  readonly mailHistoryDays: number;
  /** Where each service listens; nowhere if it is off. */
  readonly smtp: Readonly<
    Record<ServerService, readonly Address[]> & Record<SubmissionService, readonly LoginAddress[]>
  >;
  /** As CIDR: clients that are believed when MAIL says who submitted a message. */
  readonly submitterNetworks: readonly string[];
  /** Received of submitted messages tells the client's name and address. */
  readonly showsClientAddress: boolean;
  /** DNSBLs that are asked about clients on MX. */
  readonly dnsbls: readonly string[];
  /** What is asked about messages on MX; null for nothing. */
  readonly rspamd: RspamdTarget | null;
  readonly imap: Readonly<Record<ImapService, readonly LoginAddress[]>> & {
    readonly processes: number;
    readonly literals: LiteralExtension;
    readonly offersUnauthenticate: boolean;
    readonly metadata: readonly ServerEntry[];
  };
  /** How mail goes to other servers; null: not at all. */
  readonly relay: RelayConfiguration | null;
  /** Where the web listens; nowhere if it is off. */
  readonly web: WebConfiguration;
  /** Who is asked what the DNS says; those of the system, if there are none. */
  readonly dnsServers: readonly DnsServerAddress[];
  /** `/healthz` and `/metrics`. */
  readonly status: readonly Address[];
  /** How long tombstones of messages are kept. */
  readonly tombstoneDays: number;
  /** How long it is kept what others report on our domains. */
  readonly reportDays: number;
}

interface RelayConfiguration {
  /** How long a message is tried for. */
  readonly lifetimeDays: number;
  /** From the first attempt to the second, and the longest pause, up to which each is twice the one before. */
  readonly firstRetryMinutes: number;
  readonly longestRetryMinutes: number;
  /** After which its sender is told that a message is late. */
  readonly delayNoticeHours: number;
  /** As CIDR: private addresses to which mail may go. */
  readonly privateNetworks: readonly string[];
  /** How long mail waits for a server that had TLS and has none any more. */
  readonly tlsPatienceHours: number;
  /** Domains that want to hear it are told what came of TLS with their servers (RFC 8460). */
  readonly tlsReports: boolean;
  /** Domains that want to hear it are told what DMARC found in mail that says it is from them (RFC 7489 §7.2). */
  readonly dmarcReports: boolean;
}

/** Of the web. */
interface WebConfiguration {
  readonly http: readonly Address[];
  readonly https: readonly Address[];
  /** Where browsers show the keys of devices, to sign in by them. */
  readonly keyHttps: readonly Address[];
  /** The host name by which they reach that; null: the server's. */
  readonly keyHostname: string | null;
  /** As CIDR: proxies that are believed about clients, and about TLS. */
  readonly proxies: readonly string[];
}

/** Where a service listens that people log in to. */
export interface LoginAddress extends Address {
  /** Their programs are asked for a client certificate in the TLS handshake. */
  readonly asksClientCertificate: boolean;
}

type ServerService = 'mx' | 'lmtp';
type SubmissionService = 'submission' | 'submissions';
type ImapService = 'imap' | 'imaps';

/** Each has a core to itself at best; a machine with more of them has room for a second Postel beside this one. */
const MOST_PROCESSES = 16;

const MB = 1024 * 1024;
const MOST_RESERVE_MB = 1_000_000;
/** Below 2^31 octets: IMAP programs keep sizes in 32 bits (RFC 3501 §9, number), some of them signed. */
const MOST_MESSAGE_MB = 2_000;

const MOST_TOMBSTONE_DAYS = 3_650;
const MOST_REPORT_DAYS = 3_650;
const MOST_LOGIN_HISTORY_DAYS = 365;
const MOST_MAIL_HISTORY_DAYS = 365;
/** RFC 5321 §4.5.4.1 asks for 4 to 5 at least; who wants to hear sooner that mail does not go may say less. */
const DEFAULT_FIRST_RETRY_MINUTES = 5;
const DEFAULT_LONGEST_RETRY_MINUTES = 240;
const MOST_RETRY_MINUTES = 24 * 60;
const DEFAULT_DELAY_NOTICE_HOURS = 4;
const DEFAULT_LIFETIME_DAYS = 5;
const MOST_LIFETIME_DAYS = 30;
/** A day is enough for whoever has broken their server by mistake; five is what mail is tried for. */
const DEFAULT_TLS_PATIENCE_HOURS = 24;
const MOST_TLS_PATIENCE_HOURS = 720;

const LOOPBACK = '127.0.0.1';
/** All addresses of the machine. */
const EVERYWHERE = '*';

/** @param base what relative paths start from */
export function readConfiguration(file: SettingReader, base: string): Configuration {
  const dataDirectory = file.has('dataDirectory') ? path(file.at('dataDirectory'), base) : '/var/lib/postel';
  const smtp = file.section('smtp');
  const imap = file.section('imap');
  const configuration = {
    hostname: hostname(file.at('hostname')),
    publicAddresses: file.has('publicAddresses') ? file.at('publicAddresses').list(address) : [],
    dataDirectory,
    blobs: readBlobs(file, dataDirectory, base),
    reserveOctets: file.has('diskReserveMb')
      ? file.at('diskReserveMb').integer(0, MOST_RESERVE_MB) * MB
      : DEFAULT_RESERVE_OCTETS,
    messageOctets: messageOctets(file.section('limits')),
    databaseUrl: databaseUrl(file.section('database')),
    certificates: certificates(file.section('tls'), base),
    oauthIssuers: readOAuthIssuers(file.section('login')),
    login: readLogin(file.section('login')),
    loginHistoryDays: loginHistoryDays(file.section('login')),
    mailHistoryDays: mailHistoryDays(smtp),
    smtp: {
      mx: listening(smtp, 'mx', { host: EVERYWHERE, port: 25 }),
      submission: listeningForLogins(smtp, 'submission', { host: EVERYWHERE, port: 587 }),
      submissions: listeningForLogins(smtp, 'submissions', { host: EVERYWHERE, port: 465 }),
      lmtp: listening(smtp, 'lmtp', null),
    },
    showsClientAddress: smtp.has('showClientAddress') && onOrOff(smtp.at('showClientAddress')),
    dnsbls: readDnsbls(smtp),
    rspamd: readRspamd(smtp, base),
    submitterNetworks: smtp.has('submitterNetworks') ? smtp.at('submitterNetworks').list(readNetwork) : [],
    imap: {
      imap: listeningForLogins(imap, 'imap', { host: EVERYWHERE, port: 143 }),
      imaps: listeningForLogins(imap, 'imaps', { host: EVERYWHERE, port: 993 }),
      processes: imap.has('processes') ? imap.at('processes').integer(1, MOST_PROCESSES) : 1,
      literals: imap.has('literals') ? parseLiterals(imap.at('literals')) : 'LITERAL+',
      offersUnauthenticate: !imap.has('unauthenticate') || onOrOff(imap.at('unauthenticate')),
      metadata: readServerMetadata(imap, 'metadata'),
    },
    relay: relay(file),
    web: web(file),
    dnsServers: readDnsServers(file.section('dns')),
    status: oneAddress(file, listening(file, 'status', { host: LOOPBACK, port: 1081 })),
    tombstoneDays: tombstoneDays(file.section('housekeeping')),
    reportDays: reportDays(file.section('housekeeping')),
    ...parseLogLevels(file),
  };
  refuseTwins(file, configuration);
  return configuration;
}

/** `mx: off`, or where it listens: by default there, or nowhere. */
function listening(parent: SettingReader, service: string, normally: Address | null): readonly Address[] {
  if (isOff(parent, service)) return [];
  const isSaid = !parent.at(service).is(undefined) && !parent.at(service).is(null);
  const setting = parent.section(service);
  const port = setting.has('port') ? setting.at('port').port(1) : (normally?.port ?? null);
  const hosts = setting.has('addresses') ? setting.at('addresses').list(host) : [normally?.host ?? LOOPBACK];
  if (port !== null) return hosts.map((host) => ({ host, port }));
  if (isSaid) setting.at('port').refuse('must be said, for there is no standard port for this service');
  return [];
}

/** YAML 1.2 reads `off` as a text; who knows YAML 1.1 may write false. */
function isOff(parent: SettingReader, service: string): boolean {
  return parent.at(service).is('off') || parent.at(service).is(false);
}

function listeningForLogins(parent: SettingReader, service: string, normally: Address): readonly LoginAddress[] {
  const addresses = listening(parent, service, normally);
  if (isOff(parent, service)) return [];
  const setting = parent.section(service);
  const asksClientCertificate = !setting.has('clientCertificates') || onOrOff(setting.at('clientCertificates'));
  return addresses.map((address) => ({ ...address, asksClientCertificate }));
}

function oneAddress(file: SettingReader, addresses: readonly Address[]): readonly Address[] {
  if (addresses.length > 1) file.section('status').at('addresses').refuse('must be one address');
  return addresses;
}

function host(setting: SettingReader): string {
  const address = setting.text();
  if (address !== EVERYWHERE && isIP(address) === 0) setting.refuse('must be an IP address, or "*" for every one');
  return address;
}

function address(setting: SettingReader): string {
  const text = setting.text();
  if (isIP(text) === 0) setting.refuse('must be an IP address');
  return text;
}

function hostname(setting: SettingReader): string {
  const name = setting.text();
  if (!isHostname(name)) setting.refuse('must be a host name, such as mail.example.com');
  return name;
}

function isHostname(name: string): boolean {
  return name.length <= 253 && name.split('.').every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label));
}

function messageOctets(limits: SettingReader): number {
  if (!limits.has('messageSizeMb')) return DEFAULT_MESSAGE_OCTETS;
  return limits.at('messageSizeMb').integer(1, MOST_MESSAGE_MB) * MB;
}

function tombstoneDays(housekeeping: SettingReader): number {
  if (!housekeeping.has('tombstoneDays')) return DEFAULT_TOMBSTONE_DAYS;
  return housekeeping.at('tombstoneDays').integer(1, MOST_TOMBSTONE_DAYS);
}

function reportDays(housekeeping: SettingReader): number {
  if (!housekeeping.has('reportDays')) return DEFAULT_REPORT_DAYS;
  return housekeeping.at('reportDays').integer(1, MOST_REPORT_DAYS);
}

function web(file: SettingReader): WebConfiguration {
  if (isOff(file, 'web')) return { http: [], https: [], keyHttps: [], keyHostname: null, proxies: [] };
  const setting = file.section('web');
  const http = listening(setting, 'http', { host: LOOPBACK, port: 1080 });
  const https = setting.has('https') ? listening(setting, 'https', { host: EVERYWHERE, port: 443 }) : [];
  const proxies = setting.has('proxies') ? setting.at('proxies').list(readNetwork) : [];
  if (proxies.length === 0 && http.some(({ host }) => host !== LOOPBACK && host !== '::1')) {
    setting
      .at('http')
      .refuse(
        'is for this machine alone, because passwords are not taken in the clear: say https, or the proxies before it',
      );
  }
  const keyHttps = setting.has('keyHttps') ? listening(setting, 'keyHttps', { host: EVERYWHERE, port: 8443 }) : [];
  const isNamed = keyHttps.length > 0 && setting.section('keyHttps').has('hostname');
  const keyHostname = isNamed ? hostname(setting.section('keyHttps').at('hostname')) : null;
  return { http, https, keyHttps, keyHostname, proxies };
}

function relay(file: SettingReader): RelayConfiguration | null {
  if (isOff(file, 'relay')) return null;
  const setting = file.section('relay');
  return {
    lifetimeDays: setting.has('lifetimeDays')
      ? setting.at('lifetimeDays').integer(1, MOST_LIFETIME_DAYS)
      : DEFAULT_LIFETIME_DAYS,
    ...schedule(setting),
    privateNetworks: setting.has('privateNetworks') ? setting.at('privateNetworks').list(readNetwork) : [],
    tlsPatienceHours: setting.has('tlsPatienceHours')
      ? setting.at('tlsPatienceHours').integer(0, MOST_TLS_PATIENCE_HOURS)
      : DEFAULT_TLS_PATIENCE_HOURS,
    tlsReports: !setting.has('tlsReports') || onOrOff(setting.at('tlsReports')),
    dmarcReports: !setting.has('dmarcReports') || onOrOff(setting.at('dmarcReports')),
  };
}

function schedule(setting: SettingReader) {
  const number = (key: string, normally: number, most: number) =>
    setting.has(key) ? setting.at(key).integer(1, most) : normally;
  return {
    firstRetryMinutes: number('firstRetryMinutes', DEFAULT_FIRST_RETRY_MINUTES, MOST_RETRY_MINUTES),
    longestRetryMinutes: number('longestRetryMinutes', DEFAULT_LONGEST_RETRY_MINUTES, MOST_RETRY_MINUTES),
    delayNoticeHours: number('delayNoticeHours', DEFAULT_DELAY_NOTICE_HOURS, MOST_LIFETIME_DAYS * 24),
  };
}

function loginHistoryDays(login: SettingReader): number {
  if (!login.has('historyDays')) return DEFAULT_LOGIN_HISTORY_DAYS;
  return login.at('historyDays').integer(1, MOST_LOGIN_HISTORY_DAYS);
}

function mailHistoryDays(smtp: SettingReader): number {
  if (isOff(smtp, 'historyDays')) return 0;
  if (!smtp.has('historyDays')) return DEFAULT_MAIL_HISTORY_DAYS;
  return smtp.at('historyDays').integer(1, MOST_MAIL_HISTORY_DAYS);
}

function databaseUrl(database: SettingReader): string | null {
  if (!database.has('url')) return null;
  const url = database.at('url').text();
  // Not shown: it may hold a password.
  if (!isDatabaseUrl(url)) database.at('url').refuse(`must have the form ${DATABASE_URL_FORM}`);
  return url;
}

function certificates(tls: SettingReader, base: string): readonly CertificateFiles[] {
  const list = tls.has('certificates') ? tls.at('certificates').list(parseCertificateFiles) : [];
  if (list.length === 0) {
    tls
      .at('certificates')
      .refuse(
        'must name a certificate and its key, as an ACME client such as certbot gets them for your host name: ' +
          'passwords are not taken in the clear. To try Postel without a certificate: postel localserve',
      );
  }
  return list.map(({ certFile, keyFile }) => ({ certFile: resolve(base, certFile), keyFile: resolve(base, keyFile) }));
}

function path(setting: SettingReader, base: string): string {
  return resolve(base, setting.text());
}

/** Two services at one address would fail later, and with a message that names neither. */
function refuseTwins(file: SettingReader, { smtp, imap, web, status }: Configuration): void {
  const imapServices = { imap: imap.imap, imaps: imap.imaps };
  const taken: Address[] = [];
  const look = (parent: SettingReader, services: Readonly<Record<string, readonly Address[]>>) => {
    for (const [service, addresses] of Object.entries(services)) {
      const others = taken.length;
      for (const address of addresses) {
        const twin = taken.findIndex((other) => areTwins(address, other));
        if (twin >= others) parent.at(service).refuse(`listens twice at ${address.host}, port ${address.port}`);
        else if (twin >= 0) parent.at(service).refuse(`has port ${address.port}, which another service has already`);
        taken.push(address);
      }
    }
  };
  look(file.section('smtp'), smtp);
  look(file.section('imap'), imapServices);
  look(file.section('web'), { http: web.http, https: web.https, keyHttps: web.keyHttps });
  look(file, { status });
}

function areTwins(a: Address, b: Address): boolean {
  return a.port === b.port && (includesHost(a.host, b.host) || includesHost(b.host, a.host));
}

/** Whether who listens at `wide` also listens at `host`. */
function includesHost(wide: string, host: string): boolean {
  if (wide === host) return true;
  if (wide === EVERYWHERE) return isIP(host) !== 0;
  return (wide === '0.0.0.0' && isIPv4(host)) || (wide === '::' && isIPv6(host));
}
