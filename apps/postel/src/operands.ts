import type { CommandLine } from './command.ts';
import { UsageError } from './command-error.ts';

/**
 * The operands of a command by name, neither more nor fewer.
 * @throws {UsageError}
 */
export function operands<const Names extends readonly string[]>(
  { positionals }: CommandLine,
  ...names: Names
): { readonly [Name in Names[number]]: string } {
  const missing = names.slice(positionals.length);
  if (missing.length > 0) throw new UsageError(`${missing.join(' and ')} missing`);
  const [extra] = positionals.slice(names.length);
  if (extra !== undefined) throw new UsageError(`"${extra}" is one word too many`);
  const entries = names.map((name, i) => [name, positionals[i]]);
  return Object.fromEntries(entries);
}
