import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Resolver } from '@postel/dns';
import type { DayOfResults, Queue, TlsResultTable } from '@postel/queue';
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
import { formatTlsReportMail } from './tls-report-mail.ts';

const compress = promisify(gzip);

export interface TlsReporterOptions {
  readonly table: Pick<TlsResultTable, 'take' | 'remove'>;
  readonly queue: Pick<Queue, 'keep'>;
  readonly resolver: Resolver;
  readonly web: Web;
  readonly hostname: string;
  readonly log: Logger;
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
    const { resolver, hostname, log } = this.#options;
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
          return true;
        } catch (err) {
          log.warn({ err, domain, day, to }, 'a report on TLS could not be sent');
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
    const headerOctets = octets.indexOf('\r\n\r\n') + 4;
    async function* read(start: number, end: number) {
      yield octets.subarray(start, end);
    }
    const said = { isUtf8: false, requiresTls: false, envelopeId: null, returnContent: null, submitter: null };
    await queue.keep(
      { sizeOctets: octets.length, headerOctets, read },
      {
        name: `tls-report-${report.day}-${report.domain}`,
        account: null,
        // Nobody waits for what becomes of it.
        envelope: { reversePath: '', releaseRequest: null, ...said },
        mayBeBinary: false,
        prefix: Buffer.alloc(0),
        signers: [hostname],
        recipients: [
          { forwardPath: target.address, notify: ['NEVER'], originalRecipient: null, alias: null, listFields: '' },
        ],
        waitMs: 0,
        releaseAt: null,
        tellsSender: true,
      },
    );
  }
}

/** As TlsResults has written it. */
function readResult({ detail, sessions }: DayOfResults['results'][number]): TlsResult {
  const { policy, failure }: Omit<TlsResult, 'sessions'> = JSON.parse(detail);
  return { policy, failure, sessions };
}
