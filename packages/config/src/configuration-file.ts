import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Configuration } from './configuration.ts';
import type { YamlProblem } from './parse-yaml.ts';
import type { SettingReader } from './setting-reader.ts';

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
  const { configuration, problems } = parseConfiguration(readText(file, LARGEST_FILE_OCTETS), dirname(resolve(file)));
  if (configuration !== null) return configuration;
  throw new ConfigurationError(explain(file, problems));
}

/**
 * Reads another file in YAML, with the same care: every problem is told with its line, and so is a key that was not read.
 *
 * @throws {ConfigurationError}
 */
export async function readYamlFile<Value>(
  file: string,
  largestOctets: number,
  read: (root: SettingReader) => Value,
): Promise<Value> {
  const { parseYaml } = await import('./parse-yaml.ts');
  const { value, problems } = parseYaml(readText(file, largestOctets), read);
  if (value === null) throw new ConfigurationError(explain(file, problems));
  return value;
}

const explain = (file: string, problems: readonly YamlProblem[]): string =>
  problems.map(({ line, message }) => `${file}:${line}: ${message}`).join('\n');

function readText(file: string, largestOctets: number): string {
  try {
    if (statSync(file).size > largestOctets) throw new Error('it is too large for such a file');
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigurationError(`Cannot read ${file}: ${error instanceof Error ? error.message : error}`);
  }
}
