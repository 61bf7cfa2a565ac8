import type { WebSettings } from '@postel/config';
import { type Resolver, StubResolver, systemServers } from '@postel/dns';
import { type MailHost, readMailHost } from '@postel/domain-records';

/** What DNS records say of the server, and who is asked about them. */
export interface DomainDns {
  readonly resolver: Resolver;
  /** All who are asked are believed about DNSSEC. */
  readonly knowsDnssec: boolean;
  host(): Promise<MailHost>;
}

export function openDomainDns(settings: WebSettings): DomainDns {
  const { hostname, certificates, mailPorts: ports, publicAddresses = [], dnsServers = [] } = settings;
  const servers = () => (dnsServers.length > 0 ? dnsServers : systemServers());
  const resolver = new StubResolver({ servers });
  return {
    resolver,
    knowsDnssec: servers().every(({ isTrusted }) => isTrusted),
    host: () => readMailHost({ hostname, publicAddresses, certificates, ports }, resolver),
  };
}
