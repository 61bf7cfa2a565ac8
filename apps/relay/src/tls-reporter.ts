import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Resolver } from '@postel/dns';
import type { DayOfResults, Queue, ResultTable } from '@postel/queue';
import type { Logger } from '@postel/supervision';
import {
  formatTlsReport,
  postTlsReport,
  type ReportTarget,
  reportTargets,
  type TlsReport,
  type TlsResult,
  type Web,
} from '@postel/tls-policy';
import { queueReport } from './report-mail.ts';
import type { ReportMetrics } from './report-metrics.ts';
import { formatTlsReportMail } from './tls-report-mail.ts';

const compress = promisify(gzip);

export interface TlsReporterOptions {
  readonly table: Pick<ResultTable, 'take' | 'remove'>;
  readonly queue: Pick<Queue, 'keep'>;
  readonly resolver: Resolver;
  readonly web: Web;
  readonly hostname: string;
  readonly log: Logger;
  readonly metrics: Pick<ReportMetrics, 'sent'>;
}

/** Tells domains that want to hear it what came of TLS with their servers on a day that is over: RFC 8460. */
export class TlsReporter {
  readonly #options: TlsReporterOptions;

  constructor(options: TlsReporterOptions) {
    this.#options = options;
  }

  /** Reports all that is due, or tries to. @param goesOn asked between two reports */
  async report(goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      const day = await this.#options.table.take();
      if (day === null) return;
      if (await this.#tell(day)) await this.#options.table.remove(day);
    }
  }

  /** @returns whether there is nothing left to do; what is left is taken again later */
  async #tell({ day, domain, results }: DayOfResults): Promise<boolean> {
    const { resolver, hostname, log, metrics } = this.#options;
    const answer = await resolver.lookUp(`_smtp._tls.${domain}`, 'TXT');
    if (answer.kind === 'temporary' || answer.kind === 'bogus') return false;
    const targets = answer.kind === 'found' ? reportTargets(answer.records) : [];
    if (targets.length === 0) return true;
    const contact = `postmaster@${hostname}`;
    const report = { hostname, contact, domain, day, results: results.map(readResult) };
    const zipped = await compress(formatTlsReport(report));
    const told = await Promise.all(
      targets.map(async (target) => {
        const to = target.type === 'mailto' ? target.address : target.url.href;
        try {
          await this.#send(report, target, zipped);
          log.info({ domain, day, to }, 'a report on TLS was sent');
          metrics.sent.inc({ subject: 'tls', outcome: 'sent' });
          return true;
        } catch (err) {
          log.warn({ err, domain, day, to }, 'a report on TLS could not be sent');
          metrics.sent.inc({ subject: 'tls', outcome: 'deferred' });
          return false;
        }
      }),
    );
    // RFC 8460 §3: one that has it is enough.
    return told.includes(true);
  }

  async #send(report: TlsReport, target: ReportTarget, zipped: Buffer): Promise<void> {
    const { queue, web, hostname } = this.#options;
    if (target.type === 'https') return await postTlsReport(web, target.url, zipped);
    const octets = formatTlsReportMail(report, target.address, zipped, new Date());
    const name = `tls-report-${report.day}-${report.domain}`;
    await queueReport(queue, octets, { name, hostname, to: [target.address] });
  }
}

/** As TlsResults has written it. */
function readResult({ detail, count }: DayOfResults['results'][number]): TlsResult {
  const { policy, failure }: Omit<TlsResult, 'sessions'> = JSON.parse(detail);
  return { policy, failure, sessions: count };
}
