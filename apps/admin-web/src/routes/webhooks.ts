import { type ListedWebhook, WEBHOOK_EVENTS, type WebhookChange } from '@postel/directory';
import { webhookSealer } from '@postel/routes';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actorOf, ownAccount } from '../access.ts';
import {
  ChangedOwnWebhook,
  ChangedWebhook,
  MadeWebhook,
  NewOwnWebhook,
  NewWebhook,
  Webhook,
} from '../schemas/webhooks.ts';
import { sayingSealingErrors } from '../sealing-errors.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const tags = ['webhooks'];
const admin = { access: 'admin' } as const;
const proving = { access: 'admin', needsProof: true } as const;
const looking = { access: 'account' } as const;
/** Where one's mail is told of is given by a person, and by nobody at a browser they left. */
const giving = { access: 'sign-in', needsProof: true } as const;
const params = Type.Object({ id: Type.String({ pattern: '^[1-9][0-9]{0,14}$', maxLength: 15 }) });
const gone = { 204: Type.Null() };

/** Where events of sending are brought to: all of them for who administers, an account's own for the account. */
export function addWebhookRoutes(api: WebApi, { directory, secretKeyFile }: Services): void {
  const sealer = (request: FastifyRequest, webhook: number | null) =>
    sayingSealingErrors(() => webhookSealer({ directory: directory.as(actorOf(request)), secretKeyFile }, webhook));
  const change = async (request: FastifyRequest, id: number, account: string | null, changed: WebhookChange) => {
    const seal = changed.secret === undefined ? null : await sealer(request, id);
    await directory.as(actorOf(request)).webhooks.change(id, account, changed, seal);
  };

  api.get(
    '/api/v1/admin/webhooks',
    { config: admin, schema: { summary: 'Webhooks', tags, response: { 200: Type.Array(Webhook) } } },
    async () => (await directory.webhooks.list(null)).map(present),
  );

  api.post(
    '/api/v1/admin/webhooks',
    { config: proving, schema: { summary: 'Add a webhook', tags, body: NewWebhook, response: { 201: MadeWebhook } } },
    async (request, reply) => {
      const { account = null, allowsPrivate = false, url, events = [...WEBHOOK_EVENTS], secret = null } = request.body;
      const webhook = { account, allowsPrivate, url, events, secret };
      const { webhooks } = directory.as(actorOf(request));
      return reply.code(201).send(await webhooks.add(webhook, await sealer(request, null)));
    },
  );

  api.patch(
    '/api/v1/admin/webhooks/:id',
    {
      config: proving,
      schema: { summary: 'Change a webhook, or pause it', tags, params, body: ChangedWebhook, response: gone },
    },
    async (request, reply) => {
      await change(request, Number(request.params.id), null, request.body);
      return reply.code(204).send(null);
    },
  );

  api.delete(
    '/api/v1/admin/webhooks/:id',
    { config: admin, schema: { summary: 'Remove a webhook', tags, params, response: gone } },
    async (request, reply) => {
      await directory.as(actorOf(request)).webhooks.remove(Number(request.params.id), null);
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/api/v1/account/webhooks',
    { config: looking, schema: { summary: 'Own webhooks', tags, response: { 200: Type.Array(Webhook) } } },
    async (request) => (await directory.webhooks.list(ownAccount(request).name)).map(present),
  );

  api.post(
    '/api/v1/account/webhooks',
    { config: giving, schema: { summary: 'Add one', tags, body: NewOwnWebhook, response: { 201: MadeWebhook } } },
    async (request, reply) => {
      const { url, events = [...WEBHOOK_EVENTS], secret = null } = request.body;
      const webhook = { account: ownAccount(request).name, allowsPrivate: false, url, events, secret };
      const { webhooks } = directory.as(actorOf(request));
      return reply.code(201).send(await webhooks.add(webhook, await sealer(request, null)));
    },
  );

  api.patch(
    '/api/v1/account/webhooks/:id',
    {
      config: giving,
      schema: { summary: 'Change one, or pause it', tags, params, body: ChangedOwnWebhook, response: gone },
    },
    async (request, reply) => {
      // What an operator has allowed was for the host that it named.
      const changed = request.body.url === undefined ? request.body : { ...request.body, allowsPrivate: false };
      await change(request, Number(request.params.id), ownAccount(request).name, changed);
      return reply.code(204).send(null);
    },
  );

  api.delete(
    '/api/v1/account/webhooks/:id',
    { config: looking, schema: { summary: 'Remove one', tags, params, response: gone } },
    async (request, reply) => {
      await directory.as(actorOf(request)).webhooks.remove(Number(request.params.id), ownAccount(request).name);
      return reply.code(204).send(null);
    },
  );
}

function present({ addedAt, takenAt, failedAt, pausedAt, events, ...webhook }: ListedWebhook): Webhook {
  const moment = (date: Date | null) => date?.toISOString() ?? null;
  return {
    ...webhook,
    events: [...events],
    addedAt: addedAt.toISOString(),
    takenAt: moment(takenAt),
    failedAt: moment(failedAt),
    pausedAt: moment(pausedAt),
  };
}
