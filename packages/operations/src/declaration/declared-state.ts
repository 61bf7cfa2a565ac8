import type { SettingReader } from '@postel/config';
import type {
  AccountSecrets,
  AliasState,
  AppPasswordSecret,
  DeclaredAccount,
  DeclaredState,
  DefaultState,
  DomainState,
  KeyState,
  LimitState,
  PasswordSecret,
} from '@postel/directory';
import type { RouteSecrets } from '@postel/routes';
import { formatPem, readKeyFile } from '@postel/tls-pubkey';
import { parseExactSize } from './exact-size.ts';
import { declaredRoute, declaredRouting } from './route-declaration.ts';
import { declaredWebhooks } from './webhook-declaration.ts';

const MOST = 10 ** 15;
/** As the commands that set one take it. */
const MOST_A_DAY = 1_000_000_000;
const MOST_DAYS = 36_500;

/** What a file says. */
export interface Declaration extends DeclaredState {
  /** By the name of the route, in the clear: see `sealDeclaration`. */
  readonly routeSecrets: ReadonlyMap<string, RouteSecrets>;
  /** By the name of the webhook, in the clear. */
  readonly webhookSecrets: ReadonlyMap<string, string>;
}

/** Reads it. */
export function declaredState(root: SettingReader): Declaration {
  const routes = root.has('routes') ? mapOf(root.at('routes'), declaredRoute) : null;
  const webhooks = root.has('webhooks') ? declaredWebhooks(root.at('webhooks')) : null;
  return {
    webhooks:
      webhooks === null
        ? null
        : new Map([...webhooks].map(([name, { secret: _, ...state }]) => [name, { ...state, seal: null }])),
    webhookSecrets: new Map(
      [...(webhooks ?? [])].flatMap(([name, { secret }]) => (secret === null ? [] : [[name, secret]])),
    ),
    routes:
      routes === null ? null : new Map([...routes].map(([name, { settings }]) => [name, { settings, secrets: null }])),
    routeSecrets: new Map(
      [...(routes ?? [])].flatMap(([name, { secrets }]) => (secrets === null ? [] : [[name, secrets]])),
    ),
    routing: root.has('routing') ? declaredRouting(root.at('routing')) : null,
    saltKey: root.has('saltKey') ? root.at('saltKey').text() : null,
    defaults: root.has('defaults') ? declaredDefaults(root.at('defaults')) : null,
    domains: root.has('domains') ? mapOf(root.at('domains'), declaredDomain) : null,
    accounts: root.has('accounts') ? mapOf(root.at('accounts'), declaredAccount) : null,
    aliases: root.has('aliases') ? mapOf(root.at('aliases'), declaredAlias) : null,
  };
}

/** Members of any name; none at all may be written as nothing. */
function mapOf<Item>(setting: SettingReader, read: (item: SettingReader) => Item): ReadonlyMap<string, Item> {
  return setting.is(null) ? new Map() : new Map(Object.entries(setting.record(read)));
}

function declaredDefaults(defaults: SettingReader): DefaultState {
  const quota = defaults.section('quota');
  const sending = defaults.section('sending');
  return {
    quota: {
      octets: numberOrNone(quota, 'storage', sizeOf),
      messages: numberOrNone(quota, 'messages', countOf),
      mailboxes: numberOrNone(quota, 'mailboxes', countOf),
    },
    sending: {
      messagesADay: numberOrNone(sending, 'messagesADay', aDayOf),
      newRecipientsADay: numberOrNone(sending, 'newRecipientsADay', aDayOf),
      messageOctets: numberOrNone(sending, 'messageSize', sizeOf),
    },
  };
}

function declaredDomain(domain: SettingReader): DomainState {
  // A domain with nothing to say of it may be written as nothing, or as {}.
  if (domain.is(null))
    return { catchall: null, separators: '+', isCaseSensitive: false, isDisabled: false, mtaSts: 'testing' };
  const separators = textOr(domain, 'separators', '+');
  return {
    catchall: domain.has('catchall') && !domain.at('catchall').is('none') ? domain.at('catchall').text() : null,
    separators: separators === 'none' ? '' : separators,
    isCaseSensitive: domain.has('case') && domain.at('case').oneOf('ignore', 'keep') === 'keep',
    isDisabled: flag(domain, 'disabled', false),
    mtaSts: domain.has('mtaSts') ? domain.at('mtaSts').oneOf('testing', 'enforce', 'none') : 'testing',
  };
}

function declaredAccount(account: SettingReader): DeclaredAccount {
  const quota = account.section('quota');
  const sending = account.section('sending');
  const retention = account.section('retention');
  return {
    role: account.has('role') ? account.at('role').oneOf('account', 'domain-admin', 'owner') : 'account',
    administers: account.has('administers') ? account.at('administers').list((domain) => domain.text()) : [],
    disabled: flag(account, 'disabled', false),
    addresses: account.has('addresses')
      ? Object.fromEntries(mapOf(account.at('addresses'), (address) => ({ mailbox: mailboxOf(address) })))
      : null,
    quota: {
      octets: limit(quota, 'storage', sizeOf),
      messages: limit(quota, 'messages', countOf),
      mailboxes: limit(quota, 'mailboxes', countOf),
    },
    sending: {
      messagesADay: limit(sending, 'messagesADay', aDayOf),
      newRecipientsADay: limit(sending, 'newRecipientsADay', aDayOf),
      messageOctets: limit(sending, 'messageSize', sizeOf),
    },
    keepsSent: flag(account, 'keepSent', false),
    retention: { days: ownOrDefault(retention, 'days', daysOf), octets: ownOrDefault(retention, 'size', sizeOf) },
    keys: account.has('keys') ? keysOf(account.at('keys')) : null,
    secrets: account.has('passwords') ? secretsOf(account.at('passwords')) : null,
  };
}

