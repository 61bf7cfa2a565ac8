import { readFile } from 'node:fs/promises';
import { type RouteSecrets, SealingError } from '@postel/routes';
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

/** What the change of a route says to a person that cannot be made. @throws {CommandError} */
export async function sayingSealingErrors<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SealingError)) throw error;
    throw new CommandError(`${error.message}.`, { cause: error });
  }
}
