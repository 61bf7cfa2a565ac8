import type { Aliases, EntryRole } from '@postel/directory';
import { REFUSED_FOR_NOW } from './alias-texts.ts';
import type { CommandLine, CommandOptions, Invocation } from './command.ts';
import { UsageError } from './command-error.ts';
import { printableCount } from './printable.ts';
import { type NamedServer, namedServer, SERVER_OPTIONS } from './which-server.ts';

/** What a command line says that changes whom an alias names. */
export interface EntriesChange {
  readonly alias: string;
  readonly addresses: readonly string[];
  readonly role: EntryRole;
  readonly server: NamedServer;
}

/** For the commands that change whom an alias names. */
export const ENTRIES_OPTIONS = { 'may-post': { type: 'boolean' }, ...SERVER_OPTIONS } as const satisfies CommandOptions;

/** @throws {UsageError} */
export function parseEntries(line: CommandLine): EntriesChange {
  const [alias, ...addresses] = line.positionals;
  if (alias === undefined || addresses.length === 0) throw new UsageError('alias and addresses missing');
  return { alias, addresses, role: line.flag('may-post') ? 'poster' : 'member', server: namedServer(line) };
}

/** Changes whom an alias names, and says how many members it has then. @param done in words: `Added to` */
export async function changeEntries(
  { alias, addresses, role, server }: EntriesChange,
  { terminal, ...invocation }: Invocation,
  change: keyof Pick<Aliases, 'addEntries' | 'removeEntries'>,
  done: string,
): Promise<void> {
  const { useDirectory } = await import('./use-directory.ts');
  const { members, elsewhere } = await useDirectory({ terminal, ...invocation }, server, async ({ aliases }) => {
    await aliases[change](alias, addresses, role);
    return await aliases.read(alias);
  });
  terminal.say(`${done} alias ${alias}, which has ${printableCount(members, 'member')} now.`);
  if (elsewhere > 0) terminal.note(REFUSED_FOR_NOW);
}
