import type { Sql, Transaction } from '@postel/storage';
import { type AccountState, selectAccountStates } from './account-state.ts';
import { type AliasState, selectAliasStates } from './alias-state.ts';
import { type AccountSecrets, selectSaltKey, selectSecrets } from './credentials-state.ts';
import { type DefaultState, selectDefaultState } from './default-state.ts';
import { type DomainState, selectDomainStates } from './domain-state.ts';
import type { RouteState } from './routes/route-state.ts';
import { type RouteRulesState, selectRouteRules, selectRouteStates } from './routes/route-state.ts';
import { readDirectory } from './transaction.ts';
import { selectWebhookStates, type WebhookState } from './webhook-state.ts';

/** All that is in the directory, at one moment. Every map is sorted by its keys. */
export interface DirectoryState {
  readonly defaults: DefaultState;
  /** In A-labels. */
  readonly domains: ReadonlyMap<string, DomainState>;
  readonly accounts: ReadonlyMap<string, AccountState>;
  /** By address. */
  readonly aliases: ReadonlyMap<string, AliasState>;
  readonly routes: ReadonlyMap<string, Omit<RouteState, 'revision'>>;
  readonly routing: RouteRulesState;
  /** As `nameWebhooks` has them. */
  readonly webhooks: ReadonlyMap<string, WebhookState>;
}

/** What is to be kept from others. */
export interface DirectorySecrets {
  /** Of the salts that are made up, in base64. */
  readonly saltKey: string;
  readonly accounts: ReadonlyMap<string, AccountSecrets>;
}

/** One snapshot, so that nothing is in it that refers to something which is not. */
const AT_ONE_MOMENT = { opening: 'set transaction isolation level repeatable read' } as const;

export async function readDirectoryState(sql: Sql): Promise<DirectoryState> {
  return await readDirectory(() => sql.begin(stateIn, AT_ONE_MOMENT));
}

export async function stateIn(tx: Transaction): Promise<DirectoryState> {
  const defaults = await selectDefaultState(tx);
  const domains = new Map((await selectDomainStates(tx, null)).map(({ name, state }) => [name, state]));
  const accounts = new Map((await selectAccountStates(tx, null)).map(({ name, state }) => [name, state]));
  const aliases = new Map((await selectAliasStates(tx, null)).map(({ address, state }) => [address, state]));
  const routes = new Map(
    (await selectRouteStates(tx, null)).map(({ name, state: { revision: _, ...state } }) => [name, state]),
  );
  const webhooks = new Map((await selectWebhookStates(tx)).map(({ name, state }) => [name, state]));
  return { defaults, domains, accounts, aliases, routes, routing: await selectRouteRules(tx), webhooks };
}

export async function readDirectorySecrets(sql: Sql): Promise<DirectorySecrets> {
  return await readDirectory(() => sql.begin(secretsIn, AT_ONE_MOMENT));
}

export async function secretsIn(tx: Transaction): Promise<DirectorySecrets> {
  return { saltKey: await selectSaltKey(tx), accounts: await selectSecrets(tx) };
}
