import type { BlobTarget } from '@postel/config';
import type { CommandLine, CommandOptions, Invocation } from './command.ts';
import { UsageError } from './command-error.ts';
import { DataDirectory, LOCALSERVE_DIRECTORY } from './data-directory/data-directory.ts';
import { DATABASE_URL_OPTION, databaseUrl } from './database-url.ts';
import { CONFIG_OPTION, configOption, findUsualFile, readConfigurationOrExplain } from './serve/find-configuration.ts';

export const SERVER_OPTIONS = { ...CONFIG_OPTION, ...DATABASE_URL_OPTION } as const satisfies CommandOptions;

/** For the help of every command that has them. */
export const SERVER_OPTIONS_HELP = `  --config FILE        the server of this configuration file; without any of these, that of ./postel.yaml or
                       /etc/postel/postel.yaml, or else the one of localserve
  --data DIR           the server of this data directory
  --database-url URL   a Postgres of your own, as for localserve`;

/** The server whose accounts a command is about, as the command line names it. */
export interface NamedServer {
  readonly config: string | null;
  readonly databaseUrl: string | null;
}

/** How to reach a server's database: by URL, or through what runs on its data directory. */
export type ServerDatabase = { readonly url: string } | { readonly dataDirectory: string };

/** A server's mail: its database, and where its large contents are. */
export interface ServerPlaces {
  readonly database: ServerDatabase;
  readonly blobs: BlobTarget;
  /** Of the key that opens what is secret in the database; it need not be there. */
  readonly secretKeyFile: string;
  /** As its configuration file has it; null: there is none. */
  readonly hostname: string | null;
}

/** @throws {UsageError} if two servers are named */
export function namedServer(line: CommandLine): NamedServer {
  const named = ['config', 'data', 'database-url'].filter((option) => line.option(option) !== null);
  if (named.length > 1 && named.includes('config')) {
    throw new UsageError(`--${named.join(' and --')} may name different servers: say one of them`);
  }
  const config = configOption(line);
  return { config, databaseUrl: config === null ? databaseUrl(line) : null };
}

/** @throws {CommandError} if the configuration file cannot be read */
export async function findServer(
  { config, databaseUrl }: NamedServer,
  { dataDirectory, terminal }: Invocation,
): Promise<ServerPlaces> {
  const inDirectory = (directory: string, url: string | null): ServerPlaces => ({
    database: url === null ? { dataDirectory: directory } : { url },
    blobs: { directory: new DataDirectory(directory).blobs },
    secretKeyFile: new DataDirectory(directory).secretKey,
    hostname: null,
  });
  if (databaseUrl !== null || dataDirectory !== null) {
    return inDirectory(dataDirectory ?? LOCALSERVE_DIRECTORY, databaseUrl);
  }
  const file = config ?? findUsualFile();
  if (file === null) return inDirectory(LOCALSERVE_DIRECTORY, null);
  if (config === null) terminal.note(`The server of ${file}:`);
  const configuration = await readConfigurationOrExplain(file);
  const { blobs, hostname } = configuration;
  return { ...inDirectory(configuration.dataDirectory, configuration.databaseUrl), blobs, hostname };
}
