import type { FastifyReply, FastifyRequest } from 'fastify';

/** With the prefix a browser takes it over TLS alone, and from nobody but this host (RFC 6265bis §4.1.3.2). */
const nameFor = (request: FastifyRequest) => (request.protocol === 'https' ? '__Host-postel' : 'postel');

const MAX_TOKEN_CHARACTERS = 100;

export function readSessionCookie(request: FastifyRequest): string | null {
  const token = request.cookies[nameFor(request)];
  return token === undefined || token === '' || token.length > MAX_TOKEN_CHARACTERS ? null : token;
}

/** Until the browser is closed, or the session is over. */
export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, token: string): void {
  reply.setCookie(nameFor(request), token, optionsFor(request));
}

export function clearSessionCookie(request: FastifyRequest, reply: FastifyReply): void {
  reply.clearCookie(nameFor(request), optionsFor(request));
}

const keyNameFor = (request: FastifyRequest) => `${nameFor(request)}-key`;
const KEY_COOKIE_SECONDS = 300;

/** Of a sign-in by the key of a device, while the browser is elsewhere. */
export function readKeyCookie(request: FastifyRequest): string | null {
  const token = request.cookies[keyNameFor(request)];
  return token === undefined || token === '' || token.length > MAX_TOKEN_CHARACTERS ? null : token;
}

export function setKeyCookie(request: FastifyRequest, reply: FastifyReply, token: string): void {
  reply.setCookie(keyNameFor(request), token, { ...optionsFor(request), maxAge: KEY_COOKIE_SECONDS });
}

export function clearKeyCookie(request: FastifyRequest, reply: FastifyReply): void {
  reply.clearCookie(keyNameFor(request), optionsFor(request));
}

/** Without TLS only loopback is served, or a proxy that says how it was asked. */
const optionsFor = (request: FastifyRequest) =>
  ({ path: '/', httpOnly: true, sameSite: 'strict', secure: request.protocol === 'https' }) as const;
