/**
 * Measures Postel beside Dovecot, with Postfix in front of it where that is installed, in turn, in one run:
 * `npm run bench -- --help`.
 *
 * Needs root (Dovecot does) and Debian's dovecot-imapd and dovecot-lmtpd. Prints a table as docs/benchmarks.md has it.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { DatabaseTarget } from '@postel/config';
import { openDirectory } from '@postel/directory';
import { openDatabase } from '@postel/storage';
import { format, median } from './figures.ts';
import { startLocalPostel } from './local-postel.ts';
import { pssMegabytes } from './process-tree.ts';

/** Those of mailbench that ask for no extension which Postel lacks. */
const SCENARIOS = [
  'login,login-tls,append-serial,append-8,append-multi,append-1mb,select-big',
  'fetch-flags,fetch-list,fetch-bodystructure,fetch-headers,fetch-body,fetch-body-serial,fetch-body-partial',
  'store-flags,copy-bulk,move-bulk,expunge-bulk,delete-mailbox,search-header,search-text,search-flags,sort-date,thread-refs',
  'qresync,condstore-changedsince',
  'idle-fanout,idle-memory,mixed,submit,deliver-mx,lmtp',
].join();
const POSTEL_OFFSET = 31_000;
const DOVECOT_PORTS = { imap: 32_143, imaps: 32_993, lmtp: 32_024, auth: 32_145 };
const POSTFIX_PORTS = { mx: 32_025, submission: 32_587 };
/** Of search-accounts, on either server; `{}` is 1 and so on. */
const ACCOUNTS = { count: 50, postel: 'user{}', dovecot: 'bench{}@postel.test' };
const MAILBENCH = fileURLToPath(new URL('mailbench/', import.meta.url));

interface Row {
  readonly scenario: string;
  readonly opsPerS: number;
  readonly cpuPerOpUs: number;
  readonly p50: number | null;
  readonly othersPct: number;
  readonly errors: number;
  readonly extra?: { readonly pssKbPerConn?: number };
}

interface Peer {
  readonly name: 'postel' | 'dovecot';
  readonly args: readonly string[];
  readonly pids: readonly number[];
}

interface Options {
  readonly rounds: number;
  readonly scale: string;
  readonly scenario: string;
  readonly rest: string;
  readonly 'reads-only': boolean;
}

const HELP = `Measures Postel beside Dovecot on this machine, in turn, and prints medians.

  npm run bench -- [--rounds N] [--scale N] [--scenario a,b,...] [--reads-only] [--rest N]

  --rounds N     each scenario runs N times on each server, in turn (default 3)
  --scale N      multiplies message counts (default 1: 10,000 messages in the big mailbox)
  --scenario L   default: all that Postel and Dovecot both can do
                 (node bench/mailbench/mailbench.mjs --list names them)
  --reads-only   Dovecot syncs nothing, so that its mailboxes are filled four times faster. Only for scenarios that write nothing
  --rest N       seconds of rest after a mailbox was filled (default 0). Postel indexes texts up to 15 s behind, and 100,000
                 messages for about half a minute

Searches in texts, which have scenarios of their own for other scripts and for 50 accounts:

  npm run bench -- --reads-only --rest 20 --scenario search-text,search-text-cyrillic,search-text-japanese,search-accounts
  npm run bench -- --reads-only --rest 60 --rounds 1 --scale 10 --scenario search-text,search-header,search-flags,sort-date,thread-refs

As root, with Debian's dovecot-imapd and dovecot-lmtpd installed; with postfix too, submission and MX are measured beside it.

  npm run bench -- storage --help        the store by itself`;

export async function besideDovecot(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean' },
      rounds: { type: 'string', default: '3' },
      scale: { type: 'string', default: '1' },
      scenario: { type: 'string', default: SCENARIOS },
      rest: { type: 'string', default: '0' },
      'reads-only': { type: 'boolean', default: false },
    },
  });
  if (values.help) console.log(HELP);
  else await run({ ...values, rounds: Number(values.rounds) });
}

