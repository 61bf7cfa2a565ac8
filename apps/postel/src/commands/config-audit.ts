import type { ChangeFilter } from '@postel/directory';
import { describeActor, describeDifference } from '../change-texts.ts';
import { defineCommand } from '../command.ts';
import { LIMIT_HELP, LIMIT_OPTION, limitOption, noteMore } from '../limit-option.ts';
import { formatMoment, MOMENT_HELP, parseMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { printable } from '../printable.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const NAME_CHARACTERS = 80;

export const configAudit = defineCommand({
  name: 'config audit',
  operands: '[--account ACCOUNT] [--since MOMENT] [--limit N] [--json]',
  summary: 'show who changed domains, accounts, addresses and limits, when and how',
  help: `The newest first. Every change is written down with it, whichever way it came: by this command line (the user of the system,
and the host), the web, a token of its API, or IMAP. What is secret is not in it: of a password only since when there is
another one. It is kept for 400 days.

  --account ACCOUNT    only changes of this account, and those that it made
  --since MOMENT       only since then: ${MOMENT_HELP}
${LIMIT_HELP}
  --json               a JSON object a line, with all that was before and is after
${SERVER_OPTIONS_HELP}

Examples:
  postel config audit
  postel config audit --account mary --since 1w
  postel config audit --limit 1000 --json`,
  options: {
    account: { type: 'string' },
    since: { type: 'string' },
    ...LIMIT_OPTION,
    json: { type: 'boolean' },
    ...SERVER_OPTIONS,
  },
  parse(line) {
    operands(line);
    const since = line.option('since');
    const filter: ChangeFilter = {
      account: line.option('account'),
      since: new Date(since === null ? 0 : parseMoment('since', since)),
      limit: limitOption(line),
    };
    return { filter, asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ filter, asJson, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const changes = await useDirectory(invocation, server, (directory) => directory.listChanges(filter));
    sayRows(invocation.terminal, changes, {
      asJson,
      header: ['WHEN', 'WHO', 'WHAT', 'CHANGE'],
      row: (change) => [
        formatMoment(change.at),
        describeActor(change),
        printable(`${change.kind} ${change.name}`, NAME_CHARACTERS),
        describeDifference(change),
      ],
    });
    noteMore(invocation.terminal, changes.length, filter.limit);
  },
});
