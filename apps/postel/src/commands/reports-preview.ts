import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { printable } from '../printable.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const DAYS_LISTED = 10_000;
const NAME_CHARACTERS = 100;
const DAY = /^\d{4}-\d\d-\d\d$/;

export const reportsPreview = defineCommand({
  name: 'reports preview',
  operands: '[DOMAIN] [--day DAY] [--json]',
  summary: 'print the report on DMARC that another domain would get if the day were over now',
  help: `DOMAIN is the one whose policy was applied, of somebody else or your own. What was counted in the last minute is not in it yet.
Without DOMAIN: the days that are still to be told, newest first. Nothing is sent. The name of this server stands in the report as "localhost".

  --day DAY            2026-11-22, in UTC: days that were not told yet; by default today
  --json               the days, a JSON object a line
${SERVER_OPTIONS_HELP}

Examples:
  postel reports preview
  postel reports preview example.org`,
  options: { day: { type: 'string' }, json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const domain = line.positionals.length === 0 ? null : operands(line, 'domain').domain.toLowerCase();
    const day = line.option('day') ?? new Date().toISOString().slice(0, 10);
    if (!DAY.test(day) || Number.isNaN(Date.parse(day))) throw new UsageError(`--day takes a day: 2026-11-22`);
    return { domain, day, asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ domain, day, asJson, server }, invocation) {
    const { useDatabase } = await import('../use-database.ts');
    const { dmarcReportOf, ResultTable } = await import('@postel/queue');
    const { formatDmarcReport } = await import('@postel/mail-reports');
    const { terminal } = invocation;
    if (domain === null) {
      const days = await useDatabase(invocation, server, ({ database }) =>
        new ResultTable(database.sql, 'dmarc').list(DAYS_LISTED),
      );
      const row = (each: (typeof days)[number]) => [
        each.day,
        printable(each.domain, NAME_CHARACTERS),
        String(each.count),
      ];
      return sayRows(terminal, days, { asJson, header: ['DAY', 'DOMAIN', 'MESSAGES'], row });
    }
    const results = await useDatabase(invocation, server, ({ database }) =>
      new ResultTable(database.sql, 'dmarc').look(domain, day),
    );
    if (results.results.length === 0) {
      throw new CommandError(`Nothing of ${domain} was counted on ${day}, or it was told already.`);
    }
    const report = dmarcReportOf(results, { organization: 'localhost', email: 'postmaster@localhost' });
    terminal.say(formatDmarcReport(report).trimEnd());
  },
});
