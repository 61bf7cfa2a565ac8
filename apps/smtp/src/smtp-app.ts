import { setTimeout as delay } from 'node:timers/promises';
import { parseSmtpSettings, type SmtpSettings } from '@postel/config';
import { openDirectory } from '@postel/directory';
import { DiskReserve, openDatabase, Store } from '@postel/storage';
import {
  type AppContext,
  type AppDefinition,
  type RunningApp,
  ServerCertificates,
  StorageWatch,
} from '@postel/supervision';
import { STOP_MS } from './limits.ts';
import { SmtpMetrics } from './smtp-metrics.ts';
import { SmtpServer } from './smtp-server.ts';

/** Enough for the accounts that are written to at once; each of them needs one at a time. */
const DATABASE_CONNECTIONS = 10;

export const smtpApp: AppDefinition<SmtpSettings> = { name: 'smtp', parseSettings: parseSmtpSettings, start };

async function start(settings: SmtpSettings, { log, metrics }: AppContext): Promise<RunningApp<SmtpSettings>> {
  const { hostname, messageOctets, blobDirectory, databaseDirectory = blobDirectory, reserveOctets } = settings;
  const certificates = await ServerCertificates.read(settings.certificates);
  for (const warning of certificates.warnings(hostname)) log.warn(warning);
  const watch = new StorageWatch(log);
  const database = openDatabase(settings.database, {
    applicationName: settings.processName,
    maxConnections: DATABASE_CONNECTIONS,
    onDown: watch.onDown,
    onUp: watch.onUp,
  });
  const reserve = new DiskReserve({
    directories: [blobDirectory, databaseDirectory],
    octets: reserveOctets,
    onChange: watch.onReserveChange,
  });
  watch.measure({ database, reserve }, metrics);
  const store = new Store(database, {
    blobDirectory,
    reserve,
    onError: (error) => log.error({ err: error }, 'the store has a problem'),
  });
  const services = {
    hostname,
    messageOctets,
    store,
    directory: openDirectory(database),
    metrics: new SmtpMetrics(metrics),
    wait: (ms: number) => delay(ms, undefined, { ref: false }),
  };
  const servers = settings.listeners.map((listener) => new SmtpServer({ listener, certificates, services, log }));

  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop(STOP_MS)));
    await store.close();
    await database.close();
  };
  try {
    const ports = await Promise.all(servers.map((server) => server.start()));
    return { ports, reload: ({ certificates: files }) => certificates.reread(files), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
