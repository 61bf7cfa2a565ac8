import { Counter, Gauge, type Registry } from '@postel/supervision';
import type { AnswerCache } from './answer-cache.ts';

/** What an operator watches of IMAP. */
export interface ImapMetrics {
  readonly connections: Gauge;
  readonly commands: Counter<'command' | 'outcome'>;
  readonly logins: Counter<'outcome'>;
  readonly fetched: Counter<'source'>;
}

export function createMetrics(register: Registry, caches: readonly AnswerCache[]): ImapMetrics {
  const registers = [register];
  new Gauge({
    name: 'postel_imap_answer_cache_octets',
    help: 'Memory that holds what FETCH answered before',
    registers,
    collect() {
      this.set(caches.reduce((sum, { octets }) => sum + octets, 0));
    },
  });
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
    fetched: new Counter({
      name: 'postel_imap_fetched_messages_total',
      help: 'Messages that FETCH told of, by where it had that from: memory or the database',
      labelNames: ['source'],
      registers,
    }),
  };
}
