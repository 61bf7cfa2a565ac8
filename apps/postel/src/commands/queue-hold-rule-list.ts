import { defineCommand } from '../command.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { printable } from '../printable.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const CHARACTERS = 60;

export const queueHoldRuleList = defineCommand({
  name: 'queue hold-rule list',
  operands: '[--json]',
  summary: 'list the rules by which mail is held in the queue',
  help: `  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Example:
  postel queue hold-rule list`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    return { asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ asJson, server }, invocation) {
    const { useDatabase } = await import('../use-database.ts');
    const { listHoldRules } = await import('@postel/queue');
    const rules = await useDatabase(invocation, server, ({ database }) => listHoldRules(database.sql));
    sayRows(invocation.terminal, rules, {
      asJson,
      header: ['WHAT', 'WHICH', 'SINCE', 'HELD', 'REASON'],
      row: ({ kind, value, addedAt, held, reason }) => [
        kind,
        printable(value, CHARACTERS),
        formatMoment(addedAt),
        String(held),
        printable(reason, CHARACTERS),
      ],
    });
  },
});
