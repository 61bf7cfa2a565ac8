import { Counter, Gauge, Histogram, type Registry } from '@postel/supervision';

/** What an operator watches of this process. */
export class SmtpMetrics {
  readonly connections: Counter;
  readonly openConnections: Gauge;
  readonly logins: Counter;
  readonly messages: Counter;
  readonly octets: Counter;
  readonly refusals: Counter;
  readonly authenticationResults: Counter;
  readonly deliverySeconds: Histogram;
  readonly waitingCopies: Counter;
  readonly leftOutCopies: Counter;
  readonly possibleDuplicates: Counter;
  readonly reportsWithheld: Counter<'limit'>;
  readonly rejectCopies: Counter;
  readonly dmarcCounted: Counter;
  readonly reportsReceived: Counter;
  readonly dnsblAnswers: Counter;
  readonly dnsblBelieved: Gauge;
  readonly rspamdChecks: Counter;
  readonly queued: Counter;
  readonly records: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.connections = new Counter({
      name: 'postel_smtp_connections_total',
      help: 'Connections accepted',
      labelNames: ['listener'],
      registers,
    });
    this.openConnections = new Gauge({
      name: 'postel_smtp_open_connections',
      help: 'Connections open now',
      labelNames: ['listener'],
      registers,
    });
    this.logins = new Counter({
      name: 'postel_smtp_logins_total',
      help: 'AUTH exchanges that came to an end, by outcome',
      labelNames: ['outcome'],
      registers,
    });
    this.queued = new Counter({
      name: 'postel_smtp_queued_recipients_total',
      help: 'Recipients at other servers whose mail was put into the queue',
      registers,
    });
    this.records = new Counter({
      name: 'postel_smtp_records_total',
      help: 'Rows of the record of mail: written, folded into one of their network, or dropped because the database was too slow',
      labelNames: ['outcome'],
      registers,
    });
    this.messages = new Counter({
      name: 'postel_smtp_messages_total',
      help: 'Messages accepted',
      labelNames: ['listener'],
      registers,
    });
    this.octets = new Counter({
      name: 'postel_smtp_message_octets_total',
      help: 'Octets of content of the messages accepted',
      labelNames: ['listener'],
      registers,
    });
    this.refusals = new Counter({
      name: 'postel_smtp_refusals_total',
      help: 'Replies that refused a command, by the first digit of their code',
      labelNames: ['listener', 'command', 'class'],
      registers,
    });
    this.waitingCopies = new Counter({
      name: 'postel_smtp_waiting_copies_total',
      help: 'Copies of accepted messages that wait, because their accounts could not take them',
      registers,
    });
    this.leftOutCopies = new Counter({
      name: 'postel_smtp_left_out_copies_total',
      help: 'Copies that members of aliases do not get, because they could not take mail and too many waited for them already',
      registers,
    });
    this.possibleDuplicates = new Counter({
      name: 'postel_smtp_possible_duplicates_total',
      help: 'Messages that some recipients have and that were not accepted, so that they may come again',
      registers,
    });
    this.reportsWithheld = new Counter({
      name: 'postel_smtp_reports_withheld_total',
      help: 'Reports that senders did not get, because too many went in that hour to their address, or their domain',
      labelNames: ['limit'],
      registers,
    });
    this.rejectCopies = new Counter({
      name: 'postel_smtp_reject_copies_total',
      help: 'Copies of suspect messages for Rejects: kept, known (there was one before), or failed',
      labelNames: ['outcome'],
      registers,
    });
    this.authenticationResults = new Counter({
      name: 'postel_smtp_authentication_results_total',
      help: 'What was found out about messages of other servers, by method',
      labelNames: ['method', 'result'],
      registers,
    });
    this.dmarcCounted = new Counter({
      name: 'postel_smtp_dmarc_counted_total',
      help: 'Messages that the owners of policies are told of (DMARC reports), by what was done for the policy',
      labelNames: ['disposition'],
      registers,
    });
    this.reportsReceived = new Counter({
      name: 'postel_smtp_reports_received_total',
      help: 'Messages that say they are reports on our domains: kept to be read, or dropped for want of room',
      labelNames: ['outcome'],
      registers,
    });
    this.dnsblAnswers = new Counter({
      name: 'postel_smtp_dnsbl_answers_total',
      help: 'Clients that DNSBLs were asked about, by what they said',
      labelNames: ['list', 'answer'],
      registers,
    });
    this.dnsblBelieved = new Gauge({
      name: 'postel_smtp_dnsbl_believed',
      help: 'The test entries of a DNSBL are right',
      labelNames: ['list', 'family'],
      registers,
    });
    this.rspamdChecks = new Counter({
      name: 'postel_smtp_rspamd_checks_total',
      help: 'Messages of other servers, by what Rspamd said about them or why it said nothing',
      labelNames: ['outcome'],
      registers,
    });
    this.deliverySeconds = new Histogram({
      name: 'postel_smtp_delivery_seconds',
      help: 'From the end of data to the reply',
      labelNames: ['listener'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
  }
}
