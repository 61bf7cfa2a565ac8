import { defineCommand } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { formatTable } from '../format-table.ts';
import { formatMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { printable } from '../printable.ts';
import { NAME_CHARACTERS, parseReportNumber } from '../reports/report-list-command.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const REASON_CHARACTERS = 300;

export const reportsTlsShow = defineCommand({
  name: 'reports tls show',
  operands: 'NUMBER [--json]',
  summary: 'show what one report on TLS says: what failed, and what that means',
  help: `NUMBER is what postel reports tls list shows.

  --json               as a JSON object
${SERVER_OPTIONS_HELP}

Example:
  postel reports tls show 17`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const { number } = operands(line, 'number');
    return { id: parseReportNumber(number, 'reports tls list'), asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ id, asJson, server }, invocation) {
    const { useDatabase } = await import('../use-database.ts');
    const { TlsReportTable } = await import('@postel/queue');
    const { explainTlsFailure } = await import('@postel/mail-reports');
    const { terminal } = invocation;
    const report = await useDatabase(invocation, server, ({ database }) => new TlsReportTable(database.sql).show(id));
    if (report === null) throw new CommandError(`There is no report ${id} on TLS, or not any more.`);
    if (asJson) return terminal.say(JSON.stringify(report));
    const short = (text: string) => printable(text, NAME_CHARACTERS);
    terminal.say(
      formatTable([
        ['domain:', report.domain],
        ['by:', `${short(report.organization)}, ${short(report.contact)}`],
        ['came from:', `${short(report.reporter) || 'a file'}, ${report.trust}`],
        ['its number:', printable(report.reportId, 2 * NAME_CHARACTERS)],
        ['on:', `${formatMoment(report.beginsAt)} to ${formatMoment(report.endsAt)}`],
        ['sessions:', `${report.successful} with TLS as it should be, ${report.failed} failed`],
      ]),
    );
    for (const failure of report.failures) {
      const to = [failure.receivingHost, failure.receivingAddress].filter((part) => part !== '').join(' ');
      const from = failure.sendingAddress === '' ? '' : `, from ${short(failure.sendingAddress)}`;
      terminal.say(
        `\n${failure.sessions} x ${short(failure.type)} (${short(failure.policyType)})${to === '' ? '' : ` at ${short(to)}`}${from}`,
      );
      terminal.say(`    ${explainTlsFailure(failure.type)}`);
      const said = [failure.reason, failure.more].filter((part) => part !== '').join('; ');
      if (said !== '') terminal.say(`    They say: ${printable(said, REASON_CHARACTERS)}`);
    }
  },
});
