import { readFileSync } from 'node:fs';
import { isIP, isIPv4 } from 'node:net';

/** A recursive resolver. */
export interface DnsServer {
  readonly address: string;
  readonly port: number;
  /** Its word on DNSSEC is taken: it validates, and nobody can come between it and us. */
  readonly isTrusted: boolean;
}

const DNS_PORT = 53;
/** As many as the C library takes (resolv.conf(5), MAXNS). */
const SERVERS = 3;

/** Those of /etc/resolv.conf; one on this machine if it names none, as resolv.conf(5) says. */
export function systemServers(file = '/etc/resolv.conf'): readonly DnsServer[] {
  const servers = readLines(file)
    .map((line) => /^nameserver[ \t]+([^ \t;#]+)/.exec(line)?.[1] ?? '')
    .filter((address) => isIP(address.replace(/%.*$/, '')) !== 0)
    .slice(0, SERVERS)
    .map((address) => dnsServer(address));
  return servers.length > 0 ? servers : [dnsServer('127.0.0.1')];
}

/** A server is trusted with DNSSEC if it is on this machine. */
function dnsServer(address: string): DnsServer {
  return { address, port: DNS_PORT, isTrusted: isLoopback(address) };
}

function isLoopback(address: string): boolean {
  return (isIPv4(address) && address.startsWith('127.')) || address === '::1';
}

function readLines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'latin1').split('\n');
  } catch {
    return []; // as if it were empty
  }
}
