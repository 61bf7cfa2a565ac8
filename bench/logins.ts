/**
 * Measures what one login costs the directory, by PLAIN cold and cached among others: `npm run bench -- logins --help`.
 * What it costs over a connection, beside Dovecot: `npm run bench -- --scenario login,login-tls`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Directory, openDirectory } from '@postel/directory';
import { type ConnectionSecurity, chooseClientMechanism, chooseMechanism } from '@postel/sasl';
import { openDatabase } from '@postel/storage';
import { format, median, quantile } from './figures.ts';
import { startLocalPostel } from './local-postel.ts';
import { cpuMs } from './process-tree.ts';

const HELP = `Measures what one login costs the directory, in one process on the embedded Postgres, and prints medians.

  npm run bench -- logins [--rounds N] [--accounts N]

  --rounds N     each login is measured N times for every account (default 3)
  --accounts N   one after the other (default 500)

CPU is that of this process with its threads, where passwords are hashed, and of Postgres.`;

const PORT_OFFSET = 35_000;
const PASSWORD = 'correct horse';
const CONTEXT = {
  service: 'imap',
  clientAddress: '127.0.0.1',
  tlsVersion: 'TLSv1.3',
  clientKey: null,
  unknownKey: null,
} as const;
const SECURITY: ConnectionSecurity = {
  service: 'imap',
  hostNames: ['localhost'],
  isTls: true,
  allowPlaintextWithoutTls: false,
  channelBinding: null,
  hasExternalIdentity: false,
};

const CLIENT_CONNECTION = {
  hasTrustedTls: true,
  channelBinding: null,
  hasClientCertificate: false,
  service: 'imap',
  host: 'localhost',
  port: 993,
};

interface Login {
  readonly name: string;
  readonly mechanism: string;
  readonly password: string;
}

/** In this order: a login is cached after it was cold. */
const LOGINS: readonly Login[] = [
  { name: 'PLAIN, cold', mechanism: 'PLAIN', password: PASSWORD },
  { name: 'PLAIN, cached', mechanism: 'PLAIN', password: PASSWORD },
  { name: 'PLAIN, wrong password', mechanism: 'PLAIN', password: 'incorrect horse' },
  { name: 'SCRAM-SHA-256', mechanism: 'SCRAM-SHA-256', password: PASSWORD },
];

interface Measured {
  readonly latenciesMs: readonly number[];
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly postgresCpuMs: number;
}

export async function logins(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean' },
      rounds: { type: 'string', default: '3' },
      accounts: { type: 'string', default: '500' },
    },
  });
  if (values.help) console.log(HELP);
  else await run(Number(values.rounds), Number(values.accounts));
}

async function run(rounds: number, accounts: number): Promise<void> {
  const temporary = mkdtempSync(join(tmpdir(), 'postel-bench-'));
  try {
    await using postel = await startLocalPostel(join(temporary, 'postel'), PORT_OFFSET);
    const database = openDatabase(postel.database, { applicationName: 'postel bench', maxConnections: 2 });
    const names = Array.from({ length: accounts }, (_, i) => `user${i}`);
    const directory = openDirectory(database, { trustedNetworks: ['127.0.0.1'] }).as({ type: 'server', task: 'bench' });
    for (const name of names) await directory.addAccount({ name, address: `${name}@localhost`, password: PASSWORD });

    const measured = new Map<Login, Measured[]>(LOGINS.map((login) => [login, []]));
    for (let round = 0; round < rounds; round++) {
      const cold = openDirectory(database, { trustedNetworks: ['127.0.0.1'] });
      for (const login of LOGINS) {
        measured.get(login)?.push(await measure(cold, login, names, [postel.pids.postgres]));
      }
    }
    await database.close();
    print(measured, accounts);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function measure(directory: Directory, login: Login, names: readonly string[], postgres: readonly number[]) {
  const latenciesMs: number[] = [];
  const before = { cpu: process.cpuUsage(), postgresMs: cpuMs(postgres), at: performance.now() };
  let [clientMs, clientCpuMs] = [0, 0];
  for (const name of names) {
    const took = await logIn(directory, login, name);
    latenciesMs.push(took.serverMs);
    clientMs += took.clientMs;
    clientCpuMs += took.clientCpuMs;
  }
  return {
    latenciesMs,
    wallMs: performance.now() - before.at - clientMs,
    cpuMs: cpuMsSince(before.cpu) - clientCpuMs,
    postgresCpuMs: cpuMs(postgres) - before.postgresMs,
  };
}

/**
 * @returns what the client's own part took, which is not to be counted
 * @throws if a right password is refused, or a wrong one is not
 */
async function logIn(directory: Directory, { mechanism: name, password }: Login, user: string) {
  const choice = chooseMechanism(name, SECURITY, directory.mechanismsFor(CONTEXT));
  if (choice.type !== 'offered') throw new Error(`${name} is not offered`);
  const credentials = { authenticationIdentity: user, password };
  const client = chooseClientMechanism([name], credentials, CLIENT_CONNECTION).exchange;
  let [serverMs, clientMs, clientCpuMs] = [0, 0, 0];
  let response = await client.initialResponse();
  let startedAt = performance.now();
  const attempt = directory.beginLogin(CONTEXT, name);
  const exchange = choice.mechanism.start(attempt, SECURITY);
  for (;;) {
    const step = await exchange.next(response);
    const answeredAt = performance.now();
    serverMs += answeredAt - startedAt;
    if (step.type !== 'challenge') {
      attempt.settle(step.type === 'success' ? 'success' : step.reason);
      if ((step.type === 'success') !== (password === PASSWORD)) throw new Error(`${name}: ${JSON.stringify(step)}`);
      return { serverMs, clientMs, clientCpuMs };
    }
    const before = process.cpuUsage();
    response = await client.respond(step.challenge);
    clientCpuMs += cpuMsSince(before);
    startedAt = performance.now();
    clientMs += startedAt - answeredAt;
  }
}

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

function print(measured: ReadonlyMap<Login, readonly Measured[]>, accounts: number): void {
  console.log('| login | a second | p50 ms | p99 ms | CPU us | of Postgres besides |');
  console.log('|---|--:|--:|--:|--:|--:|');
  for (const [{ name }, rounds] of measured) {
    const of = (figure: (one: Measured) => number) => format(median(rounds.map(figure)));
    const columns = [
      of(({ wallMs }) => (accounts * 1_000) / wallMs),
      of(({ latenciesMs }) => quantile(latenciesMs, 0.5)),
      of(({ latenciesMs }) => quantile(latenciesMs, 0.99)),
      of((one) => (one.cpuMs * 1_000) / accounts),
      of((one) => (one.postgresCpuMs * 1_000) / accounts),
    ];
    console.log(`| ${[name, ...columns].join(' | ')} |`);
  }
}
