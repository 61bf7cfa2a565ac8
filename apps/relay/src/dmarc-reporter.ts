import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Resolver } from '@postel/dns';
import { dmarcReportFileName, formatDmarcReport } from '@postel/mail-reports';
import type { DayOfResults, Queue, ReportInbox, ResultTable } from '@postel/queue';
import { dmarcReportOf } from '@postel/queue';
import type { Logger } from '@postel/supervision';
import { findDmarcTargets } from './dmarc-targets.ts';
import { formatReportMail, queueReport } from './report-mail.ts';
import type { ReportMetrics } from './report-metrics.ts';

const compress = promisify(gzip);

interface DmarcReporterOptions {
  readonly table: Pick<ResultTable, 'take' | 'remove'>;
  readonly queue: Pick<Queue, 'keep'>;
  /** Where reports on domains of this server go too. */
  readonly inbox: Pick<ReportInbox, 'keep'>;
  readonly isOurs: (domain: string) => Promise<boolean>;
  readonly resolver: Resolver;
  readonly hostname: string;
  readonly log: Logger;
  readonly metrics: Pick<ReportMetrics, 'sent'>;
}

/** Tells the owners of policies what DMARC found on a day that is over in mail that says it is from them: RFC 7489 §7.2. */
export class DmarcReporter {
  readonly #options: DmarcReporterOptions;

  constructor(options: DmarcReporterOptions) {
    this.#options = options;
  }

  /** Reports all that is due, or tries to. @param goesOn asked between two reports */
  async report(goesOn: () => boolean): Promise<void> {
    const { table, metrics, log } = this.#options;
    while (goesOn()) {
      const day = await table.take();
      if (day === null) return;
      try {
        const outcome = await this.#tell(day);
        metrics.sent.inc({ subject: 'dmarc', outcome });
        if (outcome !== 'deferred') await table.remove(day);
      } catch (err) {
        metrics.sent.inc({ subject: 'dmarc', outcome: 'deferred' });
        log.warn({ err, domain: day.domain, day: day.day }, 'a report on DMARC could not be sent');
      }
    }
  }

  async #tell(results: DayOfResults): Promise<'sent' | 'unwanted' | 'deferred'> {
    const { resolver, queue, inbox, hostname, isOurs, log } = this.#options;
    const { day, domain } = results;
    const found = await findDmarcTargets(resolver, domain);
    if (found.targets.length === 0) return found.isComplete ? 'unwanted' : 'deferred';
    const contact = `postmaster@${hostname}`;
    const report = dmarcReportOf(results, { organization: hostname, email: contact });
    const packed = await compress(formatDmarcReport(report));
    const format = (to: readonly string[]) =>
      formatReportMail({
        contact,
        to,
        hostname,
        domain,
        reportId: `<${report.reportId}>`,
        fields: [],
        type: 'multipart/mixed',
        words: [
          `What ${hostname} found on ${day} (UTC) in mail that says it is from ${domain}.`,
          'The attachment is for programs: RFC 7489.',
        ],
        attachment: { type: 'application/gzip', name: dmarcReportFileName(report), octets: packed },
        date: new Date(),
      });
    const all = found.targets.map(({ address }) => address);
    const { length } = format(all);
    const to = found.targets
      .filter(({ mostOctets }) => mostOctets === null || length <= mostOctets)
      .map(({ address }) => address);
    const skipped = all.filter((address) => !to.includes(address));
    if (skipped.length > 0) log.info({ domain, day, skipped, octets: length }, 'a report is larger than they take');
    if (to.length === 0) return 'unwanted';
    const octets = format(to);
    if (await isOurs(domain)) await inbox.keep({ octets, reporter: hostname, isVerified: true });
    await queueReport(queue, octets, { name: `dmarc-report-${day}-${domain}`, hostname, to });
    log.info({ domain, day, to, rows: report.rows.length }, 'a report on DMARC was sent');
    return 'sent';
  }
}
