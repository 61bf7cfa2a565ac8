import {
  type Address,
  type Configuration,
  type ImapSettings,
  type LoggingPart,
  type LoginAddress,
  logLevelOf,
  type RelaySettings,
  type SmtpSettings,
  type TlsMode,
  type WebSettings,
} from '@postel/config';
import type { AppPlan } from '@postel/supervision';
import { DataDirectory } from '../data-directory/data-directory.ts';
import { planApp, planHousekeeping, planRelay } from '../supervisor/plan-app.ts';
import type { ServerParts } from '../supervisor/run-server.ts';

/** The apps that a server may have, or be alone. */
export type AppName = 'imap' | 'smtp' | 'relay' | 'web' | 'housekeeping';
export const APP_NAMES: readonly AppName[] = ['imap', 'smtp', 'relay', 'web', 'housekeeping'];

type DatabasePlace = Pick<ImapSettings, 'database' | 'databaseDirectory'>;

/** The app processes of `serve`: what listens nowhere has none. */
export function planApps(
  configuration: Configuration,
  { directory, database }: ServerParts,
  apps: readonly AppName[],
): readonly AppPlan[] {
  const place = { database, ...('url' in database ? {} : { databaseDirectory: directory.postgres }) };
  const listening = [
    ...(apps.includes('imap') ? planImap(configuration, place) : []),
    ...(apps.includes('smtp') ? [planSmtp(configuration, place)] : []),
    ...(apps.includes('web') ? [planWeb(configuration, place)] : []),
  ].filter(({ addresses = [] }) => addresses.length > 0);
  const running = [...listening, ...(apps.includes('relay') ? planSending(configuration, database) : [])];
  if (!apps.includes('housekeeping')) return running;
  const { blobs, hostname, tombstoneDays, loginHistoryDays, mailHistoryDays, reportDays } = configuration;
  const kept = { tombstoneDays, loginHistoryDays, mailHistoryDays, reportDays };
  const logLevel = logLevelOf(configuration, 'housekeeping');
  const settings = { processName: 'housekeeping', database, blobs, hostname, ...kept, logLevel };
  return [...running, planHousekeeping(settings)];
}

function planImap(configuration: Configuration, place: DatabasePlace): readonly AppPlan[] {
  const { imap, imaps, processes, literals, offersUnauthenticate, metadata } = configuration.imap;
  const common = {
    ...commonSettings(configuration, place, 'imap'),
    listeners: [...listeners(imap, 'starttls'), ...listeners(imaps, 'implicit')],
    literals,
    offersUnauthenticate,
    ...(metadata.length === 0 ? {} : { metadata }),
  };
  return Array.from({ length: processes }, (_, i) => {
    const settings: ImapSettings = { ...common, processName: `imap-${i + 1}` };
    return planApp('imap', settings);
  });
}

function keySignIn({ hostname, web: { keyHttps, keyHostname } }: Configuration): Pick<WebSettings, 'keySignIn'> {
  const [first] = keyHttps;
  if (first === undefined) return {};
  const port = first.port === 443 ? '' : `:${first.port}`;
  return { keySignIn: { listeners: keyHttps, origin: `https://${(keyHostname ?? hostname).toLowerCase()}${port}` } };
}

function planWeb(configuration: Configuration, place: DatabasePlace): AppPlan {
  const { web, imap, smtp, status, publicAddresses, dnsServers } = configuration;
  const [statusAddress = null] = status;
  const portOf = ([first]: readonly Address[]) => first?.port ?? null;
  const settings: WebSettings = {
    ...commonSettings(configuration, place, 'web'),
    processName: 'web',
    listeners: [
      ...web.http.map((address) => ({ ...address, isTls: false })),
      ...web.https.map((address) => ({ ...address, isTls: true })),
    ],
    mailPorts: {
      imaps: portOf(imap.imaps),
      imap: portOf(imap.imap),
      submissions: portOf(smtp.submissions),
      submission: portOf(smtp.submission),
    },
    status: statusAddress,
    ...keySignIn(configuration),
    secretKeyFile: secretKeyOf(configuration),
    ...(web.proxies.length === 0 ? {} : { proxies: web.proxies }),
    ...(publicAddresses.length === 0 ? {} : { publicAddresses }),
    ...(dnsServers.length === 0 ? {} : { dnsServers }),
  };
  return planApp('admin-web', settings);
}

function planSending(configuration: Configuration, database: ServerParts['database']): readonly AppPlan[] {
  const { hostname, relay, blobs, dnsServers } = configuration;
  if (relay === null) return [];
  const settings: RelaySettings = {
    processName: 'relay',
    hostname,
    database,
    blobs,
    ...(dnsServers.length > 0 && { dnsServers }),
    ...relay,
    secretKeyFile: secretKeyOf(configuration),
    logLevel: logLevelOf(configuration, 'relay'),
  };
  return [planRelay(settings)];
}

function planSmtp(configuration: Configuration, place: DatabasePlace): AppPlan {
  const { mx, submission, submissions, lmtp } = configuration.smtp;
  const { submitterNetworks, showsClientAddress, dnsbls, rspamd } = configuration;
  const settings: SmtpSettings = {
    ...commonSettings(configuration, place, 'smtp'),
    processName: 'smtp',
    ...(configuration.dnsServers.length > 0 && { dnsServers: configuration.dnsServers }),
    listeners: [
      ...listeners(withoutKeys(mx), 'starttls').map((listener) => ({ ...listener, kind: 'mx' as const })),
      ...listeners(submission, 'starttls').map((listener) => ({ ...listener, kind: 'submission' as const })),
      ...listeners(submissions, 'implicit').map((listener) => ({ ...listener, kind: 'submission' as const })),
      ...listeners(withoutKeys(lmtp), 'starttls').map((listener) => ({ ...listener, kind: 'lmtp' as const })),
    ],
    relays: configuration.relay !== null,
    recordsMail: configuration.mailHistoryDays > 0,
    countsDmarc: configuration.relay?.dmarcReports === true,
    ...(submitterNetworks.length === 0 ? {} : { submitterNetworks }),
    ...(showsClientAddress ? { showsClientAddress } : {}),
    ...(dnsbls.length === 0 ? {} : { dnsbls }),
    ...(rspamd === null ? {} : { rspamd }),
  };
  return planApp('smtp', settings);
}

/** One for all apps of a host, whichever of them have a directory of their own below it. */
function secretKeyOf({ dataDirectory }: Configuration): string {
  return new DataDirectory(dataDirectory).secretKey;
}

function commonSettings(configuration: Configuration, place: DatabasePlace, part: LoggingPart) {
  const { hostname, certificates, oauthIssuers, login, blobs, messageOctets, reserveOctets } = configuration;
  const logLevel = logLevelOf(configuration, part);
  return { hostname, certificates, oauthIssuers, login, blobs, messageOctets, reserveOctets, logLevel, ...place };
}

/** Other servers log in to nothing, so there is nothing to ask them for. */
function withoutKeys(addresses: readonly Address[]): readonly LoginAddress[] {
  return addresses.map((address) => ({ ...address, asksClientCertificate: false }));
}

function listeners(addresses: readonly LoginAddress[], tls: TlsMode) {
  return addresses.map((address) => ({ ...address, tls, allowPlaintextLogin: false }));
}
