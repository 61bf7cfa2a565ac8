import type { FastifyRequest } from 'fastify';
import { Problem } from './problem.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses what another site made a browser send (CSRF), beside the cookie's SameSite. A browser says where a request that may
 * change something comes from; what says nothing and shows a session is refused too.
 *
 * @throws {Problem}
 */
export function requireSameOrigin(request: FastifyRequest, hasCookie: boolean): void {
  if (SAFE_METHODS.has(request.method) || request.headers.authorization !== undefined) return;
  const { origin, 'sec-fetch-site': site } = request.headers;
  const isForeign = (site !== undefined && site !== 'same-origin') || (origin !== undefined && !isOwn(origin, request));
  const saysNothing = site === undefined && origin === undefined;
  if (!isForeign && !(saysNothing && hasCookie)) return;
  throw new Problem(403, 'other-origin', 'This request came from another site, and was not carried out.');
}

function isOwn(origin: string, request: FastifyRequest): boolean {
  return origin === `${request.protocol}://${request.host}`;
}
