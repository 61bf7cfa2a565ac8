import { setTimeout as delay } from 'node:timers/promises';
import { parseWebSettings, type WebSettings } from '@postel/config';
import { openDatabase, RemovedMail } from '@postel/storage';
import { type AppContext, type AppDefinition, ConnectionCount, openMail, type RunningApp } from '@postel/supervision';
import { Activity } from './activity.ts';
import { createApi } from './create-api.ts';
import { DomainChecks } from './domain-checks.ts';
import { openDomainDns } from './domain-dns.ts';
import { keyListener } from './key-listener.ts';
import { PREFIX_CONNECTIONS, STOP_MS } from './limits.ts';
import { Overview } from './overview.ts';
import { addAccountRoutes } from './routes/account.ts';
import { addAccountQueueRoutes } from './routes/account-queue.ts';
import { addAdminAccountRoutes } from './routes/admin-accounts.ts';
import { addAdminAddressRoutes } from './routes/admin-addresses.ts';
import { addAdminDirectoryRoutes } from './routes/admin-directory.ts';
import { addAdminDkimRoutes } from './routes/admin-dkim.ts';
import { addAdminDnsRoutes } from './routes/admin-dns.ts';
import { addAdminHealthRoutes } from './routes/admin-health.ts';
import { addAdminQueueRoutes } from './routes/admin-queue.ts';
import { addAdminReportRoutes } from './routes/admin-reports.ts';
import { addAdminRouteRoutes } from './routes/admin-routes.ts';
import { addAdminServerRoutes } from './routes/admin-server.ts';
import { addAdminSettingsRoutes } from './routes/admin-settings.ts';
import { addAutoconfigRoutes } from './routes/autoconfig.ts';
import { addCredentialRoutes } from './routes/credentials.ts';
import { addKeySignInRoutes } from './routes/key-sign-in.ts';
import { addMailRoutes } from './routes/mail.ts';
import { addMtaStsRoute } from './routes/mta-sts.ts';
import { addPageRoutes } from './routes/pages.ts';
import { addPasskeyRoutes } from './routes/passkeys.ts';
import { addProofRoutes } from './routes/proof.ts';
import { addSecondFactorRoutes } from './routes/second-factor.ts';
import { addSessionRoutes } from './routes/session.ts';
import { addTokenRoutes } from './routes/tokens.ts';
import { addWebhookRoutes } from './routes/webhooks.ts';
import type { Services } from './services.ts';
import { UiFiles } from './ui/ui-files.ts';
import { WebServer } from './web-server.ts';

/** A page asks three questions at once, and few people look at pages at the same time. */
const DATABASE_CONNECTIONS = 6;

export const webApp: AppDefinition<WebSettings> = { name: 'web', parseSettings: parseWebSettings, start };

async function start(settings: WebSettings, context: AppContext): Promise<RunningApp<WebSettings>> {
  const { log } = context;
  const { hostname, mailPorts, secretKeyFile, proxies = [] } = settings;
  const { certificates, store, directory, close } = await openMail(settings, context, DATABASE_CONNECTIONS);
  const database = openDatabase(settings.database, {
    applicationName: `postel ${settings.processName} administration`,
    maxConnections: 2,
  });
  const removed = new RemovedMail(database, { onError: (error) => log.warn({ err: error }, 'removed mail') });
  const { blobs, databaseDirectory, status } = settings;
  const overview = new Overview({
    database,
    directory,
    status,
    directories: {
      ...('directory' in blobs && { 'large messages': blobs.directory }),
      ...(databaseDirectory !== undefined && { database: databaseDirectory }),
    },
    now: () => Date.now(),
  });
  const activity = new Activity({ database, directory, now: () => Date.now() });
  const dns = openDomainDns(settings);
  const domainChecks = new DomainChecks({
    directory,
    dns,
    onError: (error) => log.warn({ err: error }, 'the DNS of domains was not looked at'),
    now: () => Date.now(),
  });
  const services: Services = {
    database,
    overview,
    activity,
    dns,
    domainChecks,
    certificates,
    hostname,
    directory,
    store,
    removed,
    secretKeyFile,
    mailPorts,
    webPorts: settings.listeners.map(({ port }) => port),
    keySignIn: settings.keySignIn ?? null,
    wait: (ms) => delay(ms, undefined, { ref: false }),
  };
  const api = await createApi({ services, log, proxies, now: () => performance.now() });
  addSessionRoutes(api, services);
  addAccountRoutes(api, services);
  addAccountQueueRoutes(api, services);
  addCredentialRoutes(api, services);
  addKeySignInRoutes(api, services);
  addProofRoutes(api, services);
  addSecondFactorRoutes(api, services);
  addPasskeyRoutes(api, services);
  addTokenRoutes(api, services);
  addAdminServerRoutes(api, services);
  addAdminQueueRoutes(api, services);
  addAdminSettingsRoutes(api, services);
  addAdminDirectoryRoutes(api, services);
  addAdminAccountRoutes(api, services);
  addAdminAddressRoutes(api, services);
  addAdminDnsRoutes(api, services);
  addMailRoutes(api, services);
  addAdminReportRoutes(api, services);
  addAdminDkimRoutes(api, services);
  addAdminHealthRoutes(api, services);
  addAdminRouteRoutes(api, services);
  addMtaStsRoute(api, services);
  addAutoconfigRoutes(api, services);
  addWebhookRoutes(api, services);
  addPageRoutes(api, new UiFiles(log));
  await api.ready();

  const connections = new ConnectionCount(proxies, PREFIX_CONNECTIONS);
  const forKeys = keyListener({ directory, certificates, log, now: () => performance.now() });
  const servers = [
    ...settings.listeners.map(
      (listener) =>
        new WebServer(listener, certificates, connections, (request, response) => api.routing(request, response)),
    ),
    ...(settings.keySignIn?.listeners ?? []).map(
      (listener) =>
        new WebServer({ ...listener, isTls: true, asksClientCertificate: true }, certificates, connections, forKeys),
    ),
  ];
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop(STOP_MS)));
    await api.close();
    await removed.close();
    await database.close();
    await close();
  };
  try {
    const ports = await Promise.all(servers.map((server) => server.start()));
    return { ports, reload: ({ certificates: files }) => certificates.reread(files), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
