import { POSTERS, REFUSED_FOR_NOW } from '../alias-texts.ts';
import { defineCommand } from '../command.ts';
import { formatTable } from '../format-table.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAliasPrint = defineCommand({
  name: 'config alias print',
  operands: 'ALIAS [--json]',
  summary: 'say whom an alias stands for, and who may post to it',
  help: `  --json               one JSON object
${SERVER_OPTIONS_HELP}

Example:
  postel config alias print team@example.com`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const { alias } = operands(line, 'alias');
    return { alias, asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ alias, asJson, server }, invocation) {
    const { terminal } = invocation;
    const { useDirectory } = await import('../use-directory.ts');
    const details = await useDirectory(invocation, server, (directory) => directory.aliases.read(alias));
    if (asJson) {
      terminal.say(JSON.stringify(details));
      return;
    }
    const { address, posters, isList, showsMembers, maySendAs, entries } = details;
    terminal.say(
      `${address}: ${POSTERS[posters]} may post; its members ${showsMembers ? 'see' : 'do not see'} one another`,
    );
    terminal.say(`and ${maySendAs ? 'may' : 'may not'} send from its address.`);
    if (isList) terminal.say('It is a list: what its members get has its List-Id.');
    const rows = entries.map(({ address: entry, isMember, mayPost, isLocal }) => [
      entry,
      [...(isMember ? ['member'] : []), ...(mayPost ? ['poster'] : [])].join(', '),
      isLocal ? '' : 'at another server',
    ]);
    terminal.say(rows.length === 0 ? 'It has no members.' : formatTable([['ADDRESS', 'IS', ''], ...rows]));
    if (details.elsewhere > 0) terminal.note(REFUSED_FOR_NOW);
  },
});
