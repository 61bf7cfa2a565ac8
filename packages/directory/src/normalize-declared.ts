import { acceptAccountName } from './accounts.ts';
import { type CanonicalAddress, formatAddress } from './address.ts';
import { acceptAddress } from './addresses.ts';
import { requireDomains } from './administered.ts';
import type { AliasState } from './alias-state.ts';
import type { DeclaredAccount, DeclaredRoute, DeclaredState } from './declared-state.ts';
import type { DirectoryState } from './directory-state.ts';
import { acceptSeparators } from './domains.ts';
import { DirectoryError } from './errors.ts';
import { acceptDomain, noSuchDomain } from './find-domain.ts';
import { normalizeKeys, normalizeSecrets, normalizeTarget } from './normalize-account.ts';
import { acceptRouteName, acceptRouteSettings } from './routes/route-settings.ts';
import { acceptRouteRule } from './routes/routes.ts';
import { acceptWebhook } from './webhooks.ts';

/**
 * The same with every name as the directory has it: domains in A-labels, local parts in the case that counts in their domain.
 *
 * @throws {DirectoryError} for names that are none, and for what is declared twice
 */
export function normalizeDeclared(declared: DeclaredState, current: DirectoryState): DeclaredState {
  const { defaults, saltKey } = declared;
  if (saltKey !== null && Buffer.from(saltKey, 'base64').length !== SALT_KEY_OCTETS) {
    throw new DirectoryError('invalid-secrets', `saltKey is ${SALT_KEY_OCTETS} octets in base64, as a dump has it`);
  }
  const domains = declared.domains === null ? null : renamed(declared.domains, acceptDomain);
  for (const { separators } of domains?.values() ?? []) acceptSeparators(separators);
  const isCaseSensitive = (domain: string) => (domains ?? current.domains).get(domain)?.isCaseSensitive === true;
  const owners = new Map<string, string>();
  const own = (address: string, owner: string) => {
    const other = owners.get(address);
    if (other !== undefined)
      throw new DirectoryError('address-exists', `${address} is both of ${other} and of ${owner}`);
    owners.set(address, owner);
  };
  const addressIn = (text: string) => {
    const address = acceptAddress(text);
    return formatAddress({
      ...address,
      localPart: isCaseSensitive(address.domain) ? address.writtenPart : address.localPart,
    });
  };

  const accounts = declared.accounts === null ? null : renamed(declared.accounts, acceptAccountName);
  const normalized = [...(accounts ?? [])].map(([name, given]): [string, DeclaredAccount] => {
    const administers = [...new Set(given.administers.map(acceptDomain))].toSorted();
    requireDomains(given.role, administers);
    for (const domain of administers) if (domains?.has(domain) === false) throw noSuchDomain(domain);
    const { keys, secrets } = given;
    const account = {
      ...given,
      administers,
      keys: keys === null ? null : normalizeKeys(keys),
      secrets: secrets === null ? null : normalizeSecrets(name, secrets),
    };

    if (account.addresses === null) return [name, account];
    const addresses = Object.entries(account.addresses).map(([text, target]) => {
      const address = addressIn(text);
      own(address, `account ${name}`);
      return [address, normalizeTarget(target)] as const;
    });
    return [name, { ...account, addresses: Object.fromEntries(addresses) }];
  });
  const aliases = declared.aliases === null ? null : renamed(declared.aliases, addressIn);
  for (const address of aliases?.keys() ?? []) own(address, 'an alias');
  const withEntries = [...(aliases ?? [])].map(([address, alias]): [string, AliasState] => [
    address,
    normalizeEntries(alias),
  ]);
  const routes = declared.routes === null ? null : renamed(declared.routes, acceptRouteName);
  const withSettings = [...(routes ?? [])].map(([name, { settings, secrets }]): [string, DeclaredRoute] => [
    name,
    { settings: acceptRouteSettings(settings, secrets?.names ?? null), secrets },
  ]);
  const routing =
    declared.routing === null ? null : { ...declared.routing, rules: declared.routing.rules.map(acceptRouteRule) };
  for (const webhook of declared.webhooks?.values() ?? []) acceptWebhook(webhook);
  return {
    defaults,
    saltKey,
    webhooks: declared.webhooks,
    routes: routes === null ? null : new Map(withSettings),
    routing,
    domains,
    accounts: accounts === null ? null : new Map(normalized),
    aliases: aliases === null ? null : new Map(withEntries),
  };
}

const SALT_KEY_OCTETS = 32;

/** In the case in which it is written, and each once. */
function normalizeEntries(alias: AliasState): AliasState {
  const entries = new Map<string, [string, AliasState['entries'][string]]>();
  for (const [text, entry] of Object.entries(alias.entries)) {
    const address: CanonicalAddress = acceptAddress(text);
    entries.set(formatAddress(address), [formatAddress({ ...address, localPart: address.writtenPart }), entry]);
  }
  return { ...alias, entries: Object.fromEntries(entries.values()) };
}

/** @throws {DirectoryError} if two names become one */
function renamed<Item>(map: ReadonlyMap<string, Item>, rename: (name: string) => string): ReadonlyMap<string, Item> {
  const result = new Map<string, Item>();
  for (const [given, item] of map) {
    const name = rename(given);
    if (result.has(name)) throw new DirectoryError('invalid-name', `${name} is declared twice`);
    result.set(name, item);
  }
  return result;
}
