import { mkdir } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Address, type Configuration, logLevelOf, readConfigurationFile } from '@postel/config';
import { createLog, type ListenError } from '@postel/supervision';
import { CommandError } from '../command-error.ts';
import { scaleFor } from '../postgres/postgres-settings.ts';
import { type Reporter, reportToLog } from '../supervisor/reporter.ts';
import { runServer, type ServerParts } from '../supervisor/run-server.ts';
import type { Terminal } from '../terminal.ts';
import { checkConfiguration } from './check-configuration.ts';
import { readConfigurationOrExplain } from './find-configuration.ts';
import { APP_NAMES, type AppName, planApps } from './plan-apps.ts';

export interface ConfiguredServerOptions {
  /** The configuration file, absolute. */
  readonly file: string;
  /** One app alone; `null` for all, and the embedded database. */
  readonly app: AppName | null;
}

const MIGRATE_DATABASE = new URL('migrate.ts', import.meta.url);

/** Logs go here, as JSON: what starts us (systemd, a container) keeps and rotates them. */
const STANDARD_ERROR = 2;

/** What is read once, at the start, and the keys that say it. */
const FIXED = [
  ['dataDirectory', 'dataDirectory'],
  ['blobs', 'blobDirectory or blobs'],
  ['databaseUrl', 'database.url'],
  ['status', 'status'],
] as const;

/**
 * The server of `postel serve`: what the configuration file says.
 * @throws {CommandError} if it cannot start
 */
export async function runConfiguredServer({ file, app }: ConfiguredServerOptions, terminal: Terminal): Promise<void> {
  const configuration = await readConfigurationOrExplain(file);
  const { dataDirectory, databaseUrl, blobs, status } = configuration;
  if (app !== null && databaseUrl === null) {
    throw new CommandError(
      `postel serve ${app} uses the database of other hosts: say its database.url in ${file}, or run \`postel serve\`.`,
    );
  }
  const apps = app === null ? APP_NAMES : [app];
  const warnings = await checkConfiguration(configuration);
  const log = createLog({ name: 'postel', file: STANDARD_ERROR, level: logLevelOf(configuration, 'supervisor') });
  const plan = (current: Configuration, parts: ServerParts) => planApps(current, parts, apps);
  const services = servicesOf(configuration, apps);
  const addresses = Object.values(services).flat();
  if (app === 'relay' && configuration.relay === null)
    throw new CommandError(`relay is off in ${file}: there is nothing to send.`);
  if (addresses.length === 0 && app !== 'housekeeping' && app !== 'relay')
    throw new CommandError(`Every service is off in ${file}: there is nothing to serve.`);

  await runServer({
    // Beside a whole server on the same host, or another app: each has a lock and a run.json of its own.
    dataDirectory: app === null ? dataDirectory : join(dataDirectory, `serve-${app}`),
    databaseUrl,
    postgresScale: scaleFor(memoryOctets()),
    hostname: configuration.hostname,
    status: status[0] ?? null,
    addresses,
    ports: portsOf({ ...services, metrics: status }),
    openReporter: () => reportToLog(terminal, log),
    logOf: () => null,
    async prepareFiles() {
      for (const warning of warnings) log.warn(warning);
      if ('directory' in blobs) await mkdir(blobs.directory, { recursive: true, mode: 0o700 });
    },
    prepareDatabase: MIGRATE_DATABASE,
    planApps: (parts) => plan(configuration, parts),
    describeListenError,
    onReady: () => {},
    async replan(parts, report) {
      const changed = await reread(file, configuration, report);
      log.level = logLevelOf(changed, 'supervisor');
      return { plans: plan(changed, parts), ports: portsOf({ ...servicesOf(changed, apps), metrics: changed.status }) };
    },
  });
}

/** What this machine has, or this container may have; without a limit the latter is 0, or a number beyond any machine. */
function memoryOctets(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}

/** The file as it is now, if all of it can be used. What takes a restart stays as it was. */
async function reread(file: string, atStart: Configuration, report: Reporter): Promise<Configuration> {
  const changed = await readConfigurationFile(file);
  for (const warning of await checkConfiguration(changed)) report.warn(warning);
  const { dataDirectory, blobs, databaseUrl, status } = atStart;
  const inForce = { ...changed, dataDirectory, blobs, databaseUrl, status };
  for (const [member, key] of FIXED) {
    if (isDeepStrictEqual(changed[member], inForce[member])) continue;
    report.warn(`a change of ${key} takes a restart: going on with the old value`);
  }
  return inForce;
}

/** Where each service listens that the apps have. */
function servicesOf(
  { imap: { imap, imaps }, smtp, web }: Configuration,
  apps: readonly AppName[],
): Readonly<Record<string, readonly Address[]>> {
  return {
    ...(apps.includes('imap') ? { imap, imaps } : {}),
    ...(apps.includes('smtp') ? smtp : {}),
    ...(apps.includes('web') ? { web: web.http, 'web-tls': web.https, 'web-keys': web.keyHttps } : {}),
  };
}

function portsOf(services: Readonly<Record<string, readonly Address[]>>): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(services).flatMap(([service, [first]]) => (first === undefined ? [] : [[service, first.port]])),
  );
}

function describeListenError({ host, port, code, message }: ListenError): string {
  const where = host === '' ? `port ${port}` : `port ${port} of ${host === '*' ? 'every address' : host}`;
  switch (code) {
    case 'EADDRINUSE':
      return `Another program listens on ${where}. Stop that one, or say another port in the configuration file.`;
    case 'EACCES':
      return (
        `Postel may not listen on ${where}: ports below 1024 take a right. With systemd: ` +
        'AmbientCapabilities=CAP_NET_BIND_SERVICE, see docs/operations.md.'
      );
    case 'EADDRNOTAVAIL':
      return `This machine has no address ${host}, on which port ${port} was to be opened.`;
    default:
      return `Cannot listen on ${where}: ${message}.`;
  }
}
