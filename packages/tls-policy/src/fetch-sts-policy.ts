import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { PeerCertificate } from 'node:tls';
import { lookUpAddresses } from '@postel/dns';
import { endOf, exchange, type Web, wordsOf } from './https-exchange.ts';
import { POLICY_MS, POLICY_OCTETS } from './limits.ts';
import { parseStsPolicy, type StsPolicy } from './sts-policy.ts';
import { type TlsFailure, tlsFailure } from './tls-failure.ts';

export interface StsWeb extends Web {
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
    const text = await get(web, host, addresses, endOf(web, web.timeoutMs ?? POLICY_MS));
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
  const headers = { accept: 'text/plain', 'accept-encoding': 'identity', 'cache-control': 'no-cache' };
  const path = '/.well-known/mta-sts.txt';
  const place = { host, port, path, addresses, authorities, checkServerIdentity };
  return await exchange({ ...place, method: 'GET', headers, signal }, null, async (answer) => {
    if (answer.statusCode !== 200) throw new Error(`it answers with status ${answer.statusCode}`);
    const [type = ''] = (answer.headers['content-type'] ?? '').toLowerCase().split(';');
    if (type.trim() !== 'text/plain') throw new Error('what it has is not text/plain');
    return await readBounded(answer);
  });
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

function fetchError(reason: string): TlsFailure {
  return tlsFailure('sts-policy-fetch-error', reason);
}
