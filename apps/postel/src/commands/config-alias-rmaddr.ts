import { changeEntries, ENTRIES_OPTIONS, parseEntries } from '../alias-entries.ts';
import { defineCommand } from '../command.ts';
import { SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAliasRmaddr = defineCommand({
  name: 'config alias rmaddr',
  operands: 'ALIAS ADDRESS... [--may-post]',
  summary: 'take addresses from an alias',
  help: `  --may-post           not as a member: as one who may post
${SERVER_OPTIONS_HELP}

Examples:
  postel config alias rmaddr team@example.com ann@example.com
  postel config alias rmaddr news@example.com editor@example.com --may-post`,
  options: ENTRIES_OPTIONS,
  parse: parseEntries,
  run: (change, invocation) => changeEntries(change, invocation, 'removeEntries', 'Removed from'),
});
