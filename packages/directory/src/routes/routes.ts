import type { Sql, Transaction } from '@postel/storage';
import { textArray } from '@postel/storage';
import type { Actor } from '../actor.ts';
import { DirectoryError } from '../errors.ts';
import { findAccount } from '../find-account.ts';
import { changeDirectory, readDirectory } from '../transaction.ts';
import { type Route, RouteBook, type RouteCondition } from './choose-route.ts';
import { ROUTE_RULES, ROUTES } from './limits.ts';
import { acceptRoutePattern } from './route-pattern.ts';
import {
  acceptRouteName,
  acceptRouteSettings,
  DIRECT_ROUTE,
  type RouteSecretName,
  type RouteSettings,
  type SealedSecrets,
} from './route-settings.ts';
import {
  formatRouteRule,
  ROUTE_RULES_SUBJECT,
  type RouteRule,
  type RouteRulesState,
  type RouteState,
  routeSubject,
  selectRouteRules,
  selectRouteStates,
} from './route-state.ts';

export interface RouteSummary extends RouteState {
  readonly name: string;
  readonly isDefault: boolean;
  /** That name it. */
  readonly rules: number;
}

/** Secrets of a route, sealed, with its name, which they are bound to. */
export interface StoredSecrets {
  readonly route: string;
  readonly octets: Buffer;
}

/** The ways by which mail leaves, and which mail goes by which (packages/routes opens connections by them). */
export interface Routes {
  /** By name, without the built-in one. */
  list(): Promise<readonly RouteSummary[]>;
  /** @throws 'no-such-route' */
  read(name: string): Promise<RouteSummary>;
  rules(): Promise<RouteRulesState>;
  /** As the relay goes by them. @param known the version of a book that there is; @returns null if it is the newest */
  book(known: number | null): Promise<{ readonly version: number; readonly book: RouteBook } | null>;
  /** Of all routes that have some. */
  sealedSecrets(): Promise<readonly StoredSecrets[]>;

  /** @throws 'route-exists', 'invalid-name', 'invalid-route', 'too-many-routes' */
  add(name: string, settings: RouteSettings, secrets: SealedSecrets | null): Promise<void>;
  /**
   * What is left out stays as it is.
   *
   * @param secrets null: none from now on; left out: as they are
   * @throws 'no-such-route', 'invalid-route'
   */
  change(name: string, change: Partial<RouteSettings>, secrets?: SealedSecrets | null): Promise<void>;
  /** @throws 'no-such-route'; 'route-in-use' while a rule, the default or mail that waits names it */
  remove(name: string): Promise<void>;

  /**
   * Puts a rule before the one at a position, from 1; null: behind all others.
   *
   * @throws 'no-such-route', 'no-such-account', 'invalid-address', 'invalid-route' for one without any condition, 'too-many-routes'
   */
  addRule(rule: RouteRule, position: number | null): Promise<void>;
  /** @param position from 1 @returns what it was @throws 'no-such-route-rule' */
  removeRule(position: number): Promise<RouteRule>;
  /** Where mail goes that no rule is about. @throws 'no-such-route' */
  setDefault(name: string): Promise<void>;
}

/** What needs no actor, because it changes nothing. */
export type ReadableRoutes = Pick<Routes, 'list' | 'read' | 'rules' | 'book' | 'sealedSecrets'>;

export function readableRoutes(sql: Sql): ReadableRoutes {
  return {
    list: () => readDirectory(() => selectSummaries(sql.read, null)),
    async read(name) {
      const [route] = await readDirectory(() => selectSummaries(sql.read, name));
      if (route === undefined) throw noSuchRoute(name);
      return route;
    },
    rules: () => readDirectory(() => selectRouteRules(sql.read)),
    book: (known) => readDirectory(() => readBook(sql, known)),
    sealedSecrets: () =>
      readDirectory(
        () => sql.read<StoredSecrets[]>`
          select name as route, secrets as octets from routes where secrets is not null order by name`,
      ),
  };
}

