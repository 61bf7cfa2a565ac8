import { readFile } from 'node:fs/promises';
import { DirectoryError, type ManagedDirectory, type RouteSettings, type SealedSecrets } from '@postel/directory';
import { openRouteSecrets, type RouteSecrets, requireSamePair, SealingError, sealRouteSecrets } from '@postel/routes';
import { CommandError } from '../command-error.ts';
import type { SecretSource } from './route-options.ts';

const LARGEST_FILE_OCTETS = 256 * 1024;

/** What stands in a file. @throws {CommandError} */
export async function readTextFile(path: string): Promise<string> {
  try {
    const text = await readFile(path, 'utf8');
    if (text.length > LARGEST_FILE_OCTETS) throw new Error(`it has more than ${LARGEST_FILE_OCTETS} octets`);
    return text;
  } catch (error) {
    throw new CommandError(`Cannot read ${path}: ${error instanceof Error ? error.message : error}.`, { cause: error });
  }
}

/** @throws {CommandError} */
export async function readSecrets(sources: readonly SecretSource[]): Promise<RouteSecrets> {
  const read = async ({ name, from, where }: SecretSource) => {
    if (from === 'environment') {
      const value = process.env[where];
      if (value === undefined || value === '') throw new CommandError(`The variable ${where} is not set.`);
      return [name, value] as const;
    }
    const text = await readTextFile(where);
    return [name, name === 'clientKey' ? text : (text.split(/\r?\n/, 1)[0] ?? '')] as const;
  };
  return Object.fromEntries(await Promise.all(sources.map(read)));
}

export interface SealingPlace {
  readonly directory: ManagedDirectory;
  readonly secretKeyFile: string;
}

/** @throws {CommandError} if this host has not the key of the others */
export async function sealed(
  { directory, secretKeyFile }: SealingPlace,
  name: string,
  secrets: RouteSecrets,
  certificate: RouteSettings['certificate'],
): Promise<SealedSecrets | null> {
  return await sayingSealingErrors(async () => {
    if (certificate !== null && secrets.clientKey !== undefined) requireSamePair(certificate, secrets.clientKey);
    const others = (await directory.routes.sealedSecrets()).filter(({ route }) => route !== name);
    return await sealRouteSecrets(secretKeyFile, name, secrets, others);
  });
}

/** The secrets that a route has. @throws {CommandError} if this host cannot open them */
export async function opened({ directory, secretKeyFile }: SealingPlace, name: string): Promise<RouteSecrets> {
  const all = await directory.routes.sealedSecrets();
  const own = all.find(({ route }) => route === name);
  return await sayingSealingErrors(() => openRouteSecrets(secretKeyFile, name, own?.octets ?? null));
}

async function sayingSealingErrors<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SealingError || error instanceof DirectoryError) {
      throw new CommandError(`${error.message}.`, { cause: error });
    }
    throw error;
  }
}
