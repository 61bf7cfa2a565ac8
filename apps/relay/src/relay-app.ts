import { networkInterfaces } from 'node:os';
import { parseRelaySettings, type RelaySettings } from '@postel/config';
import { NetworkList, openDirectory } from '@postel/directory';
import { type Resolver, StubResolver, systemServers } from '@postel/dns';
import { MessageSigner } from '@postel/message-auth';
import {
  Queue,
  RecentStsPolicies,
  ReportInbox,
  ResultCounter,
  ResultTable,
  StsPolicyTable,
  TlsMemory,
  WebhookEvents,
} from '@postel/queue';
import { openBlobs, openDatabase, Store } from '@postel/storage';
import type { AppContext, AppDefinition, RunningApp } from '@postel/supervision';
import { StsPolicies } from '@postel/tls-policy';
import { DmarcReporter } from './dmarc-reporter.ts';
import { DmarcUpkeep } from './dmarc-upkeep.ts';
import { OutgoingSignatures } from './outgoing-signatures.ts';
import { ReachableAddresses } from './reachable-addresses.ts';
import { Relay } from './relay.ts';
import { RelayMetrics } from './relay-metrics.ts';
import { ReportMetrics } from './report-metrics.ts';
import { Routing } from './routing.ts';
import { sealOldSecrets } from './seal-old-secrets.ts';
import { TlsGuard } from './tls-guard.ts';
import { TlsMetrics } from './tls-metrics.ts';
import { TlsReporter } from './tls-reporter.ts';
import { TlsResults } from './tls-results.ts';
import { TlsUpkeep } from './tls-upkeep.ts';
import { WebhookSender } from './webhook-sender.ts';

/** Rows are taken and settled in a moment; more transactions than these have to do with the other side. */
const DATABASE_CONNECTIONS = 8;
const SMTP_PORT = 25;
const HTTPS_PORT = 443;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 86_400_000;
/** Interfaces come and go. */
const OWN_ADDRESSES_MS = 60_000;

export const relayApp: AppDefinition<RelaySettings> = { name: 'relay', parseSettings: parseRelaySettings, start };

async function start(settings: RelaySettings, { log, metrics }: AppContext): Promise<RunningApp<RelaySettings>> {
  const {
    processName,
    hostname,
    dnsServers,
    privateNetworks,
    lifetimeDays,
    firstRetryMinutes,
    longestRetryMinutes,
    delayNoticeHours,
    tlsPatienceHours,
    tlsReports,
    secretKeyFile,
    dmarcReports,
    port = SMTP_PORT,
  } = settings;
  const database = openDatabase(settings.database, {
    applicationName: `postel ${processName}`,
    maxConnections: DATABASE_CONNECTIONS,
  });
  const store = new Store(database, {
    blobs: await openBlobs(settings.blobs),
    onError: (error) => log.warn({ err: error }, 'storage'),
  });
  const directory = openDirectory(database, { onWarning: (message, err) => log.warn({ err }, message) });
  const queue: Queue = new Queue(database, {
    onLostEvents: (count) => relayMetrics.lostEvents.inc(count),
    onWithheld(report) {
      relayMetrics.reportsWithheld.inc({ limit: report.limit });
      log.warn(report, 'a sender is not told: too many reports went there this hour');
    },
  });
  const resolver: Resolver = new StubResolver({
    servers: dnsServers === undefined ? systemServers : () => dnsServers,
    onChange: (isAnswered) =>
      isAnswered ? log.info('the DNS answers again') : log.warn('no DNS server answers: no mail goes to other servers'),
  });
  const reachable = new ReachableAddresses(new NetworkList(privateNetworks), ownAddresses());
  const table = new RecentStsPolicies(new StsPolicyTable(database.sql));
  const memory = new TlsMemory(database.sql);
  const tlsMetrics = new TlsMetrics(metrics, memory);
  const isReachable = (address: string) => reachable.includes(address);
  const ending = new AbortController();
  const web = { resolver, isReachable, authorities: null, port: HTTPS_PORT, signal: ending.signal };
  const resultTable = new ResultTable(database.sql, 'tls');
  const results = new TlsResults(new ResultCounter(resultTable));
  const policies = new StsPolicies({
    store: table,
    resolver,
    web,
    onFailure(domain, { type, reason }) {
      tlsMetrics.fetchFailures.inc();
      log.warn({ domain, type, reason }, 'a policy of MTA-STS could not be had');
    },
  });
  const patienceMs = tlsPatienceHours * HOUR_MS;
  const guarded = {
    resolver,
    policies,
    memory,
    authorities: null,
    patienceMs,
    results,
    port,
    log,
    metrics: tlsMetrics,
  };
  const reportMetrics = new ReportMetrics(metrics);
  const telling = { queue, resolver, hostname, log, metrics: reportMetrics };
  const reporter = tlsReports ? new TlsReporter({ table: resultTable, web, ...telling }) : null;
  const dmarcTable = new ResultTable(database.sql, 'dmarc');
  const dmarcReporter = new DmarcReporter({
    table: dmarcTable,
    inbox: new ReportInbox(database.sql),
    isOurs: async (domain) => (await directory.listDomains()).some(({ name }) => name === domain),
    ...telling,
  });
  const dmarcUpkeep = dmarcReports ? new DmarcUpkeep({ reporter: dmarcReporter, table: dmarcTable, log }) : null;
  const upkeep = new TlsUpkeep({ policies, table, memory, results, resultTable, reporter, log });
  const relayMetrics = new RelayMetrics(metrics, queue);
  const signer = new MessageSigner();
  const relay = new Relay({
    queue,
    signatures: new OutgoingSignatures({ directory, resolver, signer, log, metrics: relayMetrics }),
    local: { directory, store: store.arrivals },
    routing: new Routing(directory.routes, secretKeyFile),
    hostname,
    way: { resolver, reachable, hostname, port, tls: new TlsGuard(guarded) },
    schedule: {
      lifetimeMs: lifetimeDays * DAY_MS,
      firstPauseMs: firstRetryMinutes * MINUTE_MS,
      longestPauseMs: longestRetryMinutes * MINUTE_MS,
      delayReportMs: delayNoticeHours * HOUR_MS,
    },
    log,
    metrics: relayMetrics,
  });
  const webhooks = new WebhookSender({
    events: new WebhookEvents(database),
    web,
    secretKeyFile,
    log,
    onOutcome: (outcome) => relayMetrics.events.inc({ outcome }),
  });
  await sealOldSecrets({ directory: directory.as({ type: 'server', task: 'sealing secrets' }), secretKeyFile }, log);
  relay.start();
  webhooks.start();
  upkeep.start();
  dmarcUpkeep?.start();
  return {
    async stop() {
      await relay.stop();
      // Not before: mail whose policy could not be had would go without it.
      ending.abort();
      await webhooks.stop();
      await signer.close();
      await upkeep.stop();
      await dmarcUpkeep?.stop();
      await store.close();
      await directory.close();
      await database.close();
    },
  };
}

/** The addresses of this machine, as they are. */
function ownAddresses(): () => ReadonlySet<string> {
  let known: ReadonlySet<string> = new Set();
  let readMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - readMs > OWN_ADDRESSES_MS) {
      readMs = performance.now();
      known = new Set(Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address)));
    }
    return known;
  };
}
