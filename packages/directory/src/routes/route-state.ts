import type { Sql, Transaction } from '@postel/storage';
import type { Subject } from '../change-record.ts';
import { DIRECT_ROUTE, type RouteSecretName, type RouteSettings } from './route-settings.ts';

/** A route as people may know it: with the names of its secrets. */
export type RouteState = RouteSettings & {
  readonly secrets: readonly RouteSecretName[];
  /** One more with each change: of a secret nothing else is to be seen. */
  readonly revision: number;
};

/** A rule as people write it. Null: whoever it is. */
export interface RouteRule {
  readonly sender: string | null;
  readonly recipient: string | null;
  /** By its name. */
  readonly account: string | null;
  readonly route: string;
}

/** The rules in their order, and where everything else goes. */
export interface RouteRulesState {
  readonly rules: readonly RouteRule[];
  readonly defaultRoute: string;
}

/** A route as a subject of changes. */
export function routeSubject(name: string): Subject {
  return { kind: 'route', name, read: async (tx) => (await selectRouteStates(tx, name))[0]?.state ?? null };
}

/** All rules, and the default. */
export const ROUTE_RULES_SUBJECT: Subject = {
  kind: 'route-rules',
  name: '',
  read: async (tx) => {
    const { rules, defaultRoute } = await selectRouteRules(tx);
    return { rules: rules.map(formatRouteRule), default: defaultRoute };
  },
};

/** By name. @param name null: all */
export async function selectRouteStates(
  sql: Sql['read'] | Transaction,
  name: string | null,
): Promise<readonly { readonly name: string; readonly state: RouteState }[]> {
  const rows = await sql<{ name: string; settings: string; secrets: string; revision: number }[]>`
    select name, settings::text as settings, array_to_string(secret_names, ',') as secrets, revision
      from routes where name = coalesce(${name}::text, name) order by name collate "C"`;
  return rows.map(({ name, settings, secrets, revision }) => ({
    name,
    state: {
      ...(JSON.parse(settings) as RouteSettings),
      secrets: secrets === '' ? [] : (secrets.split(',') as RouteSecretName[]),
      revision,
    },
  }));
}

export async function selectRouteRules(sql: Sql['read'] | Transaction): Promise<RouteRulesState> {
  const rules = await sql<RouteRule[]>`
    select sender, recipient, a.name as account, coalesce(o.name, ${DIRECT_ROUTE}) as route
      from route_rules as r left join accounts as a on a.account_id = r.account_id left join routes as o on o.route_id = r.route_id
     order by position, rule_id`;
  const [row] = await sql<{ name: string }[]>`select name from routes where is_default`;
  return { rules: [...rules], defaultRoute: row?.name ?? DIRECT_ROUTE };
}

/** `sender example.org, account mary -> provider`. */
export function formatRouteRule({ sender, recipient, account, route }: RouteRule): string {
  const parts = [
    ...(sender === null ? [] : [`sender ${sender}`]),
    ...(recipient === null ? [] : [`recipient ${recipient}`]),
    ...(account === null ? [] : [`account ${account}`]),
  ];
  return `${parts.join(', ')} -> ${route}`;
}
