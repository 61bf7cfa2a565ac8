import { parseImapSettings } from '@postel/config';
import { openMail, runApp } from '@postel/supervision';
import { createMetrics } from './metrics.ts';
import { ImapServer } from './server.ts';

const DATABASE_CONNECTIONS = 8;

runApp({
  name: 'imap',
  parseSettings: parseImapSettings,
  async start(settings, context) {
    const { certificates, store, directory, close } = await openMail(settings, context, DATABASE_CONNECTIONS);
    await store.start();
    const { hostname, messageOctets } = settings;
    const services = { hostname, store, directory, metrics: createMetrics(context.metrics), messageOctets };
    const server = new ImapServer(services, certificates, context.log);
    const ports: number[] = [];
    for (const listener of settings.listeners) ports.push(await server.listen(listener));
    return {
      ports,
      reload: ({ certificates: files }) => certificates.reread(files),
      async stop() {
        await server.close();
        await close();
      },
    };
  },
});
