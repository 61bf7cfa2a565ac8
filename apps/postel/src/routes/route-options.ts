import type { RouteSettings } from '@postel/directory';
import type { RouteSecrets } from '@postel/routes';
import type { CommandLine, CommandOptions } from '../command.ts';
import { UsageError } from '../command-error.ts';

/** What is said of a route when it is added or changed. */
export const ROUTE_OPTIONS = {
  host: { type: 'string', multiple: true },
  tls: { type: 'string' },
  'tls-name': { type: 'string', multiple: true },
  'ca-file': { type: 'string' },
  'server-key': { type: 'string', multiple: true },
  user: { type: 'string' },
  'act-as': { type: 'string' },
  mechanism: { type: 'string', multiple: true },
  'password-file': { type: 'string' },
  'password-env': { type: 'string' },
  'token-file': { type: 'string' },
  'token-env': { type: 'string' },
  'certificate-file': { type: 'string' },
  'key-file': { type: 'string' },
  source: { type: 'string', multiple: true },
  proxy: { type: 'string' },
  'proxy-user': { type: 'string' },
  'proxy-password-file': { type: 'string' },
  'proxy-password-env': { type: 'string' },
  trusted: { type: 'string' },
  connections: { type: 'string' },
  recipients: { type: 'string' },
} as const satisfies CommandOptions;

export const ROUTE_OPTIONS_HELP = `  --host HOST[:PORT]   a smarthost; more of them are tried in their order. None: the servers of each domain (MX)
  --tls MODE           implicit (port 465, if none is said), starttls (587), opportunistic: if it is offered, or none, on loopback
                       and in private networks alone
  --tls-name NAME      that its certificate is for, if not for HOST; or one of several
  --ca-file FILE       authorities that vouch for it, in PEM
  --server-key SHA256  of its public key (SubjectPublicKeyInfo), or of the next one too: whatever its certificate says
  --user NAME          to log in with. The password is asked for, or is the first line of standard input, or of --password-file,
                       or in the variable of the environment that --password-env names; or a token of OAuth in --token-file,
                       --token-env. Never an argument, which everybody on the machine can read
  --act-as NAME        whom to act as there
  --mechanism NAME     of SASL, this one alone, or one of several; CRAM-MD5 and DIGEST-MD5 only so
  --certificate-file FILE --key-file FILE   our own, in PEM, to log in with by TLS (EXTERNAL)
  --source ADDRESS[=NAME]  to connect from, IPv4 or IPv6, of those that the machine has; NAME is what EHLO says from there
  --proxy HOST[:PORT]  SOCKS5; --proxy-user NAME with --proxy-password-file or --proxy-password-env
  --trusted yes|no     whether it is told who submitted a message, if that is known (AUTH= of MAIL, RFC 4954)
  --connections N      at the same time, from 1 to 10, of each relay process
  --recipients N       in one transaction, from 1 to 1000`;

/** What has been said of settings. */
type RouteChange = { -readonly [key in keyof RouteSettings]?: RouteSettings[key] };

/** Where secrets come from. */
export interface SecretSource {
  readonly name: keyof RouteSecrets;
  readonly from: 'file' | 'environment';
  readonly where: string;
}

/** What has been said of a route, with nothing read yet. */
export interface GivenRoute {
  readonly change: RouteChange;
  readonly authoritiesFile: string | null;
  readonly certificateFile: string | null;
  readonly secrets: readonly SecretSource[];
}

