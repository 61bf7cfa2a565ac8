import { changeEntries, ENTRIES_OPTIONS, parseEntries } from '../alias-entries.ts';
import { defineCommand } from '../command.ts';
import { SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAliasAddaddr = defineCommand({
  name: 'config alias addaddr',
  operands: 'ALIAS ADDRESS... [--may-post]',
  summary: 'add addresses to an alias',
  help: `ADDRESS becomes a member: it gets the mail for ALIAS. Who is one already stays one.

  --may-post           not a member: one who may post, where those are named (config alias update --post named). Another
                       alias that has ALIAS as a member lets its mail through by that
${SERVER_OPTIONS_HELP}

Examples:
  postel config alias addaddr team@example.com ann@example.com
  postel config alias addaddr news@example.com editor@example.com --may-post`,
  options: ENTRIES_OPTIONS,
  parse: parseEntries,
  run: (change, invocation) => changeEntries(change, invocation, 'addEntries', 'Added to'),
});
