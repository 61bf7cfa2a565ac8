import { parseImapSettings } from '@postel/config';
import { openDirectory } from '@postel/directory';
import { DiskReserve, openDatabase, Store } from '@postel/storage';
import { runApp, ServerCertificates, StorageWatch } from '@postel/supervision';
import { createMetrics } from './metrics.ts';
import { ImapServer } from './server.ts';

/** Connections to the database: as many accounts can be written to at once. */
const DATABASE_CONNECTIONS = 8;

runApp({
  name: 'imap',
  parseSettings: parseImapSettings,
  async start(settings, { log, metrics }) {
    const { blobDirectory, databaseDirectory = blobDirectory, reserveOctets } = settings;
    const watch = new StorageWatch(log);
    const certificates = await ServerCertificates.read(settings.certificates);
    for (const warning of certificates.warnings(settings.hostname)) log.warn(warning);
    const database = openDatabase(settings.database, {
      applicationName: `postel ${settings.processName}`,
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
      onError: (error) => log.warn({ err: error }, 'storage'),
    });
    await store.start();
    const { messageOctets } = settings;
    const services = { store, directory: openDirectory(database), metrics: createMetrics(metrics), messageOctets };
    const server = new ImapServer(services, certificates, log);
    const ports: number[] = [];
    for (const listener of settings.listeners) ports.push(await server.listen(listener));
    return {
      ports,
      reload: ({ certificates: files }) => certificates.reread(files),
      async stop() {
        await server.close();
        await store.close();
        await database.close();
      },
    };
  },
});