/** @throws {UsageError} */
export function givenRoute(line: CommandLine): GivenRoute {
  const change: RouteChange = {};
  const listed = (name: string) => (line.optionValues(name).length === 0 ? null : line.optionValues(name));
  const hosts = listed('host');
  if (hosts !== null) change.hosts = hosts;
  const tls = line.option('tls');
  if (tls !== null) change.tls = modeOf(tls);
  const tlsNames = listed('tls-name');
  if (tlsNames !== null) change.tlsNames = tlsNames;
  const pinnedKeys = listed('server-key');
  if (pinnedKeys !== null) change.pinnedKeys = pinnedKeys;
  const mechanisms = listed('mechanism');
  if (mechanisms !== null) change.mechanisms = mechanisms;
  const sources = listed('source');
  if (sources !== null) change.sources = Object.fromEntries(sources.map(sourceOf));
  const user = line.option('user');
  if (user !== null) change.user = user;
  const actAs = line.option('act-as');
  if (actAs !== null) change.actAs = actAs;
  const proxy = line.option('proxy');
  if (proxy !== null) change.proxy = proxy;
  const proxyUser = line.option('proxy-user');
  if (proxyUser !== null) change.proxyUser = proxyUser;
  const trusted = line.option('trusted');
  if (trusted !== null && trusted !== 'yes' && trusted !== 'no') throw new UsageError('--trusted is yes or no');
  if (trusted !== null) change.isTrusted = trusted === 'yes';
  const connections = numberOf(line, 'connections');
  if (connections !== null) change.connections = connections;
  const recipients = numberOf(line, 'recipients');
  if (recipients !== null) change.recipients = recipients;
  return {
    change,
    authoritiesFile: line.option('ca-file'),
    certificateFile: line.option('certificate-file'),
    secrets: [
      ...secretOf(line, 'password', 'password'),
      ...secretOf(line, 'token', 'token'),
      ...secretOf(line, 'key', 'clientKey'),
      ...secretOf(line, 'proxy-password', 'proxyPassword'),
    ],
  };
}

/** What an update takes away, by the name of the option that set it. */
const CLEARED: { readonly [option: string]: RouteChange } = {
  host: { hosts: [] },
  'tls-name': { tlsNames: [] },
  'ca-file': { authorities: null },
  'server-key': { pinnedKeys: [] },
  user: { user: null },
  'act-as': { actAs: null },
  mechanism: { mechanisms: null },
  'certificate-file': { certificate: null },
  source: { sources: {} },
  proxy: { proxy: null },
  'proxy-user': { proxyUser: null },
  connections: { connections: null },
  recipients: { recipients: null },
};

/** With which a secret goes too. */
const CLEARED_SECRETS: { readonly [option: string]: readonly (keyof RouteSecrets)[] } = {
  user: ['password', 'token'],
  password: ['password'],
  token: ['token'],
  'certificate-file': ['clientKey'],
  proxy: ['proxyPassword'],
  'proxy-user': ['proxyPassword'],
};

export interface Cleared {
  readonly change: RouteChange;
  readonly secrets: ReadonlySet<keyof RouteSecrets>;
}

/** @throws {UsageError} for what nothing could be taken away of */
export function clearedBy(names: readonly string[]): Cleared {
  const change: RouteChange = {};
  const secrets = new Set<keyof RouteSecrets>();
  for (const name of names) {
    const known = Object.hasOwn(CLEARED, name) || Object.hasOwn(CLEARED_SECRETS, name);
    if (!known) {
      const all = [...new Set([...Object.keys(CLEARED), ...Object.keys(CLEARED_SECRETS)])].toSorted();
      throw new UsageError(`--clear takes one of ${all.join(', ')}`);
    }
    Object.assign(change, CLEARED[name] ?? {});
    for (const secret of CLEARED_SECRETS[name] ?? []) secrets.add(secret);
  }
  if (change.proxy === null) change.proxyUser = null;
  return { change, secrets };
}

function secretOf(line: CommandLine, option: string, name: keyof RouteSecrets): readonly SecretSource[] {
  const file = line.option(`${option}-file`);
  const variable = option === 'key' ? null : line.option(`${option}-env`);
  if (file !== null && variable !== null)
    throw new UsageError(`--${option}-file and --${option}-env exclude each other`);
  if (file !== null) return [{ name, from: 'file', where: file }];
  return variable === null ? [] : [{ name, from: 'environment', where: variable }];
}

const MODES = ['implicit', 'starttls', 'opportunistic', 'none'] as const;

function modeOf(text: string): RouteSettings['tls'] {
  const mode = MODES.find((each) => each === text);
  if (mode === undefined) throw new UsageError(`--tls is ${MODES.join(', ')}`);
  return mode;
}

function sourceOf(text: string): readonly [address: string, ehlo: string | null] {
  const at = text.indexOf('=');
  return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

function numberOf(line: CommandLine, name: string): number | null {
  const text = line.option(name);
  if (text === null) return null;
  if (!/^[1-9][0-9]{0,3}$/.test(text)) throw new UsageError(`--${name} is a number`);
  return Number(text);
}
