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

export const reportsDmarcList = defineCommand({
  name: 'reports dmarc list',
  operands: '[DOMAIN] [--since MOMENT] [--until MOMENT] [--json]',
  summary: 'list what others report of DMARC: how much mail says it is from your domains, and how much fails',
  help: `${REPORT_LIST_HELP}

Examples:
  postel reports dmarc list
  postel reports dmarc list example.com --since 30d`,
  options: REPORT_LIST_OPTIONS,
  parse: parseReportList,
  async run({ query, asJson, server }, invocation) {
    const { useDatabase } = await import('../use-database.ts');
    const { DmarcReportTable } = await import('@postel/queue');
    const reports = await useDatabase(invocation, server, ({ database }) =>
      new DmarcReportTable(database.sql).list(query, MOST_REPORTS),
    );
    sayRows(invocation.terminal, reports, {
      asJson,
      header: [...HEAD_TITLES, 'MESSAGES', 'FAILED'],
      row: (report) => [...headCells(report), String(report.messages), String(report.failed)],
    });
  },
});
