import type { AccountState, KeyState } from './account-state.ts';
import type { AliasState } from './alias-state.ts';
import { difference, type State, type SubjectKind } from './change-record.ts';
import type { AccountSecrets, AppPasswordSecret } from './credentials-state.ts';
import type { DefaultState } from './default-state.ts';
import type { DirectorySecrets, DirectoryState } from './directory-state.ts';
import type { DomainState } from './domain-state.ts';
import { parseNetwork } from './network.ts';
import type { RouteSettings, SealedSecrets } from './routes/route-settings.ts';
import { formatRouteRule, type RouteRulesState } from './routes/route-state.ts';
import type { DeclaredWebhook } from './webhooks.ts';

/** An account as it is to be. Null: what there is of it stays. */
export interface DeclaredAccount
  extends Pick<AccountState, 'role' | 'administers' | 'disabled' | 'quota' | 'sending' | 'keepsSent' | 'retention'> {
  readonly addresses: AccountState['addresses'] | null;
  /** By fingerprint. */
  readonly keys: Readonly<Record<string, KeyState>> | null;
  readonly secrets: AccountSecrets | null;
}

/** A route as it is to be. */
export interface DeclaredRoute {
  readonly settings: RouteSettings;
  /** Null: what there is of them stays. */
  readonly secrets: SealedSecrets | null;
}

/** How the directory is to be. Null: all of it stays; what a map does not have goes. */
export interface DeclaredState {
  readonly defaults: DefaultState | null;
  readonly domains: ReadonlyMap<string, DomainState> | null;
  readonly accounts: ReadonlyMap<string, DeclaredAccount> | null;
  readonly aliases: ReadonlyMap<string, AliasState> | null;
  readonly routes: ReadonlyMap<string, DeclaredRoute> | null;
  /** Rules of routes, and the default. */
  readonly routing: RouteRulesState | null;
  /** As `nameWebhooks` has them. */
  readonly webhooks: ReadonlyMap<string, DeclaredWebhook> | null;
  /** In base64; null: that of this installation. */
  readonly saltKey: string | null;
}

/** What of something is not as declared. */
export interface StateDifference {
  readonly kind: SubjectKind;
  readonly name: string;
  /** Null: it is missing. */
  readonly before: State | null;
  /** Null: it is to go. */
  readonly after: State | null;
}

/**
 * What is not as declared: domains, accounts and aliases by name. Of passwords only whether they are.
 *
 * @param secrets null if none are declared
 */
export function differencesFrom(
  current: DirectoryState,
  secrets: DirectorySecrets | null,
  declared: DeclaredState,
): readonly StateDifference[] {
  const { defaults, domains, accounts, aliases, routes, routing, webhooks } = declared;
  return [
    ...(defaults === null ? [] : differing('defaults', '', { ...current.defaults }, { ...defaults })),
    ...(domains === null ? [] : differingMaps('domain', current.domains, domains)),
    ...(accounts === null ? [] : differingAccounts(current, secrets, accounts)),
    ...(aliases === null ? [] : differingMaps('alias', current.aliases, aliases)),
    ...(routes === null ? [] : differingRoutes(current.routes, routes)),
    ...(routing === null ? [] : differing('route-rules', '', routingState(current.routing), routingState(routing))),
    ...(webhooks === null ? [] : differingWebhooks(current.webhooks, webhooks)),
  ];
}

/** Secrets that are declared are others than there are: who compares them has the key. */
function differingRoutes(
  current: DirectoryState['routes'],
  declared: ReadonlyMap<string, DeclaredRoute>,
): readonly StateDifference[] {
  return namesOf(current, declared).flatMap((name) => {
    const [is, shall] = [current.get(name), declared.get(name)];
    const { secrets: _, ...settings } = is ?? { secrets: [] };
    const hasSecrets = shall?.secrets != null;
    const before = is === undefined ? null : { ...settings, ...(hasSecrets ? { secrets: 'as here' } : {}) };
    const after =
      shall === undefined ? null : { ...shall.settings, ...(hasSecrets ? { secrets: 'as in the file' } : {}) };
    return differing('route', name, before, after);
  });
}

function differingWebhooks(
  current: DirectoryState['webhooks'],
  declared: ReadonlyMap<string, DeclaredWebhook>,
): readonly StateDifference[] {
  return namesOf(current, declared).flatMap((name) => {
    const [is, shall] = [current.get(name) ?? null, declared.get(name)];
    const { seal = null, ...state } = shall ?? {};
    const hasOther = seal !== null && is !== null;
    const before = is === null ? null : { ...is, ...(hasOther ? { secret: 'as here' } : {}) };
    const after = shall === undefined ? null : { ...state, ...(hasOther ? { secret: 'as in the file' } : {}) };
    return differing('webhook', name, before, after);
  });
}

function routingState({ rules, defaultRoute }: RouteRulesState): State {
  return { rules: rules.map(formatRouteRule), default: defaultRoute };
}

function differingAccounts(
  current: DirectoryState,
  secrets: DirectorySecrets | null,
  accounts: ReadonlyMap<string, DeclaredAccount>,
): readonly StateDifference[] {
  return namesOf(current.accounts, accounts).flatMap((name) => {
    const [is, shall] = [current.accounts.get(name), accounts.get(name)];
    const before = is === undefined ? null : comparable({ ...is, secrets: null }, shall);
    const after = shall === undefined ? null : comparable(shall, shall);
    if (shall?.secrets == null || before === null || after === null) return differing('account', name, before, after);
    const here = secrets?.accounts.get(name) ?? null;
    const isSame = sameSecrets(here, shall.secrets);
    const hasSome = here !== null && (here.password !== null || here.appPasswords.size > 0);
    return differing(
      'account',
      name,
      { ...before, passwords: hasSome || isSame ? 'as here' : null },
      {
        ...after,
        passwords: isSame ? 'as here' : 'as in the file',
      },
    );
  });
}

/** Without what stays whatever it is. */
function comparable(account: DeclaredAccount, declared: DeclaredAccount | undefined): State {
  const { role, administers, disabled, addresses, keys, quota, sending, keepsSent, retention } = account;
  return {
    role,
    administers,
    disabled,
    ...(addresses === null || declared?.addresses === null ? {} : { addresses }),
    quota,
    sending,
    keepsSent,
    retention,
    ...(keys === null || declared?.keys === null ? {} : { keys }),
  };
}

function sameSecrets(one: AccountSecrets | null, other: AccountSecrets): boolean {
  const text = (secrets: AccountSecrets | null) =>
    JSON.stringify(secrets === null ? null : [secrets.password, [...secrets.appPasswords].map(spelt).toSorted(byName)]);
  return text(one) === text(other);
}

/** The database writes networks in another way than people do. */
function spelt([name, { networks, ...secret }]: readonly [string, AppPasswordSecret]) {
  return [name, { ...secret, networks: networks?.map(parseNetwork) ?? null }] as const;
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function differingMaps(
  kind: SubjectKind,
  current: ReadonlyMap<string, State>,
  declared: ReadonlyMap<string, State>,
): readonly StateDifference[] {
  return namesOf(current, declared).flatMap((name) =>
    differing(kind, name, current.get(name) ?? null, declared.get(name) ?? null),
  );
}

function differing(
  kind: SubjectKind,
  name: string,
  before: State | null,
  after: State | null,
): readonly StateDifference[] {
  const found = difference(before, after);
  return found.before === null && found.after === null ? [] : [{ kind, name, ...found }];
}

function namesOf(one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): readonly string[] {
  return [...new Set([...one.keys(), ...other.keys()])].toSorted();
}
