import { ConfigurationError, readYamlFile } from '@postel/config';
import { type Declaration, declaredState } from '@postel/operations';
import { CommandError } from '../command-error.ts';

/** Of 100,000 accounts with their keys and passwords. */
const LARGEST_FILE_OCTETS = 128 * 1024 * 1024;

/** @throws {CommandError} with every problem on a line of its own */
export async function readDeclaration(file: string): Promise<Declaration> {
  try {
    return await readYamlFile(file, LARGEST_FILE_OCTETS, declaredState);
  } catch (error) {
    if (error instanceof ConfigurationError) throw new CommandError(error.message);
    throw error;
  }
}
