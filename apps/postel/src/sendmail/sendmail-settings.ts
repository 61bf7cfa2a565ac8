import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { SettingReader, SettingsError } from '@postel/config';
import { type ClientCredentials, clientMechanismNames, kerberosContext, oneTimePassword } from '@postel/sasl';
import type { ServerTrust } from '@postel/smtp-client';
import { parseFingerprint } from '@postel/tls-pubkey';
import { CommandError } from '../command-error.ts';
import type { SubmissionServer } from '../smtp-client/submit.ts';
import { parseClientIdentity } from './client-identity.ts';
import { EX_CONFIG } from './exit-codes.ts';
import type { SettingName } from './parse-arguments.ts';

export interface SendmailSettings {
  readonly server: SubmissionServer;
  readonly from: string | null;
  readonly domain: string | null;
}

/** What the file says, or the options: text, as both have it. */
interface Given {
  readonly text: (name: SettingName | 'password' | 'from') => string | null;
  /** A path, from the directory of the file that names it. */
  readonly path: (name: 'password-file' | 'key-file' | 'ca-file' | 'keep') => string | null;
}

const FILE_KEYS = [
  'host',
  'tls',
  'account',
  'authorization',
  'mechanism',
  'password',
  'passwordFile',
  'passwordCommand',
  'keyFile',
  'caFile',
  'serverKey',
  'from',
  'domain',
  'keep',
];
/** What `passwordCommand` may say, and how long it may take: it may ask a server for a token. */
const MAX_PASSWORD_OCTETS = 64 * 1024;
const PASSWORD_COMMAND_MS = 60_000;
/** Their credentials are tokens. */
const BEARER_MECHANISMS = ['OAUTHBEARER', 'XOAUTH2'];
/** RFC 8314 §7.3, RFC 6409 §3.1. */
const PORTS = { implicit: 465, starttls: 587 } as const;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * How to reach the submission server, of the options, the environment and the file, in this order.
 *
 * @throws {CommandError} EX_CONFIG
 */
export async function readSendmailSettings(
  options: ReadonlyMap<SettingName, string>,
  env: Environment,
): Promise<SendmailSettings> {
  const given = await readGiven(options, env);
  const host = given.text('host');
  if (host === null) throw wrong(`There is no server to submit to: name one by --host, or in ${userFile(env)}`);
  const mode = given.text('tls') ?? 'implicit';
  if (mode !== 'implicit' && mode !== 'starttls') throw wrong('The setting "tls" must be implicit or starttls');
  const keyFile = given.path('key-file');
  const identity = keyFile === null ? null : parseClientIdentity(readText(keyFile), keyFile);
  const mechanisms = readMechanisms(given);
  const credentials = await readCredentials(given, mechanisms, env);
  if (identity === null && credentials === null) {
    throw wrong('There is nothing to log in with: an account and its password, or a key, is needed');
  }
  return {
    server: {
      host,
      port: parsePort(given.text('port')) ?? PORTS[mode],
      tlsMode: mode,
      tls: { trust: readTrust(given), identity },
      credentials,
      mechanisms,
    },
    from: given.text('from'),
    domain: given.text('domain'),
  };
}

/** Where to keep messages, as the options or the file say; null if they do not, or the file cannot be read. */
export async function readKeepPlace(
  options: ReadonlyMap<SettingName, string>,
  env: Environment,
): Promise<string | null> {
  const option = options.get('keep');
  if (option !== undefined) return resolve(option);
  try {
    return (await readGiven(options, env)).path('keep');
  } catch (error) {
    // What is wrong with it is said where a message is sent by it; till then that is kept.
    if (error instanceof CommandError) return null;
    throw error;
  }
}

async function readGiven(options: ReadonlyMap<SettingName, string>, env: Environment): Promise<Given> {
  const file = options.get('config') ?? defaultFile(env);
  return combine(options, file === null ? new Map() : await readFile(file), file);
}

function readMechanisms(given: Given): ReadonlySet<string> | null {
  const names = given.text('mechanism')?.toUpperCase().split(/[ ,]+/) ?? null;
  const unknown = names?.find((name) => !clientMechanismNames.includes(name));
  if (unknown !== undefined) throw wrong(`There is no mechanism "${unknown}": ${clientMechanismNames.join(', ')}`);
  return names === null ? null : new Set(names);
}

/**
 * What the password is, the mechanism says that is chosen: a token for OAUTHBEARER and XOAUTH2, a passphrase for OTP, what
 * the card shows for SECURID. GSSAPI has its tickets, and ANONYMOUS nothing but a name, if that.
 */
