import { Type } from 'typebox';
import { actorOf } from '../access.ts';
import { askedPage, isLoginKey, isNumber, linkNext, PageQuery } from '../paging.ts';
import { presentLogin } from '../present.ts';
import { Logins } from '../schemas/account.ts';
import { Activity, ActivityQuery } from '../schemas/activity.ts';
import { Change, ClearLimits, LimitedNetwork, Overview } from '../schemas/admin.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const config = { access: 'admin' } as const;
const tags = ['server'];
const HISTORY_MS = 365 * 86_400_000;

/** How the server is, who tried to get in, who changed what, and what waits to be sent. */
export function addAdminServerRoutes(api: WebApi, { directory, overview, activity }: Services): void {
  api.get(
    '/api/v1/admin/overview',
    { config, schema: { summary: 'Whether all is well', tags, response: { 200: Overview } } },
    () => overview.read(),
  );

  api.get(
    '/api/v1/admin/activity',
    {
      config,
      schema: {
        summary: 'How much came, went and failed, by the hour: of a day, unless more is asked for',
        tags,
        querystring: ActivityQuery,
        response: { 200: Activity },
      },
    },
    (request) => activity.read(request.query.period ?? 'day'),
  );

  api.get(
    '/api/v1/admin/logins',
    {
      config,
      schema: { summary: 'Who logged in, or tried', tags, querystring: PageQuery, response: { 200: Logins } },
    },
    async (request, reply) => {
      const page = askedPage(request.query, isLoginKey);
      const since = new Date(Date.now() - HISTORY_MS);
      const logins = await directory.pages.logins({ ...page, accountName: null, since });
      linkNext(request, reply, page.limit, logins, ({ key }) => key);
      return logins.map(presentLogin);
    },
  );

  api.get(
    '/api/v1/admin/login-limits',
    {
      config,
      schema: {
        summary: 'From where too many logins have failed',
        tags,
        response: { 200: Type.Array(LimitedNetwork) },
      },
    },
    async () => {
      const networks = await directory.listLimitedNetworks();
      return networks.map(({ refusedUntil, ...network }) => ({ ...network, refusedUntil: refusedUntil.toISOString() }));
    },
  );

  api.post(
    '/api/v1/admin/login-limits/clear',
    {
      config,
      schema: {
        summary: 'Let whoever is in a network try again',
        tags,
        body: ClearLimits,
        response: { 200: Type.Array(Type.String()) },
      },
    },
    async (request) => [...(await directory.as(actorOf(request)).clearLoginFailures(request.body.network))],
  );

  api.get(
    '/api/v1/admin/changes',
    {
      config,
      schema: { summary: 'Who changed what', tags, querystring: PageQuery, response: { 200: Type.Array(Change) } },
    },
    async (request, reply) => {
      const page = askedPage(request.query, isNumber);
      const changes = await directory.pages.changes(page);
      linkNext(request, reply, page.limit, changes, ({ changeId }) => changeId);
      return changes.map(({ at, changeId: _, ...change }) => ({ ...change, at: at.toISOString() }));
    },
  );
}
