import { Counter, type Registry } from '@postel/supervision';

/** What an operator watches of reports to others. */
export class ReportMetrics {
  /** By what they are on (`dmarc` or `tls`), and what came of them: `sent`, `unwanted`, or `deferred` until later. */
  readonly sent: Counter<'subject' | 'outcome'>;

  constructor(registry: Registry) {
    this.sent = new Counter({
      name: 'postel_relay_aggregate_reports_total',
      help: 'Reports to other domains on what came of DMARC and TLS: sent, unwanted, or deferred until later',
      labelNames: ['subject', 'outcome'],
      registers: [registry],
    });
  }
}
