import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { lookUpAddresses, type Resolver } from '@postel/dns';
import { POLICY_MS, POLICY_OCTETS } from './limits.ts';
import { parseStsPolicy, type StsPolicy } from './sts-policy.ts';
import { type TlsFailure, tlsFailure } from './tls-failure.ts';

export interface StsWeb {
  readonly resolver: Resolver;
  /** Authorities that are trusted, in PEM; null for those that Node.js knows. */
  readonly authorities: string | null;
  /** Whether a connection to an address may be made. */
  isReachable(address: string): boolean;
  /** 443 but in tests. */
  readonly port: number;
  /** For all of it. */
  readonly timeoutMs?: number;
}

/** A policy as it came, which is what is kept. */
export interface FetchedPolicy {
  readonly text: string;
  readonly policy: StsPolicy;
}

/**
 * Fetches the policy of a domain from its web server: RFC 8461 §3.3. Never throws for what that server does. No redirection is
 * followed, and nothing is kept by rules of HTTP.
 */
export async function fetchStsPolicy(web: StsWeb, domain: string): Promise<FetchedPolicy | TlsFailure> {
  const host = `mta-sts.${domain}`;
  const found = await lookUpAddresses(web.resolver, host);
  if (found.kind !== 'found') return fetchError(`the DNS has no address of ${host}`);
  // Looked up once: the name cannot lead elsewhere between a check and the connection.
  const addresses = found.records.filter((address) => web.isReachable(address));
  if (addresses.length === 0) return fetchError(`${host} has an address that is nowhere in the world`);
  try {
    const text = await get(web, host, addresses, AbortSignal.timeout(web.timeoutMs ?? POLICY_MS));
    const policy = parseStsPolicy(text);
    return typeof policy === 'string' ? tlsFailure('sts-policy-invalid', policy) : { text, policy };
  } catch (error) {
    if (isCertificateError(error))
      return tlsFailure('sts-webpki-invalid', `the certificate of ${host}: ${wordsOf(error)}`);
    return fetchError(`no policy comes from ${host}: ${wordsOf(error)}`);
  }
}

async function get(
  { port, authorities }: StsWeb,
  host: string,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const asked = request({
    host,
    port,
    path: '/.well-known/mta-sts.txt',
    servername: host,
    agent: false,
    lookup: alwaysTo(addresses),
    minVersion: 'TLSv1.2',
    checkServerIdentity,
    ...(authorities === null ? {} : { ca: authorities }),
    headers: { accept: 'text/plain', 'accept-encoding': 'identity', 'cache-control': 'no-cache' },
    signal,
  });
  // What comes after the answer is seen where the answer is read.
  asked.on('error', () => {});
  asked.end();
  try {
    const [answer]: [IncomingMessage] = (await Promise.race([
      once(asked, 'response'),
      // Neither an answer nor an error comes of a change to another protocol (101), which Node hangs up at.
      once(asked, 'close').then(() => Promise.reject(new Error('it ends without an answer'))),
    ])) as [IncomingMessage];
    if (answer.statusCode !== 200) throw new Error(`it answers with status ${answer.statusCode}`);
    const [type = ''] = (answer.headers['content-type'] ?? '').toLowerCase().split(';');
    if (type.trim() !== 'text/plain') throw new Error('what it has is not text/plain');
    return await readBounded(answer);
  } catch (error) {
    throw signal.aborted ? new Error('it takes too long') : error;
  } finally {
    asked.destroy();
  }
}

async function readBounded(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let octets = 0;
  for await (const piece of answer) {
    pieces.push(piece);
    octets += piece.length;
    // Leaving the loop destroys the connection.
    if (octets > POLICY_OCTETS) throw new Error(`it is longer than ${POLICY_OCTETS} octets`);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function alwaysTo(addresses: readonly string[]): LookupFunction {
  return (_host, options, callback) => {
    const all = addresses.map((address) => ({ address, family: isIP(address) }));
    const [first] = all;
    if (options.all === true) callback(null, all);
    else if (first !== undefined) callback(null, first.address, first.family);
  };
}

/** A DNS-ID alone: RFC 8461 §3.3. */
function checkServerIdentity(host: string, { raw }: PeerCertificate): Error | undefined {
  const isNamed = new X509Certificate(raw).checkHost(host, { subject: 'never', partialWildcards: false }) !== undefined;
  return isNamed
    ? undefined
    : Object.assign(new Error('it is for another name'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
}

/** As Node.js and OpenSSL call what is wrong with a chain, or its name. */
const CERTIFICATE_ERRORS =
  /^(?:CERT_|ERR_TLS_CERT_|UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF)|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH)/;

function isCertificateError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && CERTIFICATE_ERRORS.test(String(error.code));
}

function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

function fetchError(reason: string): TlsFailure {
  return tlsFailure('sts-policy-fetch-error', reason);
}
