import type { TLSSocket } from 'node:tls';
import type { LoginContext } from '@postel/directory';
import type { FastifyRequest } from 'fastify';

/** Where a sign-in comes from, as limits and history are told. */
export function clientContext(request: FastifyRequest): LoginContext {
  const { socket } = request.raw;
  const tlsVersion = 'getProtocol' in socket ? (socket as TLSSocket).getProtocol() : null;
  return { service: 'web', clientAddress: request.ip, tlsVersion, clientKey: null, unknownKey: null };
}
