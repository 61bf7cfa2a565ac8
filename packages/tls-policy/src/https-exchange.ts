import { once } from 'node:events';
import { type IncomingMessage, type OutgoingHttpHeaders, request as requestInTheClear } from 'node:http';
import { request as requestUnderTls } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import type { Resolver } from '@postel/dns';

/** What asking web servers of others needs of the rest. */
export interface Web {
  readonly resolver: Resolver;
  /** Authorities that are trusted, in PEM; null for those that Node.js knows. */
  readonly authorities: string | null;
  /** Whether a connection to an address may be made. */
  isReachable(address: string): boolean;
  /** 443 but in tests. */
  readonly port: number;
  /** Ends what is under way, when the process stops; left out: nothing does. */
  readonly signal?: AbortSignal;
}

/** Aborted when it takes too long, or nobody waits for it any more. */
export function endOf({ signal }: Pick<Web, 'signal'>, timeoutMs: number): AbortSignal {
  const timeout = AbortSignal.timeout(timeoutMs);
  return signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
}

interface Exchange {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Looked up before: the name cannot lead elsewhere between a check and the connection. */
  readonly addresses: readonly string[];
  readonly authorities: string | null;
  readonly method: 'GET' | 'POST';
  readonly headers: OutgoingHttpHeaders;
  readonly signal: AbortSignal;
  /** Without TLS; left out: with it. */
  readonly isPlain?: boolean;
  checkServerIdentity?(host: string, certificate: PeerCertificate): Error | undefined;
}

/** Asks a web server once, without following it anywhere, and ends the connection when the answer is read. @throws for all that goes wrong */
export async function exchange<Result>(
  { addresses, authorities, host, isPlain = false, ...options }: Exchange,
  body: Buffer | null,
  read: (answer: IncomingMessage) => Result | Promise<Result>,
): Promise<Result> {
  const request = isPlain ? requestInTheClear : requestUnderTls;
  const asked = request({
    ...options,
    host,
    // A name alone may stand there: RFC 6066 §3.
    ...(isIP(host) > 0 ? {} : { servername: host }),
    agent: false,
    lookup: alwaysTo(addresses),
    minVersion: 'TLSv1.2',
    ...(authorities === null ? {} : { ca: authorities }),
  });
  // What comes after the answer is seen where the answer is read.
  asked.on('error', () => {});
  try {
    const answered = Promise.race([
      once(asked, 'response'),
      // Neither an answer nor an error comes of a change to another protocol (101), which Node hangs up at.
      once(asked, 'close').then(() => Promise.reject(new Error('it ends without an answer'))),
    ]);
    asked.end(body ?? undefined);
    const [answer] = await answered;
    return await read(answer);
  } catch (error) {
    throw options.signal.aborted ? new Error('it takes too long') : error;
  } finally {
    asked.destroy();
  }
}

export function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

function alwaysTo(addresses: readonly string[]): LookupFunction {
  return (_host, options, callback) => {
    const all = addresses.map((address) => ({ address, family: isIP(address) }));
    const [first] = all;
    if (options.all === true) callback(null, all);
    else if (first !== undefined) callback(null, first.address, first.family);
  };
}
