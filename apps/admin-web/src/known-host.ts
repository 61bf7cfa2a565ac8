import type { FastifyRequest } from 'fastify';
import { Problem } from './problem.ts';

/**
 * Refuses a page of another site whose name leads here by now (DNS rebinding): for a browser the site and this server are one
 * then, and cookie and origin tell nothing. Over TLS it cannot be, for no certificate of ours has that name; in the clear
 * there are names that nobody else can have: the host's own, localhost, and addresses.
 *
 * @throws {Problem}
 */
export function requireKnownHost(request: FastifyRequest, hostname: string): void {
  if (request.protocol === 'https') return;
  const name = request.hostname.toLowerCase();
  const isLocal = name === 'localhost' || name.endsWith('.localhost');
  if (isLocal || isAddress(name) || name === hostname.toLowerCase()) return;
  throw new Problem(
    421,
    'other-host',
    `This server has another name: without TLS ask for localhost, its address, or ${hostname}.`,
  );
}

const isAddress = (name: string) => /^\[[\da-f:.]+\]$|^\d{1,3}(\.\d{1,3}){3}$/.test(name);
