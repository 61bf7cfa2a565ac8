import { isIP } from 'node:net';
import { lookUpAddresses } from '@postel/dns';
import { endOf, exchange, type Web, wordsOf } from './https-exchange.ts';
import { EVENT_MS } from './limits.ts';

/** Something to be brought to a web server that somebody named. */
export interface EventPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** It may go to any address, and without TLS: an operator has said so of this server. */
  readonly allowsPrivate: boolean;
}

/**
 * Brings something to a web server, once: to an address that was looked at before, without following it anywhere, and reading nothing of
 * its answer but the status.
 *
 * @returns the status of the answer @throws {Error} why there is none, in words
 */
export async function postEvent(
  web: Pick<Web, 'resolver' | 'authorities' | 'isReachable' | 'signal'>,
  { url: text, headers, body, allowsPrivate }: EventPost,
  timeoutMs = EVENT_MS,
): Promise<number> {
  const url = new URL(text);
  const isPlain = url.protocol === 'http:';
  if (isPlain ? !allowsPrivate : url.protocol !== 'https:') throw new Error('it is not under https');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const found = await addressesOf(web, host);
  const addresses = found.filter((address) => allowsPrivate || web.isReachable(address));
  if (addresses.length === 0) {
    throw new Error(found.length === 0 ? 'the DNS has no address of it' : 'it has no address in the world');
  }
  const path = `${url.pathname}${url.search}`;
  const port = url.port === '' ? (isPlain ? 80 : 443) : Number(url.port);
  const place = { host, port, path, addresses, authorities: web.authorities, isPlain };
  const all = { 'content-type': 'application/json', 'content-length': body.length, 'user-agent': 'Postel', ...headers };
  try {
    return await exchange(
      { ...place, method: 'POST', headers: all, signal: endOf(web, timeoutMs) },
      body,
      ({ statusCode = 0 }) => statusCode,
    );
  } catch (error) {
    throw new Error(wordsOf(error), { cause: error });
  }
}

async function addressesOf({ resolver }: Pick<Web, 'resolver'>, host: string): Promise<readonly string[]> {
  if (isIP(host) > 0) return [host];
  const answer = await lookUpAddresses(resolver, host);
  return answer.kind === 'found' ? answer.records : [];
}
