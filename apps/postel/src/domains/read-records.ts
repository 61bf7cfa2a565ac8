import type { MtaStsMode } from '@postel/directory';
import { type DomainRecord, domainRecords, type MailHost } from '@postel/domain-records';
import type { Invocation } from '../command.ts';
import { findPlace } from '../running-servers.ts';
import { readConfigurationOrExplain } from '../serve/find-configuration.ts';
import { useDirectory } from '../use-directory.ts';
import { type DomainResolver, localHost, mailHostOf, resolverOf } from './domain-server.ts';

/** What a command about the records of a domain was told. */
export interface RecordsArgs {
  readonly domain: string;
  readonly asJson: boolean;
  readonly config: string | null;
}

/** What a domain of the server needs. */
export interface NeededRecords extends DomainResolver {
  /** In A-labels. */
  readonly domain: string;
  readonly host: MailHost;
  readonly records: readonly DomainRecord[];
  readonly mtaSts: MtaStsMode;
  readonly hasKeys: boolean;
}

/** @throws {CommandError} */
export async function readRecords({ domain, config }: RecordsArgs, invocation: Invocation): Promise<NeededRecords> {
  const server = { config, databaseUrl: null };
  const { file: found, directory } = await findPlace(server, invocation);
  // A file that is named says what the host is called, wherever the data is.
  const file = config ?? found;
  const configuration = file === null ? null : await readConfigurationOrExplain(file);
  const { name, keys, mtaSts } = await useDirectory(
    invocation,
    server,
    async ({ domainName, dkimKeys, mtaStsMode }) => ({
      name: await domainName(domain),
      keys: await dkimKeys.list(domain),
      mtaSts: await mtaStsMode(domain),
    }),
  );
  const asked = resolverOf(configuration);
  const host = configuration === null ? await localHost(directory) : await mailHostOf(configuration, asked.resolver);
  const hasKeys = keys.some(({ state }) => state !== 'retired');
  return { ...asked, domain: name, host, mtaSts, records: domainRecords(name, keys, host, { mtaSts }), hasKeys };
}
