import { readFile, stat } from 'node:fs/promises';
import { BlockList, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { lookUpAddresses, type Resolver } from '@postel/dns';
import type { MailHost } from './domain-records.ts';
import { type ServerKey, serverKey } from './server-key.ts';

/** What a configuration says of the server. */
export interface MailHostSource {
  readonly hostname: string;
  /** None: those that the DNS has, or the machine. */
  readonly publicAddresses: readonly string[];
  /** Files in PEM. */
  readonly certificates: readonly { readonly certFile: string; readonly keyFile: string }[];
  readonly ports: MailHost['ports'];
}

/** Addresses that nobody in the world has: RFC 6890. Of IPv6 those are public that were given out (RFC 4291 §2.4). */
const PRIVATE_IPV4 = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  PRIVATE_IPV4.addSubnet(network, bits, 'ipv4');
}
const PUBLIC_IPV6 = new BlockList();
PUBLIC_IPV6.addSubnet('2000::', 3, 'ipv6');

/**
 * The server as its records tell of it. Certificates that cannot be read are left out.
 *
 * @param own the machine's addresses
 */
export async function readMailHost(
  { hostname: name, publicAddresses, certificates, ports }: MailHostSource,
  resolver: Resolver,
  own: readonly string[] = ownAddresses(),
): Promise<MailHost> {
  const hostname = name.toLowerCase();
  const keys = await Promise.all(certificates.map((files) => readServerKey(files, hostname)));
  const addresses = publicAddresses.length > 0 ? publicAddresses : await findAddresses(hostname, resolver, own);
  return { hostname, addresses, keys: distinct(keys.filter((key) => key !== null)), ports };
}

/** What the DNS has, if it is this machine, or could be behind NAT. */
async function findAddresses(hostname: string, resolver: Resolver, own: readonly string[]): Promise<readonly string[]> {
  const answer = await lookUpAddresses(resolver, hostname);
  const known = answer.kind === 'found' ? answer.records : [];
  const here = own.filter(isPublic);
  return known.length > 0 && (here.length === 0 || known.some((address) => here.includes(address))) ? known : here;
}

function isPublic(address: string): boolean {
  return isIPv4(address) ? !PRIVATE_IPV4.check(address, 'ipv4') : PUBLIC_IPV6.check(address, 'ipv6');
}

function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address));
}

async function readServerKey(
  { certFile, keyFile }: MailHostSource['certificates'][number],
  hostname: string,
): Promise<ServerKey | null> {
  try {
    const [certificate, { mtime }] = await Promise.all([readFile(certFile), stat(keyFile)]);
    return serverKey(certificate, mtime, hostname);
  } catch {
    return null; // `config check` says why
  }
}

function distinct(keys: readonly ServerKey[]): readonly ServerKey[] {
  return [...new Map(keys.map((key) => [key.digest, key])).values()];
}