export function openRoutes(sql: Sql, actor: Actor): Routes {
  return {
    ...readableRoutes(sql),
    async add(given, settings, secrets) {
      const name = acceptRouteName(given);
      const accepted = acceptRouteSettings(settings, secrets?.names ?? []);
      await changeDirectory(sql, actor, async (tx, note) => {
        await note(routeSubject(name));
        const [there] = await tx`select from routes where name = ${name}`;
        if (there !== undefined) throw new DirectoryError('route-exists', `There is a route ${name} already`);
        await putRoute(tx, name, accepted, secrets);
      });
    },
    async change(name, change, secrets) {
      await changeDirectory(sql, actor, async (tx, note) => {
        await note(routeSubject(name));
        const [found] = await selectRouteStates(tx, name);
        if (found === undefined) throw noSuchRoute(name);
        const { secrets: names, revision: _, ...settings } = found.state;
        const held = secrets === undefined ? names : (secrets?.names ?? []);
        await putRoute(tx, name, acceptRouteSettings({ ...settings, ...change }, held), secrets);
      });
    },
    async remove(name) {
      await changeDirectory(sql, actor, async (tx, note) => {
        await note(routeSubject(name));
        await removeRoute(tx, name);
      });
    },
    async addRule(given, position) {
      const rule = acceptRouteRule(given);
      await changeDirectory(sql, actor, async (tx, note) => {
        await note(ROUTE_RULES_SUBJECT);
        const { rules } = await selectRouteRules(tx);
        await replaceRouteRules(tx, rules.toSpliced((position ?? rules.length + 1) - 1, 0, rule));
      });
    },
    async removeRule(position) {
      return await changeDirectory(sql, actor, async (tx, note) => {
        await note(ROUTE_RULES_SUBJECT);
        const { rules } = await selectRouteRules(tx);
        const rule = rules[position - 1];
        if (rule === undefined) throw new DirectoryError('no-such-route-rule', `There is no rule ${position}`);
        await replaceRouteRules(tx, rules.toSpliced(position - 1, 1));
        return rule;
      });
    },
    async setDefault(name) {
      await changeDirectory(sql, actor, async (tx, note) => {
        await note(ROUTE_RULES_SUBJECT);
        await setDefaultRoute(tx, name);
      });
    },
  };
}

/** A rule in the form in which it is compared. @throws {DirectoryError} 'invalid-address', 'invalid-route' */
export function acceptRouteRule({ sender, recipient, account, route }: RouteRule): RouteRule {
  if (sender === null && recipient === null && account === null) {
    throw new DirectoryError(
      'invalid-route',
      'A rule says of whom it is, or for whom; for everything else there is the default',
    );
  }
  return {
    sender: sender === null ? null : acceptRoutePattern(sender, 'sender'),
    recipient: recipient === null ? null : acceptRoutePattern(recipient, 'recipient'),
    account,
    route,
  };
}

/** @param secrets left out: as they are */
export async function putRoute(
  tx: Transaction,
  name: string,
  settings: RouteSettings,
  secrets: SealedSecrets | null | undefined,
): Promise<void> {
  const [row] = await tx<{ count: number }[]>`select count(*)::integer as count from routes where name <> ${name}`;
  if ((row?.count ?? 0) >= ROUTES) throw new DirectoryError('too-many-routes', `There are at most ${ROUTES} routes`);
  const stored = JSON.stringify(settings);
  // The first is not that of another one that had the name: connections that are open are told apart by it.
  await tx`
    insert into routes (name, settings, revision)
    values (${name}, ${stored}::text::jsonb, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
    on conflict (name) do update set settings = excluded.settings, revision = routes.revision + 1`;
  if (secrets === undefined) return;
  const names: readonly RouteSecretName[] = secrets?.names ?? [];
  const octets = names.length === 0 ? null : (secrets?.octets ?? null);
  await tx`update routes set secrets = ${octets}::bytea, secret_names = ${textArray(names)}::text[] where name = ${name}`;
}

