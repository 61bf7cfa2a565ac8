import { Type } from 'typebox';
import { actorOf, ownSession } from '../access.ts';
import { absent, Problem } from '../problem.ts';
import { MadeToken, NewToken, Tokens } from '../schemas/sign-in.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const config = { access: 'sign-in' } as const;
const proving = { access: 'sign-in', needsProof: true } as const;
const tags = ['sign-in'];

/** Tokens, by which programs use the API. */
export function addTokenRoutes(api: WebApi, { directory }: Services): void {
  const { tokens } = directory.web;

  api.get(
    '/api/v1/tokens',
    { config, schema: { summary: 'Your tokens', tags, response: { 200: Tokens } } },
    async (request) => {
      const list = await tokens.list(ownSession(request).holder);
      return list.map(({ tokenId, name, scopes, createdAt, expiresAt, lastUsedAt, lastUsedFrom }) => ({
        id: tokenId,
        name,
        scopes: [...scopes],
        createdAt: createdAt.toISOString(),
        expiresAt: expiresAt?.toISOString() ?? null,
        lastUsedAt: lastUsedAt?.toISOString() ?? null,
        lastUsedFrom,
      }));
    },
  );

  api.post(
    '/api/v1/tokens',
    { config: proving, schema: { summary: 'Make a token', tags, body: NewToken, response: { 201: MadeToken } } },
    async (request, reply) => {
      const { holder, role } = ownSession(request);
      const { name, scopes, expiresAt = null } = request.body;
      const mayHave = (scope: string) => (scope.startsWith('admin:') ? role !== 'account' : holder !== null);
      if (!scopes.every(mayHave)) throw new Problem(403, 'not-allowed', 'A token can do no more than its owner.');
      const until = expiresAt === null ? null : new Date(expiresAt);
      const token = await tokens.add(actorOf(request), holder, { name, scopes, expiresAt: until });
      return reply.code(201).send({ token });
    },
  );

  api.delete(
    '/api/v1/tokens/:id',
    {
      config,
      schema: {
        summary: 'Remove a token',
        tags,
        params: Type.Object({ id: Type.String({ format: 'uuid' }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      if (!(await tokens.remove(actorOf(request), ownSession(request).holder, request.params.id)))
        throw absent('token');
      return reply.code(204).send(null);
    },
  );
}
