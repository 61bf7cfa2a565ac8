import { defineCommand } from '../command.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { printable } from '../printable.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

/** Of more than these nobody reads. */
const MOST = 100_000;
const HOST_CHARACTERS = 60;
const REASON_CHARACTERS = 60;

export const queueTlsList = defineCommand({
  name: 'queue tls list',
  operands: '[--all] [--json]',
  summary: 'list mail servers that had TLS and have none any more',
  help: `Mail for them waits, for somebody may be in between, until relay.tlsPatienceHours have gone by.
postel queue tls forget HOST lets it go at once, if you know why the server has no TLS.

  --all                also servers that have TLS, and since when which key
  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Examples:
  postel queue tls list
  postel queue tls list --all --json`,
  options: { all: { type: 'boolean' }, json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    return { withAll: line.flag('all'), asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ withAll, asJson, server }, invocation) {
    const { useDatabase } = await import('../use-database.ts');
    const { listTlsHosts } = await import('@postel/queue');
    const hosts = await useDatabase(invocation, server, ({ database }) => listTlsHosts(database.sql, withAll, MOST));
    sayRows(invocation.terminal, hosts, {
      asJson,
      header: ['HOST', 'TLS', 'LAST SEEN WITH TLS', 'KEY SINCE', 'KEY', 'WHAT IT SAYS NOW'],
      row: (each) => [
        printable(each.host, HOST_CHARACTERS),
        each.missingSince === null ? 'yes' : `missing since ${formatMoment(each.missingSince)}`,
        formatMoment(each.seenAt),
        formatMoment(each.keySince),
        each.key,
        printable(each.missingReason ?? '', REASON_CHARACTERS),
      ],
    });
  },
});
