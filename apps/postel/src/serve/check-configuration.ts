import { BlockList, isIPv6 } from 'node:net';
import type { Configuration } from '@postel/config';
import { checkCertificates } from './check-certificates.ts';

/** Loopback, private (RFC 1918, RFC 4193) and link-local addresses: who reaches them is near. */
const NEAR = new BlockList();
for (const [address, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const) {
  NEAR.addSubnet(address, prefix, 'ipv4');
}
NEAR.addAddress('::1', 'ipv6');
NEAR.addSubnet('fc00::', 7, 'ipv6');
NEAR.addSubnet('fe80::', 10, 'ipv6');

/**
 * Looks at what the file names and how its parts go together.
 * @returns what the operator should know
 * @throws {CommandError} if a certificate cannot be used
 */
export async function checkConfiguration(configuration: Configuration): Promise<readonly string[]> {
  const open = configuration.smtp.lmtp.filter(({ host }) => !isNear(host));
  return [
    ...(await checkCertificates(configuration)),
    ...checkDatabaseUrl(configuration.databaseUrl),
    ...checkMechanisms(configuration),
    ...open.map(
      ({ host, port }) =>
        `LMTP listens at ${host}, port ${port}: whoever reaches it puts mail into mailboxes unchecked. Let it listen at ` +
        'a loopback or private address, or keep others away with a firewall',
    ),
  ];
}

/** Whom another key lets in, but no mechanism. */
function checkMechanisms({ login, oauthIssuers }: Configuration): readonly string[] {
  const { mechanisms = null, anonymousAccount = null } = login;
  if (mechanisms === null) return [];
  const isLeftOut = (...names: readonly string[]) => !names.some((name) => mechanisms.includes(name));
  return [
    ...(anonymousAccount !== null && isLeftOut('ANONYMOUS')
      ? ['login.anonymousAccount lets nobody in, for login.mechanisms leaves out ANONYMOUS']
      : []),
    ...(oauthIssuers.length > 0 && isLeftOut('OAUTHBEARER', 'XOAUTH2')
      ? ['login.oauth lets nobody in, for login.mechanisms leaves out OAUTHBEARER and XOAUTH2']
      : []),
  ];
}

/** A database on this machine, or one whose certificate is compared with something, is nobody else's. */
const TRUSTED_DATABASE =
  /@(localhost|127\.[\d.]+|\[::1\])?(:\d+)?(\/|$)|[?&](host=(\/|%2f)|sslmode=verify-(ca|full)(&|$))/i;

function checkDatabaseUrl(url: string | null): readonly string[] {
  if (url === null || TRUSTED_DATABASE.test(url)) return [];
  return [
    'database.url names another machine without sslmode=verify-full: who is on the way there can read and change all mail, ' +
      'unless the network itself is private. See docs/operations.md, Several processes, several hosts',
  ];
}

function isNear(host: string): boolean {
  return host !== '*' && NEAR.check(host.replace(/%.*/, ''), isIPv6(host) ? 'ipv6' : 'ipv4');
}
