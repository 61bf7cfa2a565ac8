import { defineCommand } from '../command.ts';
import {
  HEAD_TITLES,
  headCells,
  MOST_REPORTS,
  parseReportList,
  REPORT_LIST_HELP,
  REPORT_LIST_OPTIONS,
} from '../reports/report-list-command.ts';
import { sayRows } from '../say-rows.ts';

export const reportsTlsList = defineCommand({
  name: 'reports tls list',
  operands: '[DOMAIN] [--since MOMENT] [--until MOMENT] [--json]',
  summary: 'list what others report of TLS with this server when they send mail to your domains',
  help: `${REPORT_LIST_HELP}

Examples:
  postel reports tls list
  postel reports tls list example.com --since 30d`,
  options: REPORT_LIST_OPTIONS,
  parse: parseReportList,
  async run({ query, asJson, server }, invocation) {
    const { useDatabase } = await import('../use-database.ts');
    const { TlsReportTable } = await import('@postel/queue');
    const reports = await useDatabase(invocation, server, ({ database }) =>
      new TlsReportTable(database.sql).list(query, MOST_REPORTS),
    );
    sayRows(invocation.terminal, reports, {
      asJson,
      header: [...HEAD_TITLES, 'SESSIONS', 'FAILED'],
      row: (report) => [...headCells(report), String(report.successful + report.failed), String(report.failed)],
    });
  },
});
