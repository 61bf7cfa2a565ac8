import { once } from 'node:events';
import { isIP, isIPv4, type Socket } from 'node:net';

/** A SOCKS5 proxy: RFC 1928. */
export interface SocksProxy {
  readonly host: string;
  readonly port: number;
  /** RFC 1929: 1 to 255 octets each; null: it wants none. */
  readonly login: { readonly user: string; readonly password: string } | null;
}

/** Of a user name, a password, a host name. */
export const SOCKS_TEXT_OCTETS = 255;

const VERSION = 5;
const NO_LOGIN = 0;
const USER_AND_PASSWORD = 2;
const NOTHING_FITS = 0xff;
const LOGIN_VERSION = 1;
const CONNECT = 1;
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

/** RFC 1928 §6. */
const REFUSALS = new Map([
  [1, 'something is wrong with it'],
  [2, 'its rules do not allow that'],
  [3, 'it has no way to that network'],
  [4, 'it has no way to that host'],
  [5, 'the host refuses the connection'],
  [6, 'the connection took it too long'],
  [7, 'it makes no connections'],
  [8, 'it knows no such addresses'],
]);

/**
 * Has a proxy, to which a socket is connected, connect to a host. Of what comes behind its answer nothing is read.
 *
 * @param host an address, or a name for the proxy to look up
 * @throws {Error} with what the proxy says; or the signal's
 */
export async function connectBySocks(
  socket: Socket,
  { login }: SocksProxy,
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<void> {
  const methods = login === null ? [NO_LOGIN] : [NO_LOGIN, USER_AND_PASSWORD];
  socket.write(Buffer.from([VERSION, methods.length, ...methods]));
  const [version, method] = await take(socket, 2, signal);
  if (version !== VERSION) throw new Error('it does not speak SOCKS5');
  if (method === USER_AND_PASSWORD && login !== null) await logIn(socket, login, signal);
  else if (method === NOTHING_FITS)
    throw new Error(login === null ? 'it wants a login' : 'it takes no login by password');
  else if (method !== NO_LOGIN) throw new Error('it asks for what was not offered');

  const target = Buffer.alloc(2);
  target.writeUInt16BE(port);
  socket.write(Buffer.concat([Buffer.from([VERSION, CONNECT, 0]), addressOctets(host), target]));
  const [, reply = 1, , type] = await take(socket, 4, signal);
  if (reply !== 0) throw new Error(REFUSALS.get(reply) ?? `it refuses, with the code ${reply}`);
  // Where it connected from is of no use to us.
  const [length] = type === NAME ? await take(socket, 1, signal) : [type === IPV4 ? 4 : 16];
  if (type !== NAME && type !== IPV4 && type !== IPV6) throw new Error('its answer is none of SOCKS5');
  await take(socket, (length ?? 0) + 2, signal);
}

/** RFC 1929. */
async function logIn(
  socket: Socket,
  { user, password }: NonNullable<SocksProxy['login']>,
  signal: AbortSignal,
): Promise<void> {
  socket.write(Buffer.concat([Buffer.from([LOGIN_VERSION]), lengthAnd(user), lengthAnd(password)]));
  const [, status] = await take(socket, 2, signal);
  if (status !== 0) throw new Error('it does not let us in by this user name and password');
}

function addressOctets(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from([IPV4, ...host.split('.').map(Number)]);
  if (isIP(host) === 0) return Buffer.concat([Buffer.from([NAME]), lengthAnd(host)]);
  return Buffer.concat([Buffer.from([IPV6]), ipv6Octets(host)]);
}

/** Sixteen octets, whichever way it is written. */
function ipv6Octets(address: string): Buffer {
  // The one form that URLs have: without an embedded IPv4 address, and in lower case.
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail = null] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const [left, right] = [groups(head), tail === null ? [] : groups(tail)];
  const all = [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
  const octets = Buffer.alloc(16);
  for (const [at, group] of all.entries()) octets.writeUInt16BE(group, at * 2);
  return octets;
}

function lengthAnd(text: string): Buffer {
  const octets = Buffer.from(text);
  if (octets.length === 0 || octets.length > SOCKS_TEXT_OCTETS) {
    throw new Error(`what is said to it has from 1 to ${SOCKS_TEXT_OCTETS} octets`);
  }
  return Buffer.concat([Buffer.from([octets.length]), octets]);
}

/** Exactly so many octets. */
async function take(socket: Socket, octets: number, signal: AbortSignal): Promise<Buffer> {
  for (;;) {
    const taken: Buffer | null = socket.read(octets);
    if (taken !== null && taken.length === octets) return taken;
    if (taken !== null || socket.readableEnded || socket.destroyed) throw new Error('it closed the connection');
    await moreOf(socket, signal);
  }
}

/** Until there is something to read, or it is over. */
async function moreOf(socket: Socket, signal: AbortSignal): Promise<void> {
  const waiting = new AbortController();
  const either = { signal: AbortSignal.any([signal, waiting.signal]) };
  const events = ['readable', 'end', 'close'].map((name) => once(socket, name, either));
  try {
    await Promise.race(events);
  } finally {
    waiting.abort();
    await Promise.allSettled(events);
  }
}
