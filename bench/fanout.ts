/** Measures how soon connections in IDLE hear of a message: `npm run bench -- fanout --help`. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ImapClient } from '@postel/testkit';
import { ConfiguredServer } from '../apps/postel/src/testing/configured-server.ts';
import { format, quantile } from './figures.ts';

const HELP = `Measures how long after an APPEND was sent connections in IDLE are told EXISTS: those of the process that took it,
and those of the other one. Two IMAP processes of \`postel serve\` share the port, as \`imap.processes: 2\` has it.

  npm run bench -- fanout [--watchers N] [--rounds N]

  --watchers N   connections in IDLE on each process (default 25)
  --rounds N     messages (default 40)`;

const PROCESSES = ['imap-1', 'imap-2'] as const;
type Process = (typeof PROCESSES)[number];
const MESSAGE = `From: joe@example.org\r\nSubject: a message\r\n\r\n${'It has four thousand octets of text.\r\n'.repeat(108)}`;
/** Between messages, so that one round is not told with the next. */
const REST_MS = 50;

export async function fanout(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean' },
      watchers: { type: 'string', default: '25' },
      rounds: { type: 'string', default: '40' },
    },
  });
  if (values.help) console.log(HELP);
  else await run(Number(values.watchers), Number(values.rounds));
}

async function run(watchers: number, rounds: number): Promise<void> {
  await using server = await ConfiguredServer.prepare({ imap: { processes: PROCESSES.length } });
  await server.start();
  const { user, pass } = await server.addAccount('mary');
  const spread = new Spread(server, `LOGIN ${user} "${pass}"`);
  const writer = await spread.connect('imap-1');
  const idle = new Map<Process, readonly ImapClient[]>();
  for (const name of PROCESSES) {
    const clients: ImapClient[] = [];
    while (clients.length < watchers) clients.push(await spread.connect(name));
    for (const client of clients) await beginIdle(client);
    idle.set(name, clients);
  }

  const latenciesMs = new Map<Process, number[]>(PROCESSES.map((name) => [name, []]));
  for (let messages = 1; messages <= rounds; messages++) {
    const startedAt = performance.now();
    const told = PROCESSES.flatMap((name) =>
      (idle.get(name) ?? []).map(async (client) => {
        await exists(client, messages);
        latenciesMs.get(name)?.push(performance.now() - startedAt);
      }),
    );
    await writer.append('INBOX', MESSAGE);
    await Promise.all(told);
    await delay(REST_MS);
  }
  console.log(
    `\n| told of an APPEND, ${watchers} connections each, ${rounds} rounds | p50 ms | p99 ms |\n|---|--:|--:|`,
  );
  for (const [name, ms] of latenciesMs) {
    const where = name === 'imap-1' ? 'in the process that took it' : 'in the other process';
    console.log(`| ${where} | ${format(quantile(ms, 0.5))} | ${format(quantile(ms, 0.99))} |`);
  }
  spread.close();
}

/** Connections on the process that is wanted: the system spreads them as it likes, so some are made in vain. */
class Spread {
  readonly #server: ConfiguredServer;
  readonly #login: string;
  readonly #all: ImapClient[] = [];
  readonly #spare: Record<Process, ImapClient[]> = { 'imap-1': [], 'imap-2': [] };
  #first = 0;

  constructor(server: ConfiguredServer, login: string) {
    this.#server = server;
    this.#login = login;
  }

  async connect(on: Process): Promise<ImapClient> {
    for (;;) {
      const spare = this.#spare[on].pop();
      if (spare !== undefined) return spare;
      const client = await ImapClient.connectTls(this.#server.ports.imaps, { rejectUnauthorized: false });
      this.#all.push(client);
      await client.line();
      await client.command(this.#login);
      const first = await this.#server.metric('postel_imap_connections', 'imap-1');
      this.#spare[first > this.#first ? 'imap-1' : 'imap-2'].push(client);
      this.#first = first;
    }
  }

  close(): void {
    for (const client of this.#all) client.socket.destroy();
  }
}

async function beginIdle(client: ImapClient): Promise<void> {
  await client.command('SELECT INBOX');
  client.send('idle IDLE\r\n');
  await client.line();
}

async function exists(client: ImapClient, messages: number): Promise<void> {
  for (;;) {
    const line = await client.line();
    if (line === null) throw client.failure('the server closed');
    if (line === `* ${messages} EXISTS`) return;
  }
}