async function run(options: Options): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'postel-bench-'));
  chmodSync(directory, 0o755); // Dovecot's processes are not root
  try {
    await using postel = await startLocalPostel(join(directory, 'postel'), POSTEL_OFFSET);
    const postelPids = [postel.pids.supervisor, postel.pids.postgres];
    if (options.scenario.split(',').includes('search-accounts')) await addAccounts(postel.database);
    await new Promise((resolve) => setTimeout(resolve, 3_000)); // start-up's garbage is not what an idle server holds
    console.log(`\nMemory idle after start (PSS, all processes, Postgres included): ${pssMegabytes(postelPids)} MB\n`);

    dovecot('start', directory, options['reads-only'] ? { FSYNC: 'never' } : {});
    const hasPostfix = spawnSync('postconf', ['-d', 'mail_version'], { stdio: 'ignore' }).status === 0;
    if (hasPostfix) postfix('start', directory);
    else console.error('postfix is not installed: no submission and no MX beside Postel');
    const postfixPids = hasPostfix ? [Number(postfix('pid', directory))] : [];
    const peers: readonly Peer[] = [
      {
        name: 'postel',
        pids: postelPids,
        args: [
          ...addresses('imap', POSTEL_OFFSET + 143, 'imaps', POSTEL_OFFSET + 993, 'lmtp', POSTEL_OFFSET + 24),
          ...addresses('submission', POSTEL_OFFSET + 587, 'mx', POSTEL_OFFSET + 25),
          ...['--user', 'postel', '--pass', 'postelpostel', '--rcpt', 'postel@localhost', '--from', 'postel@localhost'],
          ...['--users', `${ACCOUNTS.postel},${ACCOUNTS.count}`],
        ],
      },
      {
        name: 'dovecot',
        pids: [Number(dovecot('pid', directory)), ...postfixPids],
        args: [
          ...addresses('imap', DOVECOT_PORTS.imap, 'imaps', DOVECOT_PORTS.imaps, 'lmtp', DOVECOT_PORTS.lmtp),
          ...(hasPostfix ? addresses('submission', POSTFIX_PORTS.submission, 'mx', POSTFIX_PORTS.mx) : []),
          ...['--user', 'bench@postel.test', '--pass', 'benchpass', '--from', 'bench@postel.test'],
          ...['--users', `${ACCOUNTS.dovecot},${ACCOUNTS.count}`],
        ],
      },
    ];
    print(measure(peers, directory, options));
  } finally {
    if (existsSync(join(directory, 'postfix'))) postfix('stop', directory);
    dovecot('stop', directory);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Dovecot's are in its file of passwords. */
async function addAccounts(target: DatabaseTarget): Promise<void> {
  const database = openDatabase(target, { applicationName: 'postel bench', maxConnections: 1 });
  const directory = openDirectory(database, { trustedNetworks: [] }).as({ type: 'server', task: 'bench' });
  for (let i = 1; i <= ACCOUNTS.count; i++) {
    const name = ACCOUNTS.postel.replace('{}', String(i));
    await directory.addAccount({ name, address: `${name}@localhost`, password: 'postelpostel' });
  }
  await database.close();
}

/** Options of mailbench for services on this machine, of names and ports in turn. */
function addresses(...services: readonly (string | number)[]): string[] {
  return services.map((part) => (typeof part === 'string' ? `--${part}` : `127.0.0.1:${part}`));
}

type PeerCommand = 'start' | 'stop' | 'pid';

function dovecot(command: PeerCommand, directory: string, environment: Readonly<Record<string, string>> = {}): string {
  const { imap, imaps, lmtp, auth } = DOVECOT_PORTS;
  return peerScript('dovecot', command, directory, [imap, imaps, lmtp, auth], environment);
}

/** In front of Dovecot, which must run. */
function postfix(command: PeerCommand, directory: string): string {
  const { lmtp, auth } = DOVECOT_PORTS;
  return peerScript('postfix', command, directory, [POSTFIX_PORTS.mx, POSTFIX_PORTS.submission, lmtp, auth]);
}

/** The daemons keep their standard output and error open, so those must not be pipes that we wait for. */
function peerScript(
  peer: string,
  command: PeerCommand,
  directory: string,
  ports: readonly number[],
  environment: Readonly<Record<string, string>> = {},
): string {
  const result = spawnSync(
    join(MAILBENCH, `peers/${peer}.sh`),
    [command, join(directory, peer), ...ports.map(String)],
    {
      encoding: 'utf8',
      env: { ...process.env, ...environment },
      stdio: ['ignore', command === 'pid' ? 'pipe' : 'ignore', 'inherit'],
    },
  );
  if (result.error) throw result.error;
  return result.stdout?.trim() ?? '';
}

function measure(peers: readonly Peer[], directory: string, options: Options): Map<string, Map<string, Row[]>> {
  const rows = new Map<string, Map<string, Row[]>>();
  for (let round = 1; round <= options.rounds; round++) {
    for (const { name, args, pids } of peers) {
      console.error(`round ${round} of ${options.rounds}: ${name}`);
      const json = join(directory, `${name}.json`);
      const fixed = [
        '--server-pid',
        pids.join(),
        '--scenario',
        options.scenario,
        '--scale',
        options.scale,
        '--rest',
        options.rest,
        '--label',
        name,
        '--json',
        json,
      ];
      const result = spawnSync(
        process.execPath,
        [join(MAILBENCH, 'mailbench.mjs'), ...args, ...fixed, '--quiet', '--settle', '5'],
        { stdio: 'ignore' },
      );
      if (result.status !== 0) console.error(`${name}: mailbench ended with status ${result.status}`);
      const measured: { rows: readonly Row[] } = JSON.parse(readFileSync(json, 'utf8'));
      for (const row of measured.rows) {
        const byPeer = rows.get(row.scenario) ?? new Map<string, Row[]>();
        rows.set(row.scenario, byPeer.set(name, [...(byPeer.get(name) ?? []), row]));
      }
    }
  }
  return rows;
}

function print(rows: Map<string, Map<string, Row[]>>): void {
  console.log(
    '| scenario | ops/s Postel | Dovecot | ratio | CPU us/op Postel | Dovecot | ratio | p50 ms Postel | Dovecot | others % |',
  );
  console.log('|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|');
  for (const [scenario, byPeer] of rows) {
    const postel = byPeer.get('postel') ?? [];
    const other = byPeer.get('dovecot') ?? [];
    const pair = (of: (row: Row) => number | null) => {
      const [a, b] = [median(postel.map(of)), median(other.map(of))];
      return [format(a), format(b), b > 0 ? (a / b).toFixed(2) : '-'];
    };
    const [p50, otherP50] = pair((row) => row.p50);
    const others = Math.max(...[...postel, ...other].map((row) => row.othersPct ?? 0));
    const errors = [...postel, ...other].reduce((n, row) => n + row.errors, 0);
    console.log(
      `| ${[scenario, ...pair((row) => row.opsPerS), ...pair((row) => row.cpuPerOpUs), p50, otherP50, others].join(' | ')} |${errors > 0 ? ` ${errors} ERRORS` : ''}`,
    );
    const memory = pair((row) => row.extra?.pssKbPerConn ?? null);
    if (postel.some((row) => row.extra?.pssKbPerConn !== undefined))
      console.log(`| ${scenario}: kB (PSS) a connection | ${memory.join(' | ')} | | | | | | |`);
  }
}