const mailboxOf = (address: SettingReader): string | null =>
  !address.is(null) && address.has('mailbox') ? address.at('mailbox').text() : null;

function keysOf(keys: SettingReader): Readonly<Record<string, KeyState>> {
  const seen = new Set<string>();
  const read = keys.list((key): [string, KeyState] => {
    const name = key.at('name').text();
    const publicKey = key.at('publicKey').text();
    const loginAddress = key.has('loginAddress') ? key.at('loginAddress').text() : null;
    const isImapPreauth = flag(key, 'imapPreauth', true);
    const reading = readKeyFile(Buffer.from(formatPem('PUBLIC KEY', Buffer.from(publicKey, 'base64'))));
    if (reading.type === 'refused') {
      key.at('publicKey').refuse(`must be a public key (SubjectPublicKeyInfo in DER) in base64: ${reading.reason}`);
      return ['', { name, publicKey, keyType: '', loginAddress, isImapPreauth }];
    }
    const { fingerprint, subjectPublicKeyInfo, keyType } = reading.key;
    if (seen.has(fingerprint)) key.at('publicKey').refuse('stands here twice');
    seen.add(fingerprint);
    const octets = subjectPublicKeyInfo.toString('base64');
    return [fingerprint, { name, publicKey: octets, keyType, loginAddress, isImapPreauth }];
  });
  return Object.fromEntries(read);
}

function secretsOf(passwords: SettingReader): AccountSecrets {
  const own = passwords.at('own');
  return {
    password: own.is('none') ? null : passwordOf(own),
    appPasswords: passwords.has('app') ? mapOf(passwords.at('app'), appPasswordOf) : new Map(),
  };
}

function passwordOf(password: SettingReader): PasswordSecret {
  const verifiers = password.at('verifiers').list((verifier) => verifier.text());
  const [sha256 = '', sha1 = '', ...more] = verifiers;
  if (sha1 === '' || more.length > 0) password.at('verifiers').refuse('must be two, of SCRAM-SHA-256 and SCRAM-SHA-1');
  return { since: momentOf(password, 'since'), verifiers: [sha256, sha1] };
}

function appPasswordOf(password: SettingReader): AppPasswordSecret {
  return {
    ...passwordOf(password),
    service: password.has('service') ? password.at('service').oneOf('imap', 'smtp') : null,
    expiresAt: password.has('expiresAt') ? momentOf(password, 'expiresAt') : null,
    networks: password.has('networks') ? password.at('networks').list((network) => network.text()) : null,
    sharedSecret: password.has('sharedSecret') ? password.at('sharedSecret').text() : null,
  };
}

function declaredAlias(alias: SettingReader): AliasState {
  const members = addressesOf(alias, 'members');
  const posters = addressesOf(alias, 'posters');
  const entries = [...new Set([...members, ...posters])].map(
    (address) => [address, { isMember: members.includes(address), mayPost: posters.includes(address) }] as const,
  );
  return {
    posters: alias.has('post') ? alias.at('post').oneOf('anyone', 'members', 'named') : 'anyone',
    isList: flag(alias, 'list', false),
    showsMembers: flag(alias, 'showMembers', false),
    maySendAs: flag(alias, 'sendAs', false),
    entries: Object.fromEntries(entries),
  };
}

const addressesOf = (alias: SettingReader, name: string): readonly string[] =>
  alias.has(name) ? alias.at(name).list((address) => address.text()) : [];

const textOr = (parent: SettingReader, name: string, otherwise: string): string =>
  parent.has(name) ? parent.at(name).text() : otherwise;

const flag = (parent: SettingReader, name: string, otherwise: boolean): boolean =>
  parent.has(name) ? parent.at(name).boolean() : otherwise;

type ReadNumber = (setting: SettingReader, others: string) => number;

function limit(parent: SettingReader, name: string, read: ReadNumber): LimitState {
  if (!parent.has(name) || parent.at(name).is('default')) return 'default';
  return parent.at(name).is('none') ? 'none' : read(parent.at(name), ', none or default');
}

function ownOrDefault(parent: SettingReader, name: string, read: ReadNumber): LimitState {
  if (!parent.has(name) || parent.at(name).is('default')) return 'default';
  return read(parent.at(name), ' or default');
}

function numberOrNone(parent: SettingReader, name: string, read: ReadNumber): number | null {
  if (!parent.has(name) || parent.at(name).is('none')) return null;
  return read(parent.at(name), ' or none');
}

function countOf(setting: SettingReader, others: string): number {
  const number = setting.number();
  if (number !== null && number <= MOST) return number;
  setting.refuse(`must be a number${others}`);
  return 0;
}

function aDayOf(setting: SettingReader, others: string): number {
  const number = setting.number();
  if (number !== null && number <= MOST_A_DAY) return number;
  setting.refuse(`must be a number up to ${MOST_A_DAY}${others}`);
  return 0;
}

function daysOf(setting: SettingReader, others: string): number {
  const number = setting.number();
  if (number !== null && number <= MOST_DAYS) return number;
  setting.refuse(`must be a number of days${others}`);
  return 0;
}

function sizeOf(setting: SettingReader, others: string): number {
  const octets = setting.number() ?? parseExactSize(setting.textOrEmpty());
  if (octets !== null && octets <= MOST) return octets;
  setting.refuse(`must be a size such as 500MB or 5GB${others}`);
  return 0;
}

function momentOf(parent: SettingReader, name: string): string {
  const text = parent.at(name).text();
  const at = Date.parse(text);
  if (/^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(at)) return new Date(at).toISOString();
  parent.at(name).refuse('must be a moment such as 2026-11-22T18:30:00Z');
  return text;
}
