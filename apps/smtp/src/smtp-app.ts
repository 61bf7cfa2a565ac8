import { setTimeout as delay } from 'node:timers/promises';
import { parseSmtpSettings, type SmtpSettings } from '@postel/config';
import { NetworkList } from '@postel/directory';
import { Queue, ReportInbox, ResultCounter, ResultTable, type WithheldReport } from '@postel/queue';
import { type AccountId, writeTransactions } from '@postel/storage';
import {
  type AppContext,
  type AppDefinition,
  ConnectionCount,
  openMail,
  type RunningApp,
  SessionCount,
} from '@postel/supervision';
import { RECORDS_STOP_MS, SESSIONS_AN_ACCOUNT, STOP_MS } from './limits.ts';
import { NetworkUse } from './network-use.ts';
import { openIncomingMail } from './open-incoming-mail.ts';
import { TransactionRecorder } from './record/transaction-recorder.ts';
import { ReportIntake } from './report-intake.ts';
import { Rspamd } from './rspamd.ts';
import { SmtpMetrics } from './smtp-metrics.ts';
import { SmtpServer } from './smtp-server.ts';

/** Enough for the accounts that are written to at once; each of them needs one at a time. */
const DATABASE_CONNECTIONS = 10;

/** RFC 6154 §2. */
const JUNK = '\\Junk';

export const smtpApp: AppDefinition<SmtpSettings> = { name: 'smtp', parseSettings: parseSmtpSettings, start };

async function start(settings: SmtpSettings, context: AppContext): Promise<RunningApp<SmtpSettings>> {
  const { hostname, messageOctets } = settings;
  const { log } = context;
  const { certificates, database, store, directory, close } = await openMail(settings, context, DATABASE_CONNECTIONS);
  const connectionCount = new ConnectionCount(settings.login?.trustedNetworks ?? []);
  const now = () => performance.now();
  const metrics = new SmtpMetrics(context.metrics);
  const { incoming, blockLists } = openIncomingMail({
    hostname,
    log,
    metrics,
    now,
    dnsServers: settings.dnsServers,
    dnsbls: settings.dnsbls ?? [],
    isTrusted: (address) => connectionCount.isTrusted(address),
  });
  const { rspamd } = settings;
  const recorder = new TransactionRecorder({
    sql: database.sql,
    write: writeTransactions,
    isOn: settings.recordsMail ?? false,
    metrics,
    onError: (error) => log.warn({ err: error }, 'what became of mail was not recorded'),
    onRefused: ({ transactionId, recipientNo }, err) =>
      log.warn({ err, transactionId, recipientNo }, 'one row of what became of mail is lost: the database refuses it'),
    now: () => Date.now(),
  });
  const reports = new ReportIntake({
    counter: settings.countsDmarc === true ? new ResultCounter(new ResultTable(database.sql, 'dmarc')) : null,
    inbox: new ReportInbox(database.sql),
    metrics,
    log,
  });
  const onWithheld = (report: WithheldReport) => {
    metrics.reportsWithheld.inc({ limit: report.limit });
    log.warn(report, 'a sender is not told: too many reports went there this hour');
  };
  const queue = settings.relays === true ? new Queue(database, { onWithheld }) : null;
  const services = {
    hostname,
    messageOctets,
    store: store.arrivals,
    rejects: store.arrivals,
    junkMailboxes: (accounts: readonly AccountId[]) => store.mailboxes.findSpecialUse(accounts, JUNK),
    held: store.arrivals,
    directory,
    incoming,
    reports,
    queue,
    recorder,
    contentFilter: rspamd === undefined ? null : new Rspamd({ target: rspamd, hostname, metrics, log, now }),
    metrics,
    connectionCount,
    sessionCount: new SessionCount(SESSIONS_AN_ACCOUNT),
    networkUse: new NetworkUse({ now, isTrusted: (address) => connectionCount.isTrusted(address) }),
    showsClientAddress: settings.showsClientAddress ?? false,
    submitterNetworks: new NetworkList(settings.submitterNetworks ?? []),
    now,
    wait: (ms: number) => delay(ms, undefined, { ref: false }),
  };
  const servers = settings.listeners.map((listener) => new SmtpServer({ listener, certificates, services, log }));

  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop(STOP_MS)));
    blockLists.stop();
    await incoming.close();
    await Promise.race([recorder.flush(), delay(RECORDS_STOP_MS, null, { ref: false })]);
    await reports.stop();
    await close();
  };
  try {
    if (settings.listeners.some(({ kind }) => kind === 'mx')) blockLists.start();
    const ports = await Promise.all(servers.map((server) => server.start()));
    return { ports, reload: ({ certificates: files }) => certificates.reread(files), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
