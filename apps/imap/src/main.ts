import { setFlagsFromString } from 'node:v8';
import { parseImapSettings } from '@postel/config';
import { openMail, runApp } from '@postel/supervision';
import { createMetrics } from './metrics.ts';
import { ImapServer } from './server.ts';

const DATABASE_CONNECTIONS = 8;

/**
 * Octets that pass through are Buffers, outside the engine's heap. By default a few MB of new ones have all of the heap
 * collected: every 40 ms while bodies were sent. Counted with the heap they wait for the limit of both.
 */
setFlagsFromString('--external-memory-accounted-in-global-limit');

runApp({
  name: 'imap',
  parseSettings: parseImapSettings,
  async start(settings, context) {
    const { certificates, store, directory, close } = await openMail(settings, context, DATABASE_CONNECTIONS);
    await store.start();
    const { messageOctets } = settings;
    const services = { store, directory, metrics: createMetrics(context.metrics), messageOctets };
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
