import { type DnsServer, StubResolver, systemServers } from '@postel/dns';
import type { Logger } from '@postel/supervision';
import { BlockLists } from './block-lists.ts';
import { IncomingMail } from './incoming-mail.ts';
import type { SmtpMetrics } from './smtp-metrics.ts';

interface OpenIncomingMailOptions {
  readonly hostname: string;
  readonly log: Logger;
  readonly metrics: SmtpMetrics;
  /** Milliseconds, of a clock that only goes forward. */
  now(): number;
  /** Those of the system, if not given. */
  readonly dnsServers?: readonly DnsServer[] | undefined;
  /** Where DNSBLs begin in the DNS. */
  readonly dnsbls: readonly string[];
  /** Of a network that is named as trusted. */
  readonly isTrusted: (address: string) => boolean;
}

/** What finds out about mail from other servers. */
export function openIncomingMail(options: OpenIncomingMailOptions): {
  readonly incoming: IncomingMail;
  readonly blockLists: BlockLists;
} {
  const { hostname, log, metrics, now, dnsServers, dnsbls, isTrusted } = options;
  const resolver = new StubResolver({
    servers: dnsServers === undefined ? systemServers : () => dnsServers,
    onChange: (isAnswered) =>
      isAnswered
        ? log.info('the DNS answers again')
        : log.warn('no DNS server answers: who sends mail cannot be checked'),
  });
  const blockLists = new BlockLists({ resolver, zones: dnsbls, metrics, log, now });
  const incoming = new IncomingMail({
    resolver,
    hostname,
    blockLists,
    isExempt: (address) => isLoopback(address) || isTrusted(address),
    onError: (error) => log.error({ err: error }, 'mail could not be checked'),
  });
  return { incoming, blockLists };
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address.startsWith('::ffff:127.') || address === '::1';
}
