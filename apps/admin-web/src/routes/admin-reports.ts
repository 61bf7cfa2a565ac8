import { explainDmarcSource, explainTlsFailure } from '@postel/mail-reports';
import { DmarcReportTable, type ListedDmarcReport, type ListedTlsReport, TlsReportTable } from '@postel/queue';
import { Type } from 'typebox';
import { LISTED_REPORTS, NAME_CHARACTERS, REPORTED_DAYS } from '../limits.ts';
import { DomainReports } from '../schemas/reports.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const DAY_MS = 86_400_000;

const config = { access: 'admin' } as const;
const tags = ['domains'];
const params = Type.Object({ name: Type.String({ maxLength: NAME_CHARACTERS }) });

/** What others report on the domains of this server: docs/reports.md. */
export function addAdminReportRoutes(
  api: WebApi,
  { directory, database: { sql } }: Pick<Services, 'directory' | 'database'>,
): void {
  const dmarc = new DmarcReportTable(sql);
  const tls = new TlsReportTable(sql);

  api.get(
    '/api/v1/admin/domains/:name/reports',
    {
      config,
      schema: {
        summary: 'What others report of DMARC and TLS: the last 30 days',
        tags,
        params,
        response: { 200: DomainReports },
      },
    },
    async (request) => {
      const domain = await directory.domainName(request.params.name);
      const names = lastDays(new Date());
      const since = new Date(`${names[0]}T00:00:00Z`);
      const query = { domain, since, until: null };
      const [days, sources, unverified, reports, sums, failures, tlsReports] = await Promise.all([
        dmarc.days(domain, since),
        dmarc.sources(domain, since),
        dmarc.countUnverified(domain, since),
        dmarc.list(query, LISTED_REPORTS),
        tls.sums(domain, since),
        tls.failures(domain, since),
        tls.list(query, LISTED_REPORTS),
      ]);
      const byDay = new Map(days.map((each) => [each.day, each]));
      return {
        domain,
        days: names.map((day) => byDay.get(day) ?? { day, passed: 0, failed: 0 }),
        sources: sources.map((source) => ({
          address: source.address,
          messages: source.messages,
          failed: source.failed,
          quarantined: source.quarantined,
          rejected: source.rejected,
          reporters: source.reporters,
          meaning: explainDmarcSource(source),
        })),
        unverified,
        dmarc: reports.map((report) => present(report, report.messages)),
        tls: {
          ...sums,
          failures: failures.map((failure) => ({ ...failure, meaning: explainTlsFailure(failure.type) })),
          reports: tlsReports.map((report) => present(report, report.successful + report.failed)),
        },
      };
    },
  );
}

/** In UTC, to today. */
function lastDays(now: Date): readonly string[] {
  return Array.from({ length: REPORTED_DAYS }, (_, i) =>
    new Date(now.getTime() - (REPORTED_DAYS - 1 - i) * DAY_MS).toISOString().slice(0, 10),
  );
}

function present(report: ListedDmarcReport | ListedTlsReport, total: number) {
  const { organization, reporter, trust, reportId, beginsAt, endsAt, failed } = report;
  return {
    organization,
    reporter,
    trust,
    reportId,
    beginsAt: beginsAt.toISOString(),
    endsAt: endsAt.toISOString(),
    total,
    failed,
  };
}
