import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Configuration } from './configuration.ts';

/** The configuration file is not there, or wrong. The message has a line for each problem: `FILE:LINE: what`. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** More than a file for thousands of certificates. */
const LARGEST_FILE_OCTETS = 1024 * 1024;

const TEMPLATE = new URL('../postel.example.yaml', import.meta.url);

/** A configuration file with every key and what it means: what a person starts from. */
export function configurationTemplate(): string {
  return readFileSync(TEMPLATE, 'utf8');
}

/** @throws {ConfigurationError} */
export async function readConfigurationFile(file: string): Promise<Configuration> {
  // With its YAML parser, which no app process needs.
  const { parseConfiguration } = await import('./parse-configuration.ts');
  const { configuration, problems } = parseConfiguration(readText(file), dirname(resolve(file)));
  if (configuration !== null) return configuration;
  throw new ConfigurationError(problems.map(({ line, message }) => `${file}:${line}: ${message}`).join('\n'));
}

function readText(file: string): string {
  try {
    if (statSync(file).size > LARGEST_FILE_OCTETS) throw new Error('it is too large for a configuration file');
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigurationError(`Cannot read ${file}: ${error instanceof Error ? error.message : error}`);
  }
}
