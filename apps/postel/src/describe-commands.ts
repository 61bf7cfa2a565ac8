import type { Command } from './command.ts';
import { UsageError } from './command-error.ts';
import { namesOf } from './find-command.ts';

/**
 * The help text on the command of that name, or a list of those whose names begin so.
 * @throws {UsageError} if there is none
 */
export function describeCommands(words: readonly string[], commands: readonly Command[]): string {
  const name = words.join(' ');
  const exact = commands.find((command) => namesOf(command).includes(name));
  if (exact !== undefined) return describe(exact);
  const begun = commands.filter((command) => name === '' || command.name.startsWith(`${name} `));
  if (begun.length === 0) throw new UsageError(`There is no command "${name}"`);
  const width = Math.max(...begun.map((command) => command.name.length));
  const lines = begun.map((command) => `  postel ${command.name.padEnd(width)}  ${command.summary}`);
  return `${name === '' ? ABOUT : `Commands under "${name}":`}\n\n${lines.join('\n')}\n\n${FOOTER}`;
}

const ABOUT = 'Postel is a complete, self-hosted mail server.';

const FOOTER = `Options of every command:
  --data DIR  the data directory (of localserve: ./data/localserve if not given)
  --help      more on a command, with examples`;

function describe(command: Command): string {
  return `Usage: postel [--data DIR] ${`${command.name} ${command.operands}`.trim()}

${capitalize(command.summary)}.${alsoCalled(command)}

${command.help}`;
}

function alsoCalled({ alsoCalled: names = [] }: Command): string {
  return names.length === 0 ? '' : ` Also: ${names.map((name) => `postel ${name}`).join(', ')}.`;
}

function capitalize(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
