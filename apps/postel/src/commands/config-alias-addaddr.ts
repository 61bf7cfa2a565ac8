import type { EntryRole } from '@postel/directory';
import { REFUSED_FOR_NOW } from '../alias-texts.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAliasAddaddr = defineCommand({
  name: 'config alias addaddr',
  operands: 'ALIAS ADDRESS... [--may-post]',
  summary: 'add addresses to an alias',
  help: `ADDRESS becomes a member: it gets the mail for ALIAS. Who is one already stays one.

  --may-post           not a member: one who may post, where those are named (config alias update --post named)
${SERVER_OPTIONS_HELP}

Examples:
  postel config alias addaddr team@example.com ann@example.com
  postel config alias addaddr news@example.com editor@example.com --may-post`,
  options: { 'may-post': { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const [alias, ...addresses] = line.positionals;
    if (alias === undefined || addresses.length === 0) throw new UsageError('alias and addresses missing');
    const role: EntryRole = line.flag('may-post') ? 'poster' : 'member';
    return { alias, addresses, role, server: namedServer(line) };
  },
  async run({ alias, addresses, role, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const { members, elsewhere } = await useDirectory(invocation, server, async ({ aliases }) => {
      await aliases.addEntries(alias, addresses, role);
      return await aliases.read(alias);
    });
    const count = members === 1 ? '1 member' : `${members} members`;
    invocation.terminal.say(`Added to alias ${alias}, which has ${count} now.`);
    if (elsewhere > 0) invocation.terminal.note(REFUSED_FOR_NOW);
  },
});
