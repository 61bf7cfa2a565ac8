import type { Configuration } from '@postel/config';
import { type Resolver, StubResolver, systemServers } from '@postel/dns';
import { type MailHost, readMailHost } from '@postel/domain-records';
import type { Invocation } from '../command.ts';
import type { DataDirectory } from '../data-directory/data-directory.ts';
import { LOOPBACK, portsAt } from '../localserve/ports.ts';
import { findRunning } from '../running-servers.ts';
import { findUsualFile, readConfigurationOrExplain } from '../serve/find-configuration.ts';
import type { NamedServer } from '../which-server.ts';

/** Whom a command asks what the DNS says. */
export interface DomainResolver {
  readonly resolver: Resolver;
  /** All of them are believed about DNSSEC. */
  readonly knowsDnssec: boolean;
}

/** The servers that the configuration names, if there is one; else those of the system. */
export function resolverOf(configuration: Pick<Configuration, 'dnsServers'> | null): DomainResolver {
  const said = configuration?.dnsServers ?? [];
  const servers = () => (said.length > 0 ? said : systemServers());
  return { resolver: new StubResolver({ servers }), knowsDnssec: servers().every(({ isTrusted }) => isTrusted) };
}

/** As `resolverOf`, for a command that names its server as `useDirectory` takes it. @throws {CommandError} */
export async function resolverFor(
  { config, databaseUrl }: NamedServer,
  { dataDirectory }: Invocation,
): Promise<DomainResolver> {
  const file = config ?? (databaseUrl === null && dataDirectory === null ? findUsualFile() : null);
  return resolverOf(file === null ? null : await readConfigurationOrExplain(file));
}

/** The server that a configuration describes. */
export async function mailHostOf(configuration: Configuration, resolver: Resolver): Promise<MailHost> {
  const { hostname, publicAddresses, certificates, smtp, imap } = configuration;
  const ports = {
    submission: portOf(smtp.submission),
    submissions: portOf(smtp.submissions),
    imap: portOf(imap.imap),
    imaps: portOf(imap.imaps),
  };
  return await readMailHost({ hostname, publicAddresses, certificates, ports }, resolver);
}

/** That of localserve, whose ports are those that it has now, and the usual ones while none runs. */
export async function localHost(directory: DataDirectory): Promise<MailHost> {
  const [running] = findRunning({ directory, file: null });
  const ports = running?.ports ?? portsAt('1000');
  const port = (service: 'submission' | 'submissions' | 'imap' | 'imaps') => ports[service] ?? null;
  return {
    hostname: 'localhost',
    addresses: [LOOPBACK],
    keys: [],
    ports: {
      submission: port('submission'),
      submissions: port('submissions'),
      imap: port('imap'),
      imaps: port('imaps'),
    },
  };
}

function portOf([first]: readonly { readonly port: number }[]): number | null {
  return first?.port ?? null;
}