async function readCredentials(
  given: Given,
  mechanisms: ReadonlySet<string> | null,
  env: Environment,
): Promise<ClientCredentials | null> {
  const account = given.text('account');
  const needsNone = mechanisms?.has('GSSAPI') === true || mechanisms?.has('ANONYMOUS') === true;
  if (account === null && !needsNone) return null;
  const password = await readPassword(given, env);
  if (password === null && !needsNone) return null;
  const authorization = given.text('authorization');
  return {
    ...(account === null ? {} : { authenticationIdentity: account }),
    ...(authorization === null ? {} : { authorizationIdentity: authorization }),
    ...(password === null ? {} : secretsOf(password, mechanisms ?? new Set())),
    ...(mechanisms?.has('GSSAPI') === true ? { gss: kerberosContext } : {}),
    ...(mechanisms?.has('ANONYMOUS') === true ? { anonymousTrace: account ?? '' } : {}),
  };
}

function secretsOf(secret: string, mechanisms: ReadonlySet<string>): ClientCredentials {
  return {
    password: secret,
    ...(BEARER_MECHANISMS.some((name) => mechanisms.has(name)) ? { bearerToken: secret } : {}),
    ...(mechanisms.has('OTP') ? { otp: async (challenge) => oneTimePassword(challenge, secret) } : {}),
    ...(mechanisms.has('SECURID')
      ? {
          securId: {
            passcode: async () => secret,
            pin: async () => {
              throw wrong('The server wants a new PIN for the card, which somebody has to think of');
            },
          },
        }
      : {}),
  };
}

async function readPassword(given: Given, env: Environment): Promise<string | null> {
  const file = given.path('password-file');
  if (file !== null) return firstLine(readText(file));
  const command = given.text('password-command');
  if (command !== null) return firstLine(await outputOf(command));
  const { POSTEL_SENDMAIL_PASSWORD } = env;
  return POSTEL_SENDMAIL_PASSWORD ?? given.text('password');
}

/** What a shell command says. It is not shown, nor is what it complains of: both may be secret. */
async function outputOf(command: string): Promise<string> {
  try {
    const options = { timeout: PASSWORD_COMMAND_MS, maxBuffer: MAX_PASSWORD_OCTETS };
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command], options);
    return stdout;
  } catch (error) {
    const status = error instanceof Error && 'code' in error ? error.code : 'none';
    throw wrong(`The command for the password failed, with the status ${status}`);
  }
}

function readTrust(given: Given): ServerTrust {
  const pinned = given.text('server-key');
  if (pinned !== null) {
    const fingerprint = parseFingerprint(pinned);
    if (fingerprint === null) throw wrong('The server key must be the fingerprint of a public key by SHA-256');
    return { type: 'key', fingerprint };
  }
  const caFile = given.path('ca-file');
  return { type: 'authority', ca: caFile === null ? null : readText(caFile) };
}

/** Options are named `--key-file`, the keys of the file `keyFile`. */
function combine(
  options: ReadonlyMap<SettingName, string>,
  inFile: ReadonlyMap<string, string>,
  file: string | null,
): Given {
  const ofFile = (name: string) => inFile.get(name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()));
  const ofOptions = (name: string) => new Map<string, string>(options).get(name);
  return {
    text: (name) => ofOptions(name) ?? ofFile(name) ?? null,
    path(name) {
      const option = ofOptions(name);
      if (option !== undefined) return resolve(option);
      const value = ofFile(name);
      return value === undefined ? null : resolve(dirname(file ?? '.'), value);
    },
  };
}

async function readFile(file: string): Promise<ReadonlyMap<string, string>> {
  const { parse } = await import('yaml');
  try {
    const reader = new SettingReader(parse(readText(file), { maxAliasCount: 0 }) ?? {});
    const found = new Map<string, string>();
    for (const key of FILE_KEYS) if (reader.has(key)) found.set(key, reader.at(key).text());
    if (reader.has('port')) found.set('port', String(reader.at('port').port(1)));
    for (const { path } of reader.strangers()) throw new SettingsError(`There is no setting ${path.join('.')}`);
    return found;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw wrong(`${file}: ${error instanceof Error ? error.message : error}`, error);
  }
}

/** The person's own, or that of the machine. */
function defaultFile(env: Environment): string | null {
  return [userFile(env), '/etc/postel/sendmail.yaml'].find((file) => existsSync(file)) ?? null;
}

function userFile(env: Environment): string {
  const { HOME, XDG_CONFIG_HOME } = env;
  return join(XDG_CONFIG_HOME || join(HOME || homedir(), '.config'), 'postel', 'sendmail.yaml');
}

function parsePort(text: string | null): number | null {
  if (text === null) return null;
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw wrong(`"${text}" is no port`);
  return port;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw wrong(`Cannot read ${file}: ${error instanceof Error ? error.message : error}`, error);
  }
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? '';
}

function wrong(message: string, cause?: unknown): CommandError {
  return new CommandError(`${message}.`.replace(/\.\.$/, '.'), { exitCode: EX_CONFIG, cause });
}
