import {
  DIRECT_SETTINGS,
  type Directory,
  parseAddress,
  ROUTE_SECRET_NAMES,
  type RouteSecretName,
  type RouteSettings,
  type RouteSummary,
} from '@postel/directory';
import { tellQueue } from '@postel/queue';
import { changeRoute, openFor, SourceAddresses, sealFor, type TestStep, testRoute } from '@postel/routes';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '../access.ts';
import { edit, showVersioned } from '../edits.ts';
import { NAME_CHARACTERS } from '../limits.ts';
import { absent, Problem } from '../problem.ts';
import {
  ChangedRoute,
  NewDefault,
  NewRoute,
  NewRule,
  Route,
  RouteTest,
  Routing,
  TestedRoute,
} from '../schemas/routes.ts';
import { sayingSealingErrors } from '../sealing-errors.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const config = { access: 'admin' } as const;
/** Whose server a smarthost is has all mail that goes by it. */
const proving = { access: 'admin', needsProof: true } as const;
const tags = ['routes'];
const gone = { 204: Type.Null() } as const;
const params = Type.Object({ name: Type.String({ maxLength: NAME_CHARACTERS }) });

type RouteServices = Pick<Services, 'directory' | 'database' | 'dns' | 'hostname' | 'secretKeyFile'>;

/** The ways by which mail leaves, and which mail goes by which. */
export function addAdminRouteRoutes(api: WebApi, services: RouteServices): void {
  addRoutes(api, services);
  addRules(api, services);
}

function addRoutes(api: WebApi, { directory, database, dns, hostname, secretKeyFile }: RouteServices): void {
  const sources = new SourceAddresses(hostname);

  api.get(
    '/api/v1/admin/routes',
    { config, schema: { summary: 'Ways by which mail leaves', tags, response: { 200: Type.Array(Route) } } },
    async () => (await directory.routes.list()).map(present),
  );

  api.post(
    '/api/v1/admin/routes',
    { config: proving, schema: { summary: 'Add a route', tags, body: NewRoute, response: { 200: Route } } },
    async (request) => {
      const { name, secrets = {}, ...given } = request.body;
      const settings = { ...DIRECT_SETTINGS, ...settingsOf(given) };
      const place = placeOf(request);
      await sayingSealingErrors(async () => {
        await place.directory.routes.add(name, settings, await sealFor(place, name, secretsOf(secrets).set, settings));
      });
      return await readRoute(name);
    },
  );

  api.get(
    '/api/v1/admin/routes/:name',
    { config, schema: { summary: 'A route', tags, params, response: { 200: Route } } },
    async (request, reply) => showVersioned(reply, await readRoute(request.params.name)),
  );

  api.patch(
    '/api/v1/admin/routes/:name',
    {
      config: proving,
      schema: { summary: 'Change a route', tags, params, body: ChangedRoute, response: { 200: Route } },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { secrets = {}, ...given } = request.body;
      const shown = await edit(request, reply, {
        directory: directory.as(actorOf(request)),
        read: (now) => readRoute(name, now),
        change: (now) =>
          sayingSealingErrors(() =>
            changeRoute({ directory: now, secretKeyFile }, name, settingsOf(given), secretsOf(secrets)),
          ),
      });
      await tellQueue(database.sql);
      return shown;
    },
  );

  api.delete(
    '/api/v1/admin/routes/:name',
    { config, schema: { summary: 'Remove a route that nothing uses', tags, params, response: gone } },
    async (request, reply) => {
      await directory.as(actorOf(request)).routes.remove(request.params.name);
      return reply.code(204).send(null);
    },
  );

  api.post(
    '/api/v1/admin/routes/:name/test',
    {
      config,
      schema: { summary: 'Try a route, step by step', tags, params, body: RouteTest, response: { 200: TestedRoute } },
    },
    async (request) => {
      const { name } = request.params;
      const { to = null, from, send = false } = request.body;
      for (const address of [to, from ?? '']) {
        if (address === null || address === '' || parseAddress(address) !== null) continue;
        throw new Problem(422, 'invalid-address', `${JSON.stringify(address)} is not an address.`);
      }
      if (send && to === null) throw new Problem(422, 'invalid-address', 'To whom is it to be sent?');
      const route = (await directory.routes.book(null))?.book.get(name) ?? null;
      if (route === null) throw absent('route');
      const secrets = await sayingSealingErrors(() => openFor(placeOf(request), name));
      const { user } = route.settings;
      const sender = from ?? (user?.includes('@') ? user : `postmaster@${hostname}`);
      const steps: TestStep[] = [];
      const parts = { route, secrets, resolver: dns.resolver, sources };
      const works = await testRoute(parts, { to, from: sender, sends: send }, (step) => steps.push(step));
      return { works, steps };
    },
  );

  async function readRoute(name: string, now: Pick<Directory, 'routes'> = directory): Promise<Route> {
    return present(await now.routes.read(name));
  }

  function placeOf(request: FastifyRequest) {
    return { directory: directory.as(actorOf(request)), secretKeyFile };
  }
}

function addRules(api: WebApi, { directory, database }: RouteServices): void {
  const byPosition = Type.Object({ position: Type.String({ pattern: '^[1-9][0-9]{0,4}$' }) });

  api.get(
    '/api/v1/admin/routing',
    { config, schema: { summary: 'Which mail goes by which route', tags, response: { 200: Routing } } },
    () => readRouting(),
  );

  api.post(
    '/api/v1/admin/routing/rules',
    { config, schema: { summary: 'Add a rule', tags, body: NewRule, response: { 200: Routing } } },
    async (request) => {
      const { position = null, ...rule } = request.body;
      await directory.as(actorOf(request)).routes.addRule(rule, position);
      await tellQueue(database.sql);
      return await readRouting();
    },
  );

  api.delete(
    '/api/v1/admin/routing/rules/:position',
    { config, schema: { summary: 'Remove a rule', tags, params: byPosition, response: { 200: Routing } } },
    async (request) => {
      await directory.as(actorOf(request)).routes.removeRule(Number(request.params.position));
      await tellQueue(database.sql);
      return await readRouting();
    },
  );

  api.put(
    '/api/v1/admin/routing/default',
    {
      config,
      schema: { summary: 'Say where all other mail goes', tags, body: NewDefault, response: { 200: Routing } },
    },
    async (request) => {
      await directory.as(actorOf(request)).routes.setDefault(request.body.route);
      await tellQueue(database.sql);
      return await readRouting();
    },
  );

  async function readRouting() {
    const { rules, defaultRoute } = await directory.routes.rules();
    return { rules: rules.map((rule) => ({ ...rule })), defaultRoute };
  }
}

function present({ hosts, tlsNames, pinnedKeys, mechanisms, sources, secrets, ...rest }: RouteSummary): Route {
  return {
    ...rest,
    hosts: [...hosts],
    tlsNames: [...tlsNames],
    pinnedKeys: [...pinnedKeys],
    mechanisms: mechanisms === null ? null : [...mechanisms],
    sources: { ...sources },
    secrets: [...secrets],
  };
}

/** What was said; what was not stays. */
function settingsOf({ secrets: _, ...given }: ChangedRoute): Partial<RouteSettings> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function secretsOf(given: NonNullable<ChangedRoute['secrets']>) {
  const set: { [name in RouteSecretName]?: string } = {};
  const cleared = new Set<RouteSecretName>();
  for (const name of ROUTE_SECRET_NAMES) {
    const secret = given[name];
    if (secret === null) cleared.add(name);
    else if (secret !== undefined) set[name] = secret;
  }
  return { set, cleared };
}
