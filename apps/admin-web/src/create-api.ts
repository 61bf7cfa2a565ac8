import cookie from '@fastify/cookie';
import swagger from '@fastify/swagger';
import { type CountLimit, DecayingCounts, DirectoryError, prefixesOf } from '@postel/directory';
import { StorageError } from '@postel/storage';
import type { Logger } from '@postel/supervision';
import { type FastifyError, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { type Principal, requireAccess, requireProof } from './access.ts';
import { addressOf } from './client-context.ts';
import { requireKnownHost } from './known-host.ts';
import { BEGUN_SIGN_INS, BODY_OCTETS, COUNTED_NETWORKS, NAME_CHARACTERS, REQUEST_MS, REQUESTS } from './limits.ts';
import { absent, directoryStatus, Problem, storageStatus } from './problem.ts';
import { requireStorable } from './require-storable.ts';
import { requireSameOrigin } from './same-origin.ts';
import { addSecurityHeaders } from './security-headers.ts';
import type { Services } from './services.ts';
import { readSessionCookie } from './session-cookie.ts';
import type { WebApi } from './web-api.ts';

export interface ApiOptions {
  readonly services: Pick<Services, 'directory' | 'hostname'>;
  readonly log: Logger;
  /** As CIDR: who is believed about the client's address and TLS. */
  readonly proxies: readonly string[];
  /** Milliseconds, of a clock that only goes forward. */
  readonly now: () => number;
}

/** What every request goes through, without routes. It has a server of its own, which listens nowhere: see WebServer. */
export async function createApi(options: ApiOptions): Promise<WebApi> {
  const { log, proxies } = options;
  const api: WebApi = fastify({
    logger: false,
    bodyLimit: BODY_OCTETS,
    routerOptions: { maxParamLength: NAME_CHARACTERS },
    requestTimeout: REQUEST_MS,
    trustProxy: proxies.length === 0 ? false : [...proxies],
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  });
  // JSON is all that the API takes: what a form can send is none (CSRF).
  api.removeContentTypeParser('text/plain');
  await api.register(cookie);
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Postel', version: '1', description: 'The API of a Postel mail server: docs/web.md' },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: '__Host-postel' },
        },
      },
      security: [{ token: [] }, { session: [] }],
    },
  });
  guard(api, options);
  api.setErrorHandler((error: FastifyError, request, reply) => sendError(error, request, reply, log));
  api.setNotFoundHandler(() => {
    throw absent('page');
  });
  return api;
}

const API = '/api/';

/** Who asks, and whether they may: before anything else is done with a request. */
function guard(api: WebApi, { services: { directory, hostname }, now }: ApiOptions): void {
  const counts = new DecayingCounts({ maxEntries: COUNTED_NETWORKS, now });
  const begun = new DecayingCounts({ maxEntries: COUNTED_NETWORKS, now });
  const count = (counted: DecayingCounts, network: string, limit: CountLimit) => {
    const waitMs = counted.waitMs(network, limit);
    if (waitMs > 0) throw new Problem(429, 'too-many-requests', 'Too many requests: wait a moment.', waitMs);
    counted.add(network, limit.intervalMs);
  };
  api.decorateRequest('principal', null);
  api.addHook('onRoute', ({ url, config }) => {
    if (config?.access === undefined) throw new Error(`The route ${url} does not say who may use it`);
  });
  api.addHook('onRequest', async (request) => {
    const { host, region } = prefixesOf(addressOf(request));
    count(counts, host, REQUESTS);
    const { url, config } = request.routeOptions;
    const { access } = config;
    if (config.isRemembered === true) count(begun, region, BEGUN_SIGN_INS);
    if (access === undefined) return; // nothing is there
    // Pages are for everybody, and so are the policies of domains, which have host names of their own.
    if (url?.startsWith(API) === true) requireKnownHost(request, hostname);
    const cookie = readSessionCookie(request);
    requireSameOrigin(request, cookie !== null);
    request.principal = await findPrincipal(directory, request, cookie);
    requireAccess(access, request.principal, request.method);
    if (config.needsProof === true) requireProof(request);
  });
  api.addHook('preValidation', async ({ params, query, routeOptions: { config } }) => {
    // What is public says itself what it makes of names of any kind: nobody is to learn from it who is here.
    if (config.access !== 'public') requireStorable(params, query);
  });
  api.addHook('onSend', async (request, reply) => addSecurityHeaders(request, reply));
}

const BEARER = /^Bearer ([A-Za-z0-9_-]{1,100})$/i;

async function findPrincipal(
  { web }: Services['directory'],
  request: FastifyRequest,
  cookie: string | null,
): Promise<Principal | null> {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const [, token] = BEARER.exec(authorization) ?? [];
    const found = token === undefined ? null : await web.tokens.find(token, addressOf(request));
    if (found === null) throw new Problem(401, 'not-signed-in', 'This token is none, or it has expired.');
    return { type: 'token', ...found };
  }
  const session = cookie === null ? null : await web.sessions.find(cookie);
  return session === null || session.awaitsCode ? null : { type: 'session', ...session };
}

function sendError(error: FastifyError, request: FastifyRequest, reply: FastifyReply, log: Logger): FastifyReply {
  const { status, kind, detail, retryAfterMs } = problemOf(error);
  if (status >= 500 && kind !== 'unavailable') {
    const { method, id } = request;
    log.error({ err: error, method, route: request.routeOptions.url, request: id }, 'a request failed');
  }
  if (retryAfterMs !== null) reply.header('retry-after', Math.ceil(retryAfterMs / 1_000));
  return reply.code(status).type('application/problem+json').serializer(JSON.stringify).send({ status, kind, detail });
}

/** What nobody foresaw stays in our log. */
function problemOf(error: FastifyError) {
  const { statusCode, message } = error;
  if (error instanceof Problem) {
    return { status: error.status, kind: error.kind, detail: message, retryAfterMs: error.retryAfterMs };
  }
  const without = { retryAfterMs: null };
  if (error instanceof DirectoryError) {
    const { kind, retryAfterMs } = error;
    return { status: directoryStatus[kind], kind, detail: sentence(message), retryAfterMs };
  }
  if (error instanceof StorageError) {
    return { ...without, status: storageStatus[error.kind] ?? 500, kind: error.kind, detail: sentence(message) };
  }
  if (statusCode === undefined || statusCode >= 500) {
    const detail = 'Something went wrong here. It is in the log of the server; try again later.';
    return { ...without, status: 500, kind: 'failed', detail };
  }
  const kind = error.validation === undefined ? 'bad-request' : 'invalid';
  const detail = sentence(error.validation === undefined ? message : withoutPlace(message));
  return { ...without, status: statusCode === 400 ? 422 : statusCode, kind, detail };
}

/** `body/hosts/0 must NOT have fewer than 1 characters`: people know of no body, and need no capitals. */
function withoutPlace(message: string): string {
  const [, missing] = /^\S{1,200} must have required property '([^']{1,200})'$/.exec(message) ?? [];
  if (missing !== undefined) return `“${missing}” is missing`;
  const [, field, words] = /^(?:body|querystring|params|headers)\/(\S{1,200}) (.*)$/s.exec(message) ?? [];
  return field === undefined || words === undefined ? message : `“${field}” ${words.replace('must NOT', 'must not')}`;
}

const sentence = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`);
