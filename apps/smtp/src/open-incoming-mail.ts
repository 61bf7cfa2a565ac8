import { type DnsServer, StubResolver, systemServers } from '@postel/dns';
import type { Logger } from '@postel/supervision';
import { IncomingMail } from './incoming-mail.ts';

interface OpenIncomingMailOptions {
  readonly hostname: string;
  readonly log: Logger;
  /** Those of the system, if not given. */
  readonly dnsServers?: readonly DnsServer[] | undefined;
  /** Of a network that is named as trusted. */
  readonly isTrusted: (address: string) => boolean;
}

/** What finds out about mail from other servers. */
export function openIncomingMail({ hostname, log, dnsServers, isTrusted }: OpenIncomingMailOptions): IncomingMail {
  const resolver = new StubResolver({
    servers: dnsServers === undefined ? systemServers : () => dnsServers,
    onChange: (isAnswered) =>
      isAnswered
        ? log.info('the DNS answers again')
        : log.warn('no DNS server answers: who sends mail cannot be checked'),
  });
  return new IncomingMail({
    resolver,
    hostname,
    isExempt: (address) => isLoopback(address) || isTrusted(address),
    onError: (error) => log.error({ err: error }, 'mail could not be checked'),
  });
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address.startsWith('::ffff:127.') || address === '::1';
}
