import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const heldList = defineCommand({
  name: 'held list',
  operands: '[ACCOUNT] [--json]',
  summary: 'list messages that are kept until the time at which their sender wants them sent',
  help: `ACCOUNT is who sent them. Those that are to be sent first come first.

  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Examples:
  postel held list
  postel held list mary`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const account = line.positionals.length === 0 ? null : operands(line, 'account').account;
    return { account, asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ account, asJson, server }, invocation) {
    const { listHeld } = await import('@postel/storage');
    const { useWaiting } = await import('../waiting/use-waiting.ts');
    const { HELD_SHOWN } = await import('../waiting/show-held.ts');
    await useWaiting(invocation, server, account, async ({ sql }) => {
      sayRows(invocation.terminal, await listHeld(sql, { account, id: null }), { asJson, ...HELD_SHOWN });
    });
  },
});
