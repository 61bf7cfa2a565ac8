import { defineCommand } from '../command.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { printable } from '../printable.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const ADDRESS_CHARACTERS = 320;
const REASON_CHARACTERS = 60;

export const queueSuppressList = defineCommand({
  name: 'queue suppress list',
  operands: '[--json]',
  summary: 'list addresses at other servers to which nothing is sent',
  help: `  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Example:
  postel queue suppress list`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    return { asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ asJson, server }, invocation) {
    const { useDatabase } = await import('../use-database.ts');
    const { listSuppressions } = await import('@postel/queue');
    const list = await useDatabase(invocation, server, ({ database }) => listSuppressions(database.sql));
    sayRows(invocation.terminal, list, {
      asJson,
      header: ['ADDRESS', 'SINCE', 'REASON'],
      row: ({ address, addedAt, reason }) => [
        printable(address, ADDRESS_CHARACTERS),
        formatMoment(addedAt),
        printable(reason, REASON_CHARACTERS),
      ],
    });
  },
});
