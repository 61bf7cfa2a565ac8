import { REFUSED_FOR_NOW } from '../alias-texts.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAliasAdd = defineCommand({
  name: 'config alias add',
  operands: 'ALIAS ADDRESS...',
  summary: 'add an address that stands for others',
  help: `Mail for ALIAS goes to each ADDRESS: of accounts here, of other aliases, or at other servers. Its domain must be one of
this server. Anyone may post to it: postel help config alias update. With members at other
servers, mail for it is refused where mail to other servers is off (relay: off, and localserve).

${SERVER_OPTIONS_HELP}

Examples:
  postel config alias add team@example.com mary@example.com john@example.com
  postel config alias add abuse@example.com mary@example.com`,
  options: SERVER_OPTIONS,
  parse(line) {
    const [alias, ...members] = line.positionals;
    if (alias === undefined || members.length === 0) throw new UsageError('alias and addresses missing');
    return { alias, members, server: namedServer(line) };
  },
  async run({ alias, members, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const { elsewhere } = await useDirectory(invocation, server, async ({ aliases }) => {
      await aliases.add(alias, members);
      return await aliases.read(alias);
    });
    invocation.terminal.say(`Added alias ${alias}.`);
    if (elsewhere > 0) invocation.terminal.note(REFUSED_FOR_NOW);
  },
});
