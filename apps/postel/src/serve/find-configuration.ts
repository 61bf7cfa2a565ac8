import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Configuration, ConfigurationError, readConfigurationFile } from '@postel/config';
import type { CommandLine, CommandOptions } from '../command.ts';
import { CommandError } from '../command-error.ts';

export const CONFIG_OPTION = { config: { type: 'string' } } as const satisfies CommandOptions;

/** Where a configuration file is looked for if none is named. */
const USUAL_FILES = ['postel.yaml', '/etc/postel/postel.yaml'];

/** The file that `--config` names, absolute; `null` if it names none. */
export function configOption(line: CommandLine): string | null {
  const file = line.option('config');
  return file === null ? null : resolve(file);
}

/** The first of the usual files that is there, absolute; `null` if none is. */
export function findUsualFile(): string | null {
  return USUAL_FILES.map((file) => resolve(file)).find((file) => existsSync(file)) ?? null;
}

/**
 * The configuration file to use: the one named, or else the first of the usual ones.
 * @throws {CommandError} if there is none
 */
export function chooseConfigurationFile(named: string | null): string {
  const file = named ?? findUsualFile();
  if (file !== null) return file;
  throw new CommandError(
    `There is no configuration file: neither ${USUAL_FILES.join(' nor ')}. Write one, beginning with the template that ` +
      '`postel config example` prints, or name one with --config FILE. To try Postel without any: postel localserve',
  );
}

/** @throws {CommandError} with every problem on a line of its own */
export async function readConfigurationOrExplain(file: string): Promise<Configuration> {
  try {
    return await readConfigurationFile(file);
  } catch (error) {
    if (error instanceof ConfigurationError) throw new CommandError(error.message);
    throw error;
  }
}
