import { announcesReport } from '@postel/mail-reports';
import type { ReportInbox, ResultCounter } from '@postel/queue';
import type { Content } from '@postel/storage';
import type { Logger } from '@postel/supervision';
import type { Verdict } from './incoming-mail.ts';
import { REPORT_FLUSH_MS, REPORT_MAIL_OCTETS, REPORTS_IN_HAND } from './limits.ts';
import type { SmtpMetrics } from './smtp-metrics.ts';

interface ReportIntakeOptions {
  /** Null: nobody is told what DMARC finds. */
  readonly counter: Pick<ResultCounter, 'count' | 'flush'> | null;
  readonly inbox: Pick<ReportInbox, 'keep'>;
  readonly metrics: Pick<SmtpMetrics, 'dmarcCounted' | 'reportsReceived'>;
  readonly log: Logger;
}

/**
 * What mail from other servers has to do with reports: what DMARC finds is counted for those who want to hear it, and messages that
 * are reports on our domains are put aside to be read. Neither keeps a reply waiting.
 */
export class ReportIntake {
  readonly #options: ReportIntakeOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #inHand = new Set<Promise<void>>();
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: ReportIntakeOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.#flushing = this.#flush();
    }, REPORT_FLUSH_MS);
    this.#timer.unref();
  }

  /** Of reports nothing is counted: two servers with no other mail would report on each other's reports for ever. */
  countDmarc({ dmarcRow }: Pick<Verdict, 'dmarcRow'>): void {
    const { counter, metrics } = this.#options;
    if (dmarcRow === null || counter === null) return;
    counter.count(dmarcRow.policy.domain, JSON.stringify(dmarcRow));
    metrics.dmarcCounted.inc({ disposition: dmarcRow.row.disposition });
  }

  /**
   * Puts a copy aside of a message that says it is a report. It is read later; the message itself goes where it is for.
   *
   * @returns whether it says so
   */
  async keep(content: Content, { author }: Pick<Verdict, 'author'>): Promise<boolean> {
    if (!announcesReport(subjectOf(content))) return false;
    const { inbox, metrics, log } = this.#options;
    if (content.sizeOctets > REPORT_MAIL_OCTETS || this.#inHand.size >= REPORTS_IN_HAND) {
      metrics.reportsReceived.inc({ outcome: 'dropped' });
      log.warn({ sizeOctets: content.sizeOctets }, 'a report is too large, or one of too many, and is not read');
      return true;
    }
    // From its first octet on: contents in files come slowly, and each of those that are read meanwhile is in memory.
    const { promise: done, resolve } = Promise.withResolvers<void>();
    this.#inHand.add(done);
    const settle = () => {
      this.#inHand.delete(done);
      resolve();
    };
    const octets = content.octets ?? (await readAll(content).catch((err: unknown) => this.#fail(err)));
    if (octets === null) {
      settle();
      return true;
    }
    void inbox
      .keep({ octets, reporter: author.domain?.toLowerCase() ?? '', isVerified: author.isVerified })
      .then((isKept) => metrics.reportsReceived.inc({ outcome: isKept ? 'kept' : 'dropped' }))
      .catch((err: unknown) => this.#fail(err))
      .finally(settle);
    return true;
  }

  /** What was counted is written down. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#flushing;
    await this.#flush();
    await Promise.all(this.#inHand);
  }

  /** The message itself goes on all the same. */
  #fail(err: unknown): null {
    this.#options.log.warn({ err }, 'a report was not put aside, and is not read');
    return null;
  }

  async #flush(): Promise<void> {
    const { counter, log } = this.#options;
    await counter?.flush().catch((err: unknown) => log.warn({ err }, 'what DMARC found is not written down yet'));
  }
}

/** The first of what a summary has: see ContentSummary. */
function subjectOf({ summary }: Content): string {
  const end = summary.summary.indexOf('\x1f');
  return end === -1 ? summary.summary : summary.summary.slice(0, end);
}

async function readAll(content: Content): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of content.read(0, content.sizeOctets)) pieces.push(piece);
  return Buffer.concat(pieces);
}
