import type {
  AccountSecrets,
  AccountState,
  AliasState,
  AppPasswordSecret,
  DirectorySecrets,
  DirectoryState,
  DomainState,
  LimitState,
} from '@postel/directory';
import type { RouteSecrets } from '@postel/routes';
import { stringify } from 'yaml';
import { exactSize } from './exact-size.ts';
import { declareRoute, declareRouting } from './route-declaration.ts';
import { declareWebhook } from './webhook-declaration.ts';

const HEAD = `# What is in Postel's directory: postel help config apply. Everything that a new one would have as well is left out.
`;

/**
 * The directory as a file that \`config apply\` takes: the same text for the same directory.
 *
 * @param secrets null: without what passwords are checked against
 * @param routeSecrets by name; left out: without
 * @param webhookSecrets by name; left out: without
 */
export function writeDeclaration(
  state: DirectoryState,
  secrets: DirectorySecrets | null,
  routeSecrets: ReadonlyMap<string, RouteSecrets> = new Map(),
  webhookSecrets: ReadonlyMap<string, string> = new Map(),
): string {
  const { defaults, domains, accounts, aliases, routes, routing, webhooks } = state;
  const { quota, sending } = defaults;
  const declared = {
    ...(secrets === null ? {} : { saltKey: secrets.saltKey }),
    defaults: {
      quota: {
        storage: sizeOrNone(quota.octets),
        messages: quota.messages ?? 'none',
        mailboxes: quota.mailboxes ?? 'none',
      },
      sending: {
        messagesADay: sending.messagesADay ?? 'none',
        newRecipientsADay: sending.newRecipientsADay ?? 'none',
        messageSize: sizeOrNone(sending.messageOctets),
      },
    },
    domains: mapped(domains, declareDomain),
    accounts: mapped(accounts, (account, name) => declareAccount(account, secrets?.accounts.get(name) ?? null)),
    aliases: mapped(aliases, declareAlias),
    routes: mapped(routes, (route, name) => declareRoute(route, routeSecrets.get(name) ?? null)),
    routing: declareRouting(routing),
    webhooks: [...webhooks].map(([name, webhook]) => declareWebhook(webhook, webhookSecrets.get(name) ?? null)),
  };
  return `${HEAD}${stringify(declared, { lineWidth: 0, aliasDuplicateObjects: false, version: '1.2' })}`;
}

// Maps, as names from outside may be anything: `__proto__` too.
function mapped<Item, Declared>(
  items: Iterable<readonly [string, Item]>,
  declare: (item: Item, name: string) => Declared,
): Map<string, Declared> {
  return new Map([...items].map(([name, item]) => [name, declare(item, name)]));
}

function declareDomain({ catchall, separators, isCaseSensitive, isDisabled, mtaSts }: DomainState) {
  return {
    ...(catchall === null ? {} : { catchall }),
    ...(separators === '+' ? {} : { separators: separators === '' ? 'none' : separators }),
    ...(isCaseSensitive ? { case: 'keep' } : {}),
    ...(isDisabled ? { disabled: true } : {}),
    ...(mtaSts === 'testing' ? {} : { mtaSts }),
  };
}

function declareAccount(account: AccountState, secrets: AccountSecrets | null) {
  const { role, administers, disabled, addresses, quota, sending, keepsSent, retention, keys } = account;
  const own = {
    quota: ownLimits({ storage: sizeLimit(quota.octets), messages: quota.messages, mailboxes: quota.mailboxes }),
    sending: ownLimits({
      messagesADay: sending.messagesADay,
      newRecipientsADay: sending.newRecipientsADay,
      messageSize: sizeLimit(sending.messageOctets),
    }),
    retention: ownLimits({ days: retention.days, size: sizeLimit(retention.octets) }),
  };
  return {
    ...(role === 'account' ? {} : { role }),
    ...(administers.length === 0 ? {} : { administers: [...administers] }),
    ...(disabled ? { disabled } : {}),
    addresses: mapped(Object.entries(addresses), ({ mailbox }) => (mailbox === null ? {} : { mailbox })),
    ...(own.quota === null ? {} : { quota: own.quota }),
    ...(own.sending === null ? {} : { sending: own.sending }),
    ...(keepsSent ? { keepSent: true } : {}),
    ...(own.retention === null ? {} : { retention: own.retention }),
    keys: Object.values(keys).map(({ name, publicKey, loginAddress, isImapPreauth }) => ({
      name,
      publicKey,
      ...(loginAddress === null ? {} : { loginAddress }),
      ...(isImapPreauth ? {} : { imapPreauth: false }),
    })),
    ...(secrets === null ? {} : { passwords: declareSecrets(secrets) }),
  };
}

function declareSecrets({ password, appPasswords }: AccountSecrets) {
  return {
    own: password === null ? 'none' : { since: password.since, verifiers: password.verifiers },
    app: mapped(
      appPasswords,
      ({ since, verifiers, service, expiresAt, networks, sharedSecret }: AppPasswordSecret) => ({
        since,
        verifiers,
        ...(service === null ? {} : { service }),
        ...(expiresAt === null ? {} : { expiresAt }),
        ...(networks === null ? {} : { networks }),
        ...(sharedSecret === null ? {} : { sharedSecret }),
      }),
    ),
  };
}

function declareAlias({ posters, isList, showsMembers, maySendAs, entries }: AliasState) {
  const having = (role: 'isMember' | 'mayPost') =>
    Object.entries(entries).flatMap(([address, entry]) => (entry[role] ? [address] : []));
  const named = having('mayPost');
  return {
    ...(posters === 'anyone' ? {} : { post: posters }),
    ...(isList ? { list: true } : {}),
    ...(showsMembers ? { showMembers: true } : {}),
    ...(maySendAs ? { sendAs: true } : {}),
    members: having('isMember'),
    ...(named.length === 0 ? {} : { posters: named }),
  };
}

const sizeOrNone = (octets: number | null) => (octets === null ? 'none' : exactSize(octets));
const sizeLimit = (limit: LimitState) => (typeof limit === 'number' ? exactSize(limit) : limit);

/** Null if there are none. */
function ownLimits(limits: Readonly<Record<string, LimitState | string>>) {
  const own = Object.entries(limits).filter(([, limit]) => limit !== 'default');
  return own.length === 0 ? null : Object.fromEntries(own);
}
