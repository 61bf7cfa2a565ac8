import { defineCommand } from '../command.ts';
import { LIMIT_HELP, LIMIT_OPTION, limitOption, noteMore } from '../limit-option.ts';
import { operands } from '../operands.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const heldList = defineCommand({
  name: 'held list',
  operands: '[ACCOUNT] [--limit N] [--json]',
  summary: 'list messages that are kept until the time at which their sender wants them sent',
  help: `ACCOUNT is who sent them. Those that are to be sent first come first.

${LIMIT_HELP}
  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Examples:
  postel held list
  postel held list mary --limit 500`,
  options: { json: { type: 'boolean' }, ...LIMIT_OPTION, ...SERVER_OPTIONS },
  parse(line) {
    const account = line.positionals.length === 0 ? null : operands(line, 'account').account;
    return { account, limit: limitOption(line), asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ account, limit, asJson, server }, invocation) {
    const { listHeld } = await import('@postel/storage');
    const { useWaiting } = await import('../waiting/use-waiting.ts');
    const { HELD_SHOWN } = await import('../waiting/show-held.ts');
    await useWaiting(invocation, server, account, async ({ sql }) => {
      const messages = await listHeld(sql, { account, id: null, limit });
      sayRows(invocation.terminal, messages, { asJson, ...HELD_SHOWN });
      noteMore(invocation.terminal, messages.length, limit);
    });
  },
});
