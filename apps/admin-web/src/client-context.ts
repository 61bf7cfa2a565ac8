import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { LoginContext } from '@postel/directory';
import type { FastifyRequest } from 'fastify';

/** Where a sign-in comes from, as limits and history are told. */
export function clientContext(request: FastifyRequest): LoginContext {
  const { socket } = request.raw;
  const tlsVersion = 'getProtocol' in socket ? (socket as TLSSocket).getProtocol() : null;
  return { service: 'web', clientAddress: addressOf(request), tlsVersion, clientKey: null, unknownKey: null };
}

/** The client's, or what a proxy that is believed says of it; IPv4 as such, also on a socket for both. Empty: it is none. */
export function addressOf({ ip }: FastifyRequest): string {
  const address = ip.replace(/%.*/, '').replace(/^::ffff:(?=[0-9.]+$)/i, '');
  return isIP(address) === 0 ? '' : address;
}