/** @throws {DirectoryError} 'no-such-route', 'route-in-use' */
export async function removeRoute(tx: Transaction, name: string): Promise<void> {
  const [route] = await tx<{ id: number; isDefault: boolean }[]>`
    select route_id as id, is_default as "isDefault" from routes where name = ${name}`;
  if (route === undefined) throw noSuchRoute(name);
  const inUse = (why: string) => new DirectoryError('route-in-use', `${name} is in use: ${why}`);
  if (route.isDefault) throw inUse('everything goes by it that no rule is about. Name another default first');
  const [rule] = await tx`select from route_rules where route_id = ${route.id} limit 1`;
  if (rule !== undefined) throw inUse('a rule names it. Remove that first');
  const [pinned] = await tx`select from queue_recipients where pinned_route = ${name} and finished_at is null limit 1`;
  if (pinned !== undefined) throw inUse('mail in the queue was told to go by it. Give that another route first');
  await tx`delete from routes where route_id = ${route.id}`;
}

/** @throws {DirectoryError} 'no-such-route', 'no-such-account', 'too-many-routes' */
export async function replaceRouteRules(tx: Transaction, rules: readonly RouteRule[]): Promise<void> {
  if (rules.length > ROUTE_RULES) throw new DirectoryError('too-many-routes', `There are at most ${ROUTE_RULES} rules`);
  const seen = new Set<string>();
  await tx`delete from route_rules`;
  for (const [position, rule] of rules.entries()) {
    const { sender, recipient, account, route } = rule;
    const condition = JSON.stringify([sender, recipient, account]);
    if (seen.has(condition)) {
      throw new DirectoryError(
        'invalid-route',
        `Two rules are about the same, and the second would never count: ${formatRouteRule(rule)}`,
      );
    }
    seen.add(condition);
    const accountId = account === null ? null : await findAccount(tx, account);
    await tx`
      insert into route_rules (position, sender, recipient, account_id, route_id)
      values (${position}, ${sender}::text, ${recipient}::text, ${accountId}::bigint, ${await findRoute(tx, route)}::bigint)`;
  }
}

/** @throws {DirectoryError} 'no-such-route' */
export async function setDefaultRoute(tx: Transaction, name: string): Promise<void> {
  const id = await findRoute(tx, name);
  await tx`update routes set is_default = false where is_default and route_id is distinct from ${id}::bigint`;
  if (id !== null) await tx`update routes set is_default = true where route_id = ${id} and not is_default`;
}

/** @returns null for the built-in one @throws {DirectoryError} 'no-such-route' */
async function findRoute(tx: Transaction, name: string): Promise<number | null> {
  if (name === DIRECT_ROUTE) return null;
  const [row] = await tx<{ id: number }[]>`select route_id as id from routes where name = ${name}`;
  if (row === undefined) throw noSuchRoute(name);
  return row.id;
}

async function selectSummaries(sql: Sql['read'], name: string | null): Promise<readonly RouteSummary[]> {
  const states = await selectRouteStates(sql, name);
  const { rules, defaultRoute } = await selectRouteRules(sql);
  return states.map(({ name, state }) => ({
    name,
    ...state,
    isDefault: name === defaultRoute,
    rules: rules.filter(({ route }) => route === name).length,
  }));
}

async function readBook(sql: Sql, known: number | null) {
  const [row] = await sql.read<{ version: number }[]>`select directory_version as version from installation`;
  const version = row?.version ?? 0;
  if (version === known) return null;
  const routes = await sql.read<(Omit<Route, 'settings'> & { readonly settings: string })[]>`
    select name, settings::text as settings, secrets, revision from routes`;
  const rules = await sql.read<RouteCondition[]>`
    select sender, recipient, account_id as "accountId", coalesce(o.name, ${DIRECT_ROUTE}) as route
      from route_rules as r left join routes as o on o.route_id = r.route_id order by position, rule_id`;
  const [byDefault] = await sql.read<{ name: string }[]>`select name from routes where is_default`;
  const parsed = routes.map((route) => ({ ...route, settings: JSON.parse(route.settings) as RouteSettings }));
  return { version, book: new RouteBook(parsed, rules, byDefault?.name ?? DIRECT_ROUTE) };
}

function noSuchRoute(name: string): DirectoryError {
  return new DirectoryError('no-such-route', `There is no route ${JSON.stringify(name)}`);
}
