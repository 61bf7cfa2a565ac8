import { defineCommand } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { formatTable } from '../format-table.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { printable } from '../printable.ts';
import { NAME_CHARACTERS, parseReportNumber } from '../reports/report-list-command.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const reportsDmarcShow = defineCommand({
  name: 'reports dmarc show',
  operands: 'NUMBER [--json]',
  summary: 'show what one report on DMARC says: which servers sent as your domain, and what came of it',
  help: `NUMBER is what postel reports dmarc list shows.

  --json               as a JSON object
${SERVER_OPTIONS_HELP}

Example:
  postel reports dmarc show 17`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const { number } = operands(line, 'number');
    return {
      id: parseReportNumber(number, 'reports dmarc list'),
      asJson: line.flag('json'),
      server: namedServer(line),
    };
  },
  async run({ id, asJson, server }, invocation) {
    const { useDatabase } = await import('../use-database.ts');
    const { DmarcReportTable } = await import('@postel/queue');
    const { terminal } = invocation;
    const report = await useDatabase(invocation, server, ({ database }) => new DmarcReportTable(database.sql).show(id));
    if (report === null) throw new CommandError(`There is no report ${id} on DMARC, or not any more.`);
    if (asJson) return terminal.say(JSON.stringify(report));
    const { domain, organization, email, reporter, trust, reportId, beginsAt, endsAt, policy, rows } = report;
    const short = (text: string) => printable(text, NAME_CHARACTERS);
    terminal.say(
      formatTable([
        ['domain:', domain],
        ['by:', `${short(organization)}, ${short(email)}`],
        ['came from:', `${short(reporter) || 'a file'}, ${trust}`],
        ['its number:', printable(reportId, 2 * NAME_CHARACTERS)],
        ['on:', `${formatMoment(beginsAt)} to ${formatMoment(endsAt)}`],
        ['policy seen:', `p=${policy.p} sp=${policy.sp} adkim=${policy.adkim} aspf=${policy.aspf}`],
      ]),
    );
    if (rows.length === 0) return terminal.say('\nNo mail.');
    const results = (all: readonly { readonly domain: string; readonly result: string }[]) =>
      all.map((each) => `${short(each.domain)} ${short(each.result)}`).join(', ');
    terminal.say(
      `\n${formatTable([
        ['SOURCE', 'MESSAGES', 'DONE', 'DKIM', 'SPF', 'FROM', 'SIGNED BY', 'SPF OF', 'WHY'],
        ...rows.map((row) => [
          row.sourceAddress,
          String(row.messages),
          row.disposition,
          row.dkim,
          row.spf,
          short(row.headerFrom),
          results(row.dkimResults),
          results(row.spfResults),
          row.reasons.map(({ type, comment }) => short(`${type} ${comment}`)).join(', '),
        ]),
      ])}`,
    );
  },
});
