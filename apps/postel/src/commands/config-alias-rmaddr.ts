import type { EntryRole } from '@postel/directory';
import { REFUSED_FOR_NOW } from '../alias-texts.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAliasRmaddr = defineCommand({
  name: 'config alias rmaddr',
  operands: 'ALIAS ADDRESS... [--may-post]',
  summary: 'take addresses from an alias',
  help: `  --may-post           not as a member: as one who may post
${SERVER_OPTIONS_HELP}

Examples:
  postel config alias rmaddr team@example.com ann@example.com
  postel config alias rmaddr news@example.com editor@example.com --may-post`,
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
      await aliases.removeEntries(alias, addresses, role);
      return await aliases.read(alias);
    });
    const count = members === 1 ? '1 member' : `${members} members`;
    invocation.terminal.say(`Removed from alias ${alias}, which has ${count} now.`);
    if (elsewhere > 0) invocation.terminal.note(REFUSED_FOR_NOW);
  },
});
