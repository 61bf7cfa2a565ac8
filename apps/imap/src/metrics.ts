import { Counter, Gauge, type Registry } from '@postel/supervision';

/** What an operator watches of IMAP. */
export interface ImapMetrics {
  readonly connections: Gauge;
  readonly commands: Counter<'command' | 'outcome'>;
  readonly logins: Counter<'outcome'>;
}

export function createMetrics(register: Registry): ImapMetrics {
  const registers = [register];
  return {
    connections: new Gauge({ name: 'postel_imap_connections', help: 'Open IMAP connections', registers }),
    commands: new Counter({
      name: 'postel_imap_commands_total',
      help: 'IMAP commands answered, by name and tagged response',
      labelNames: ['command', 'outcome'],
      registers,
    }),
    logins: new Counter({
      name: 'postel_imap_logins_total',
      help: 'IMAP logins, by outcome',
      labelNames: ['outcome'],
      registers,
    }),
  };
}
