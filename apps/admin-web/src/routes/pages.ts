import type { FastifyReply, FastifyRequest } from 'fastify';
import type { UiFiles } from '../ui/ui-files.ts';
import type { WebApi } from '../web-api.ts';

/** Names of assets have a hash of their content. */
const FOR_GOOD = 'public, max-age=31536000, immutable';

/** The pages for people, and the description of the API for programs. */
export function addPageRoutes(api: WebApi, files: UiFiles): void {
  const config = { access: 'public' } as const;
  const hide = { hide: true } as const;

  api.get('/api/v1/openapi.json', { config, schema: hide }, () => api.swagger());

  api.get('/assets/*', { config, schema: hide }, async (request, reply) => {
    return await send(files, request, reply, request.url.split('?', 1)[0] ?? '', FOR_GOOD);
  });
  api.get('/icon.svg', { config, schema: hide }, (request, reply) => {
    return send(files, request, reply, '/icon.svg', 'public, max-age=86400');
  });

  // Which page it is, the browser decides: every address of one is the same document.
  const page = (request: FastifyRequest, reply: FastifyReply) => send(files, request, reply, '/index.html', 'no-cache');
  for (const url of ['/', '/admin', '/admin/*', '/account/*']) api.get(url, { config, schema: hide }, page);
}

async function send(
  files: UiFiles,
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
  cacheControl: string,
): Promise<FastifyReply> {
  const file = (await files.load()).get(path);
  if (file === undefined) {
    reply.callNotFound();
    return reply;
  }
  reply.header('cache-control', cacheControl).header('vary', 'accept-encoding').header('etag', file.etag);
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  const isGzip = file.gzip !== null && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  if (isGzip) reply.header('content-encoding', 'gzip');
  return reply.type(file.type).send(isGzip ? file.gzip : file.octets);
}
