import { isIP, isIPv4 } from 'node:net';
import { onOrOff } from './on-or-off.ts';
import type { SettingReader } from './setting-reader.ts';

/** A recursive resolver. */
export interface DnsServerAddress {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
  /** It is believed about DNSSEC. */
  readonly isTrusted: boolean;
}

const DNS_PORT = 53;
const SERVERS = 10;
/** `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53`, `[2001:db8::53]:5353`. */
const WITH_PORT = /^(?:\[([^[\]]+)\]|([^:]+)):(\d{1,5})$/;

/** `dns` of the configuration file. None: those of the system. */
export function readDnsServers(dns: SettingReader): readonly DnsServerAddress[] {
  const isTrusted = dns.has('trusted') && onOrOff(dns.at('trusted'));
  if (!dns.has('servers')) return [];
  const servers = dns.at('servers').list(readServer);
  if (servers.length > SERVERS) dns.at('servers').refuse(`must be ${SERVERS} at most`);
  return servers.map((server) => ({ ...server, isTrusted: isTrusted || isLoopback(server.address) }));
}

function readServer(setting: SettingReader): Pick<DnsServerAddress, 'address' | 'port'> {
  const text = setting.text();
  const [, ipv6, ipv4, port] = isIP(text) === 0 ? (WITH_PORT.exec(text) ?? []) : [];
  const address = ipv6 ?? ipv4 ?? text;
  const portNumber = port === undefined ? DNS_PORT : Number(port);
  if (isIP(address) === 0 || portNumber < 1 || portNumber > 65_535) {
    setting.refuse('must be an IP address of a DNS server, with a port where it is not 53: [2001:db8::53]:5353');
  }
  return { address, port: portNumber };
}

/** Between it and us there is nobody. */
function isLoopback(address: string): boolean {
  return (isIPv4(address) && address.startsWith('127.')) || address === '::1';
}

/** @throws {SettingsError} */
export function parseDnsServer(setting: SettingReader): DnsServerAddress {
  return {
    address: setting.at('address').text(),
    port: setting.at('port').port(1),
    isTrusted: setting.at('isTrusted').boolean(),
  };
}
