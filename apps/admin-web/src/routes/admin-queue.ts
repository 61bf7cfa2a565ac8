import { queueOperations } from '@postel/operations';
import { type HoldRule, listHoldRules, listSuppressions, listTlsHosts, pageQueue, showQueue } from '@postel/queue';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '../access.ts';
import { MOST_LISTED, NAME_CHARACTERS } from '../limits.ts';
import { askedPage, isNumber, linkNext, PageQuery } from '../paging.ts';
import { absent } from '../problem.ts';
import { QueueChange, QueueChanged, QueueEntry } from '../schemas/admin.ts';
import {
  FailQueue,
  HoldRules,
  NewHoldRule,
  NewSuppression,
  QueueDetails,
  RouteQueue,
  Suppressions,
  TlsHosts,
} from '../schemas/queue.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const config = { access: 'admin' } as const;
const tags = ['queue'];
const done = { 204: Type.Null() } as const;

/** Mail that waits to be sent to other servers, and the rules for it. */
export function addAdminQueueRoutes(api: WebApi, { directory, database: { sql } }: Services): void {
  const operate = (request: FastifyRequest) => queueOperations(directory.as(actorOf(request)));

  api.get(
    '/api/v1/admin/queue',
    {
      config,
      schema: {
        summary: 'What waits to be sent to other servers, the oldest first',
        tags,
        querystring: PageQuery,
        response: { 200: Type.Array(QueueEntry) },
      },
    },
    async (request, reply) => {
      const page = askedPage(request.query, isNumber);
      const entries = await pageQueue(sql, page);
      linkNext(request, reply, page.limit, entries, ({ id }) => id);
      return entries.map(({ queuedAt, nextAttemptAt, lastStatus: _, ...entry }) => ({
        ...entry,
        queuedAt: queuedAt.toISOString(),
        nextAttemptAt: nextAttemptAt?.toISOString() ?? null,
      }));
    },
  );

  api.post(
    '/api/v1/admin/queue/change',
    {
      config,
      schema: {
        summary: 'Send at once, hold, release or drop',
        tags,
        body: QueueChange,
        response: { 200: QueueChanged },
      },
    },
    async (request) => {
      const { change, ids } = request.body;
      return { ids: [...(await operate(request).change(change, ids))] };
    },
  );

  api.post(
    '/api/v1/admin/queue/fail',
    {
      config,
      schema: { summary: 'Give up, and tell the senders', tags, body: FailQueue, response: { 200: QueueChanged } },
    },
    async (request) => {
      const { ids, reason = 'the postmaster gave it up' } = request.body;
      return { ids: [...(await operate(request).fail(ids, reason))] };
    },
  );

  api.post(
    '/api/v1/admin/queue/route',
    {
      config,
      schema: {
        summary: 'Have it go by another route, at once',
        tags,
        body: RouteQueue,
        response: { 200: QueueChanged },
      },
    },
    async (request) => {
      const { ids, route } = request.body;
      return { ids: [...(await operate(request).route(ids, route))] };
    },
  );

  api.get(
    '/api/v1/admin/queue/:id',
    {
      config,
      schema: {
        summary: 'A recipient with all that is known of it',
        tags,
        params: Type.Object({ id: Type.String({ pattern: '^[1-9][0-9]{0,14}$' }) }),
        response: { 200: QueueDetails },
      },
    },
    async (request) => {
      const found = await showQueue(sql, Number(request.params.id));
      if (found === null) throw absent('recipient in the queue');
      const { queuedAt, nextAttemptAt, releasedAt, finishedAt, notify, events, ...rest } = found;
      return {
        ...rest,
        queuedAt: queuedAt.toISOString(),
        nextAttemptAt: nextAttemptAt?.toISOString() ?? null,
        releasedAt: releasedAt.toISOString(),
        finishedAt: finishedAt?.toISOString() ?? null,
        notify: notify === null ? null : [...notify],
        events: events.map((event) => ({
          ...event,
          at: event.at.toISOString(),
          nextAttemptAt: event.nextAttemptAt?.toISOString() ?? null,
        })),
      };
    },
  );

  api.get(
    '/api/v1/admin/hold-rules',
    { config, schema: { summary: 'What is held in the queue, by rules', tags, response: { 200: HoldRules } } },
    async () => (await listHoldRules(sql)).map(({ addedAt, ...rule }) => ({ ...rule, addedAt: addedAt.toISOString() })),
  );

  api.post(
    '/api/v1/admin/hold-rules',
    {
      config,
      schema: {
        summary: 'Hold mail of a sender or an account, or for a domain',
        tags,
        body: NewHoldRule,
        response: { 200: Type.Object({ held: Type.Integer() }) },
      },
    },
    async (request) => {
      const { kind, value, reason = '' } = request.body;
      const held = await operate(request).addHoldRule({ kind, value }, reason);
      if (held === null) throw absent('account');
      return { held };
    },
  );

  api.delete(
    '/api/v1/admin/hold-rules/:kind/:value',
    {
      config,
      schema: {
        summary: 'Remove such a rule: what it holds goes on',
        tags,
        params: Type.Object({
          kind: Type.String({ maxLength: 20 }),
          value: Type.String({ maxLength: NAME_CHARACTERS }),
        }),
        response: { 200: Type.Object({ released: Type.Integer() }) },
      },
    },
    async (request) => {
      const { kind, value } = request.params;
      if (!isKind(kind)) throw absent('rule');
      const released = await operate(request).removeHoldRule({ kind, value });
      if (released === null) throw absent('rule');
      return { released };
    },
  );

  api.get(
    '/api/v1/admin/suppressions',
    { config, schema: { summary: 'Addresses elsewhere that get nothing', tags, response: { 200: Suppressions } } },
    async () =>
      (await listSuppressions(sql)).map(({ addedAt, ...one }) => ({ ...one, addedAt: addedAt.toISOString() })),
  );

  api.post(
    '/api/v1/admin/suppressions',
    { config, schema: { summary: 'Send nothing more to an address', tags, body: NewSuppression, response: done } },
    async (request, reply) => {
      const { address, reason = 'nothing is sent to this address' } = request.body;
      await operate(request).addSuppression(address, reason);
      return reply.code(204).send(null);
    },
  );

  api.delete(
    '/api/v1/admin/suppressions/:address',
    {
      config,
      schema: {
        summary: 'Send to an address again',
        tags,
        params: Type.Object({ address: Type.String({ maxLength: NAME_CHARACTERS }) }),
        response: done,
      },
    },
    async (request, reply) => {
      if (!(await operate(request).removeSuppression(request.params.address))) throw absent('suppression');
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/api/v1/admin/tls-hosts',
    {
      config,
      schema: { summary: 'Mail servers that had TLS and have it no more', tags, response: { 200: TlsHosts } },
    },
    async () => {
      const hosts = await listTlsHosts(sql, false, MOST_LISTED);
      return hosts.map(({ host, seenAt, missingSince, missingReason }) => ({
        host,
        seenAt: seenAt.toISOString(),
        missingSince: missingSince?.toISOString() ?? null,
        missingReason,
      }));
    },
  );

  api.delete(
    '/api/v1/admin/tls-hosts/:host',
    {
      config,
      schema: {
        summary: 'Forget that a mail server had TLS: mail for it goes without',
        tags,
        params: Type.Object({ host: Type.String({ maxLength: NAME_CHARACTERS }) }),
        response: done,
      },
    },
    async (request, reply) => {
      const forgotten = await operate(request).forgetTlsHosts([request.params.host.toLowerCase()]);
      if (forgotten.length === 0) throw absent('mail server');
      return reply.code(204).send(null);
    },
  );
}

const isKind = (kind: string): kind is HoldRule['kind'] => ['sender', 'domain', 'account'].includes(kind);
