import { parseImapSettings } from '@postel/config';
import { ConnectionCount, openMail, runApp, SessionCount } from '@postel/supervision';
import { AnswerCache } from './answer-cache.ts';
import { ANSWER_CACHE, BODY_CACHE, SESSIONS_AN_ACCOUNT } from './limits.ts';
import { createMetrics } from './metrics.ts';
import { ImapServer } from './server.ts';
import { WatchedAccounts } from './watched-accounts.ts';
import { WatchedSharers } from './watched-sharers.ts';

const DATABASE_CONNECTIONS = 8;

runApp({
  name: 'imap',
  parseSettings: parseImapSettings,
  async start(settings, context) {
    const { certificates, store, directory, close } = await openMail(settings, context, DATABASE_CONNECTIONS);
    await store.start();
    const { hostname, messageOctets, literals = 'LITERAL+', offersUnauthenticate = true } = settings;
    const answers = new AnswerCache(ANSWER_CACHE);
    const bodies = new AnswerCache(BODY_CACHE);
    const services = {
      hostname,
      store,
      directory,
      messageOctets,
      literals,
      offersUnauthenticate,
      serverMetadata: new Map(settings.metadata?.map(({ entry, value }) => [entry, Buffer.from(value)])),
      answers,
      bodies,
      metrics: createMetrics(context.metrics, [answers, bodies]),
      connectionCount: new ConnectionCount(settings.login?.trustedNetworks ?? []),
      sessionCount: new SessionCount(SESSIONS_AN_ACCOUNT),
      watchedAccounts: new WatchedAccounts(store, context.log),
      watchedSharers: new WatchedSharers(store, context.log),
    };
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
