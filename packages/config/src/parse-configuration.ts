import { type Configuration, readConfiguration } from './configuration.ts';
import { parseYaml, type YamlProblem } from './parse-yaml.ts';

/**
 * Reads the text of a configuration file.
 *
 * @param base what relative paths start from
 * @returns no configuration if there is any problem, and then all problems, in the order of their lines
 */
export function parseConfiguration(
  text: string,
  base: string,
): { readonly configuration: Configuration | null; readonly problems: readonly YamlProblem[] } {
  const { value: configuration, problems } = parseYaml(text, (root) => readConfiguration(root, base));
  return { configuration, problems };
}
