import type { Queue } from '@postel/queue';
import { Counter, Gauge, Histogram, type Registry } from '@postel/supervision';

/** What an operator watches of the relay. */
export class RelayMetrics {
  readonly attempts: Counter<'outcome'>;
  readonly reports: Counter<'action'>;
  readonly reportsWithheld: Counter<'limit'>;
  readonly signed: Counter<'result'>;
  readonly lost: Counter;
  readonly routeFailures: Counter<'route' | 'reason'>;
  readonly events: Counter<'outcome'>;
  readonly lostEvents: Counter;
  readonly leftOutCopies: Counter;
  readonly seconds: Histogram;

  constructor(registry: Registry, queue: Pick<Queue, 'figures'>) {
    const registers = [registry];
    this.attempts = new Counter({
      name: 'postel_relay_attempts_total',
      help: 'Attempts at recipients by what came of them: delivered, deferred or failed',
      labelNames: ['outcome'],
      registers,
    });
    this.reports = new Counter({
      name: 'postel_relay_reports_total',
      help: 'Reports to senders by what they tell: failed, delayed, relayed or delivered',
      labelNames: ['action'],
      registers,
    });
    this.reportsWithheld = new Counter({
      name: 'postel_relay_reports_withheld_total',
      help: 'Reports, of those, that senders did not get, because too many went in that hour to their address, or their domain',
      labelNames: ['limit'],
      registers,
    });
    this.signed = new Counter({
      name: 'postel_relay_signatures_total',
      help: 'Messages of domains here by whether they were signed: signed, no-key or too-long (the header section)',
      labelNames: ['result'],
      registers,
    });
    this.lost = new Counter({
      name: 'postel_relay_lost_leases_total',
      help: 'Recipients that somebody else may have taken meanwhile, because the database did not answer in time',
      registers,
    });
    this.routeFailures = new Counter({
      name: 'postel_relay_route_failures_total',
      help: 'Attempts that a route stood in the way of: login, tls, secrets, source, unreachable, protocol, or missing',
      labelNames: ['route', 'reason'],
      registers,
    });
    this.events = new Counter({
      name: 'postel_relay_webhook_events_total',
      help: 'Attempts to bring an event to a webhook by what came of them: taken or failed',
      labelNames: ['outcome'],
      registers,
    });
    this.lostEvents = new Counter({
      name: 'postel_relay_webhook_events_lost_total',
      help: 'Events that webhooks do not hear of, because too many wait for them already',
      registers,
    });
    this.leftOutCopies = new Counter({
      name: 'postel_relay_left_out_copies_total',
      help: 'Copies that members of aliases do not get by the queue, because they take no mail and too much waits for them already',
      registers,
    });
    this.seconds = new Histogram({
      name: 'postel_relay_transaction_seconds',
      help: 'From the DNS to the last reply',
      buckets: [0.1, 0.5, 1, 5, 30, 300],
      registers,
    });
    new Gauge({
      name: 'postel_queue_recipients',
      help: 'Recipients in the queue of the database: waiting, or held',
      labelNames: ['state'],
      registers,
      async collect() {
        const figures = await queue.figures().catch(() => null); // the database is away
        if (figures === null) return;
        this.set({ state: 'waiting' }, figures.waiting);
        this.set({ state: 'held' }, figures.held);
        oldest.set(figures.oldestMs / 1_000);
      },
    });
    const oldest = new Gauge({
      name: 'postel_queue_oldest_seconds',
      help: 'How long the message has waited that has waited longest',
      registers,
    });
  }
}
