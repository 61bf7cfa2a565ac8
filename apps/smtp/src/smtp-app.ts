import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseSmtpSettings, type SmtpSettings } from '@postel/config';
import { openDirectory } from '@postel/directory';
import { openDatabase, Store } from '@postel/storage';
import type { AppContext, AppDefinition, RunningApp } from '@postel/supervision';
import { STOP_MS } from './limits.ts';
import { SmtpMetrics } from './smtp-metrics.ts';
import { SmtpServer } from './smtp-server.ts';

/** Enough for the accounts that are written to at once; each of them needs one at a time. */
const DATABASE_CONNECTIONS = 10;

export const smtpApp: AppDefinition<SmtpSettings> = { name: 'smtp', parseSettings: parseSmtpSettings, start };

async function start(settings: SmtpSettings, { log, metrics }: AppContext): Promise<RunningApp> {
  const { hostname, blobDirectory, certificates } = settings;
  const certificate = { cert: await readFile(certificates.certFile), key: await readFile(certificates.keyFile) };
  const database = openDatabase(settings.database, {
    applicationName: settings.processName,
    maxConnections: DATABASE_CONNECTIONS,
  });
  const store = new Store(database, {
    blobDirectory,
    onError: (error) => log.error({ err: error }, 'the store has a problem'),
  });
  const services = {
    hostname,
    store,
    directory: openDirectory(database),
    metrics: new SmtpMetrics(metrics),
    wait: (ms: number) => delay(ms, undefined, { ref: false }),
  };
  const servers = settings.listeners.map((listener) => new SmtpServer({ listener, certificate, services, log }));

  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop(STOP_MS)));
    await store.close();
    await database.close();
  };
  try {
    return { ports: await Promise.all(servers.map((server) => server.start())), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
