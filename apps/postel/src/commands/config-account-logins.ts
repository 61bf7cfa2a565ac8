import type { LoginEntry, LoginFilter } from '@postel/directory';
import { type CommandLine, defineCommand } from '../command.ts';
import { LIMIT_HELP, LIMIT_OPTION, limitOption, noteMore } from '../limit-option.ts';
import { formatMoment, MOMENT_HELP, parseMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { printable } from '../printable.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const NAME_CHARACTERS = 40;
const PROGRAM_CHARACTERS = 30;
/** Enough of a fingerprint to know it by. */
const FINGERPRINT_CHARACTERS = 12;

/** For people. What a client hears says less. */
const outcomes = {
  success: 'logged in',
  'wrong-credentials': 'wrong name or password',
  'not-authorized': 'may not act as that user',
  'channel-binding': 'not bound to this TLS connection',
  malformed: 'malformed',
  cancelled: 'cancelled',
  unavailable: 'could not be checked',
  limited: 'refused: too many have failed',
  'unknown-key': 'showed a key that lets nobody in',
} as const satisfies Record<LoginEntry['outcome'], string>;

export const configAccountLogins = defineCommand({
  name: 'config account logins',
  operands: 'ACCOUNT | --all [--failed] [--since MOMENT] [--limit N] [--json]',
  summary: 'show who tried to log in, when, from where and with what',
  help: `The newest first. Attempts of one hour that are alike are one line, with their number and when the last of them was.
What was tried with a name or an address of the account is shown with the account; what named nobody only by --all.
Of a flood only the network is shown that it came from, or nothing but its size. They are kept for 30 days
(login.historyDays in the configuration file); newest ones appear within 3 seconds.

  --all                of all accounts, and of nobody
  --failed             only those that did not log in
  --since MOMENT       only since then: ${MOMENT_HELP}
${LIMIT_HELP}
  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Examples:
  postel config account logins mary
  postel config account logins mary --failed --since 1d
  postel config account logins --all --limit 500`,
  options: {
    all: { type: 'boolean' },
    failed: { type: 'boolean' },
    since: { type: 'string' },
    ...LIMIT_OPTION,
    json: { type: 'boolean' },
    ...SERVER_OPTIONS,
  },
  parse(line) {
    const since = line.option('since');
    const filter: LoginFilter = {
      accountName: accountOperand(line),
      onlyFailed: line.flag('failed'),
      since: new Date(since === null ? 0 : parseMoment('since', since)),
      limit: limitOption(line),
    };
    return { filter, asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ filter, asJson, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const logins = await useDirectory(invocation, server, (directory) => directory.listLogins(filter));
    const header = ['LAST', 'COUNT', 'ACCOUNT', 'NAME GIVEN', 'FROM', 'HOW', 'WITH', 'PROGRAM', 'OUTCOME'];
    sayRows(invocation.terminal, logins, { asJson, header, row });
    noteMore(invocation.terminal, logins.length, filter.limit);
  },
});

/** @throws {UsageError} unless there is an account or --all */
function accountOperand(line: CommandLine): string | null {
  if (!line.flag('all')) return operands(line, 'account').account;
  operands(line);
  return null;
}

function row(login: LoginEntry): readonly string[] {
  const { lastAt, count, accountName, loginName, from, program, outcome } = login;
  return [
    formatMoment(lastAt),
    String(count),
    accountName ?? '-',
    loginName === null ? '-' : printable(loginName, NAME_CHARACTERS),
    from ?? 'everywhere',
    how(login),
    credential(login),
    program === null ? '-' : printable(program, PROGRAM_CHARACTERS),
    outcomes[outcome],
  ];
}

function how({ service, mechanism, tlsVersion }: LoginEntry): string {
  return [service, ...(mechanism === null ? [] : [mechanism]), ...(tlsVersion === null ? [] : [tlsVersion])].join(' ');
}

function credential({ credentialKind, credentialName, keyFingerprint }: LoginEntry): string {
  const name = credentialName === null ? '' : ` ${JSON.stringify(printable(credentialName, NAME_CHARACTERS))}`;
  const key = keyFingerprint === null ? '' : keyFingerprint.slice(0, FINGERPRINT_CHARACTERS);
  switch (credentialKind) {
    case 'tls-public-key':
      return `key${name} ${key}`;
    case 'app-password':
      return `app password${name}${besides(key)}`;
    case 'token':
      return `token of${name}${besides(key)}`;
    case 'password':
    case 'anonymous':
      return `${credentialKind}${besides(key)}`;
    case null:
      return key === '' ? '-' : `key ${key}`;
    default:
      return credentialKind satisfies never;
  }
}

const besides = (key: string) => (key === '' ? '' : `, and key ${key}`);
