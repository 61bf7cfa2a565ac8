import type { ReportHead } from '@postel/queue';
import type { CommandLine } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { formatMoment, MOMENT_HELP, parseMoment } from '../moment.ts';
import { printable } from '../printable.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

/** The newest; of more than these nobody reads. */
export const MOST_REPORTS = 10_000;
export const NAME_CHARACTERS = 60;

/** Of every command that lists reports. */
export const REPORT_LIST_OPTIONS = {
  since: { type: 'string' },
  until: { type: 'string' },
  json: { type: 'boolean' },
  ...SERVER_OPTIONS,
} as const;

export const REPORT_LIST_HELP = `The newest first. TRUST: verified if the domain it came from answers for the mail; unverified ones count in no sum.

  --since MOMENT       reports on this time and later
  --until MOMENT       and on time before this
                       ${MOMENT_HELP}
  --json               a JSON object a line
${SERVER_OPTIONS_HELP}`;

export function parseReportList(line: CommandLine) {
  const [domain = null, extra] = line.positionals;
  if (extra !== undefined) throw new UsageError(`"${extra}" is one word too many`);
  const moment = (name: string) => {
    const text = line.option(name);
    return text === null ? null : new Date(parseMoment(name, text));
  };
  const query = { domain: domain?.toLowerCase() ?? null, since: moment('since'), until: moment('until') };
  return { query, asJson: line.flag('json'), server: namedServer(line) };
}

/** What every list of reports begins with. */
export const HEAD_TITLES = ['NUMBER', 'DOMAIN', 'BY', 'FROM', 'TRUST', 'BEGINS', 'ENDS'] as const;

export function headCells(report: ReportHead): readonly string[] {
  return [
    String(report.id),
    report.domain,
    printable(report.organization, NAME_CHARACTERS),
    printable(report.reporter, NAME_CHARACTERS),
    report.trust,
    formatMoment(report.beginsAt),
    formatMoment(report.endsAt),
  ];
}

const NUMBER = /^[1-9][0-9]{0,14}$/;

/** @throws {UsageError} */
export function parseReportNumber(text: string, list: string): number {
  if (!NUMBER.test(text)) throw new UsageError(`"${text}" is no number of postel ${list}`);
  return Number(text);
}
