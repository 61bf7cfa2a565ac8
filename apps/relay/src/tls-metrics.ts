import type { TlsMemory } from '@postel/queue';
import { Counter, Gauge, type Registry } from '@postel/supervision';

/** What an operator watches of TLS with other servers. */
export class TlsMetrics {
  /** By what counted (`dane`, `mta-sts`, `requiretls`, `none`) and what came of it (`secured`, `clear`, `refused`). */
  readonly connections: Counter<'policy' | 'outcome'>;
  readonly fetchFailures: Counter;

  constructor(registry: Registry, memory: Pick<TlsMemory, 'countMissing'>) {
    const registers = [registry];
    this.connections = new Counter({
      name: 'postel_relay_tls_connections_total',
      help: 'Connections with other servers by the policy that counted, and whether they came to be secured, clear or refused',
      labelNames: ['policy', 'outcome'],
      registers,
    });
    this.fetchFailures = new Counter({
      name: 'postel_relay_sts_fetch_failures_total',
      help: 'MTA-STS policies that could not be had',
      registers,
    });
    new Gauge({
      name: 'postel_relay_tls_missing_hosts',
      help: 'Servers that had TLS and have none any more: see postel queue tls list',
      registers,
      async collect() {
        const count = await memory.countMissing().catch(() => null); // the database is away
        if (count !== null) this.set(count);
      },
    });
  }
}
