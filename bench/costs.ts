/**
 * Measures what a message, a connection and a change cost, part by part, as the arithmetic in docs/scaling.md takes them:
 * `npm run bench -- costs --help`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openDirectory } from '@postel/directory';
import { type Database, openDatabase } from '@postel/storage';
import { ImapClient } from '@postel/testkit';
import { LmtpClient } from '../apps/postel/src/testing/hosts/lmtp-client.ts';
import { format } from './figures.ts';
import { type LocalPostel, startLocalPostel } from './local-postel.ts';
import { Corpus } from './mailbench/corpus.mjs';
import { cpuMs, pssMegabytes } from './process-tree.ts';

const HELP = `Measures what a message, a connection and a change cost, part by part, as docs/scaling.md takes them.

  npm run bench -- costs [--messages N] [--connections N]

  --messages N      delivered by LMTP for each row (default 4,000; a tenth of that where they are large)
  --connections N   IMAP connections over TLS held in IDLE (default 1,000)

Figures are CPU times, memory and octets: other programs on the machine disturb them less than they do rates.`;

const PORT_OFFSET = 34_000;
const PORTS = { lmtp: 24 + PORT_OFFSET, imaps: 993 + PORT_OFFSET };
const ACCOUNTS = 20;
const PASSWORD = 'correct horse';
const LMTP_CLIENTS = 8;
const REST_MS = 30_000;
const NOTIFIES = 5_000;
const SESSIONS = 40;
const DIFFERENT = 50;
const EMPTY = Buffer.alloc(0);

let nextNumber = 0;

/** Parts of a server, each with its processes. */
type Part = 'smtp' | 'imap' | 'postgres';
const PARTS: readonly Part[] = ['smtp', 'imap', 'postgres'];

interface Bench {
  readonly postel: LocalPostel;
  readonly database: Database;
  readonly pids: Readonly<Record<Part, number>>;
  readonly ca: string;
}

export async function costs(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean' },
      messages: { type: 'string', default: '4000' },
      connections: { type: 'string', default: '1000' },
    },
  });
  if (values.help) console.log(HELP);
  else await run(Number(values.messages), Number(values.connections));
}

async function run(messages: number, connections: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'postel-bench-'));
  try {
    const data = join(directory, 'postel');
    await using postel = await startLocalPostel(data, PORT_OFFSET);
    const database = openDatabase(postel.database, { applicationName: 'postel bench', maxConnections: 4 });
    const bench = { postel, database, pids: pidsOf(postel), ca: readFileSync(join(data, 'ca.pem'), 'utf8') };
    await addAccounts(bench, 'user', ACCOUNTS);
    await deliveries(bench, messages);
    await readers(bench, messages / 4);
    await idlers(bench, connections);
    await notifies(bench);
    await sessions(bench);
    await database.close();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** NAME0, NAME1, ... */
async function addAccounts({ database }: Bench, name: string, count: number): Promise<void> {
  const directory = openDirectory(database).as({ type: 'server', task: 'bench' });
  for (let i = 0; i < count; i++) {
    await directory.addAccount({ name: `${name}${i}`, address: `${name}${i}@localhost`, password: PASSWORD });
  }
}

function pidsOf({ dataDirectory, pids }: LocalPostel): Readonly<Record<Part, number>> {
  const { apps }: { apps: readonly { name: string; pid: number }[] } = JSON.parse(
    readFileSync(join(dataDirectory, 'run.json'), 'utf8'),
  );
  const pidOf = (part: string) => apps.find(({ name }) => name.startsWith(part))?.pid ?? 0;
  return { smtp: pidOf('smtp'), imap: pidOf('imap'), postgres: pids.postgres };
}

/** CPU of each part while `work` runs and a moment after, in ms. */
async function cpuOf({ pids }: Bench, work: () => Promise<void>): Promise<Readonly<Record<Part, number>>> {
  const now = () => PARTS.map((part) => cpuMs([pids[part]]));
  const before = now();
  await work();
  await delay(1_000);
  const [smtp = 0, imap = 0, postgres = 0] = now().map((ms, i) => ms - (before[i] ?? 0));
  return { smtp, imap, postgres };
}

async function deliveries(bench: Bench, count: number): Promise<void> {
  console.log(
    '| a message delivered by LMTP, nobody connected | CPU ms smtp | Postgres | WAL kB | database kB | a second |',
  );
  console.log('|---|--:|--:|--:|--:|--:|');
  const sizes = [
    [4, count],
    [64, count / 4],
    [1_024, count / 10],
  ] as const;
  for (const [kilobytes, messages] of sizes) {
    const { sql } = bench.database;
    await sql`checkpoint`;
    const before = await octetsOf(sql);
    const startedAt = performance.now();
    let tookMs = 0;
    const cpu = await cpuOf(bench, async () => {
      await deliver(messages, kilobytes);
      tookMs = performance.now() - startedAt;
    });
    const after = await octetsOf(sql);
    const of = (figure: number) => format(figure / messages);
    const row = [
      of(cpu.smtp),
      of(cpu.postgres),
      of((after.wal - before.wal) / 1024),
      of((after.data - before.data) / 1024),
    ];
    console.log(`| ${kilobytes} kB | ${row.join(' | ')} | ${format((messages * 1_000) / tookMs)} |`);
  }
}

async function octetsOf(sql: Database['sql']): Promise<{ wal: number; data: number }> {
  const [row] = await sql<{ wal: number; data: number }[]>`
    select (pg_current_wal_lsn() - '0/0')::bigint as wal, pg_database_size(current_database()) as data`;
  return row ?? { wal: 0, data: 0 };
}

async function deliver(messages: number, kilobytes: number): Promise<void> {
  const corpus = new Corpus({ seed: kilobytes, size: kilobytes * 1024 }).take(DIFFERENT);
  let left = messages;
  await Promise.all(
    Array.from({ length: LMTP_CLIENTS }, async () => {
      await using client = await LmtpClient.connect(PORTS.lmtp);
      await client.greet();
      while (left-- > 0) {
        // A content that an account has already would not be stored again.
        const message = Buffer.concat([
          Buffer.from(`X-Number: ${nextNumber++}\r\n`),
          corpus[left % DIFFERENT]?.buf ?? EMPTY,
        ]);
        const reply = await client.deliver(`user${left % ACCOUNTS}@localhost`, message);
        if (!reply.startsWith('250')) throw new Error(reply);
      }
    }),
  );
}

/** One program for each account is told of each message, fetches what a list shows and then the message, and marks it seen. */
async function readers(bench: Bench, count: number): Promise<void> {
  const clients = await openIdle(bench, 'user', ACCOUNTS);
  const told = await cpuOf(bench, () => deliver(count, 4));
  for (const client of clients) await endIdle(client);
  const perAccount = Math.floor(count / ACCOUNTS);
  const read = await cpuOf(bench, async () => {
    await Promise.all(
      clients.map(async (client) => {
        for (let i = 1; i <= perAccount; i++) {
          await client.command(`FETCH ${i} (UID FLAGS RFC822.SIZE ENVELOPE BODYSTRUCTURE)`);
          await client.command(`FETCH ${i} BODY[]`);
        }
      }),
    );
  });
  for (const client of clients) await client[Symbol.asyncDispose]();
  console.log('\n| | CPU ms imap | Postgres |\n|---|--:|--:|');
  const withDelivery = `${format(told.postgres / count)}, the delivery of 4 kB included`;
  console.log(`| a program in IDLE told of a message | ${format(told.imap / count)} | ${withDelivery} |`);
  const messages = perAccount * ACCOUNTS;
  console.log(
    `| a message listed and read, which marks it seen | ${format(read.imap / messages)} | ${format(read.postgres / messages)} |`,
  );
}

async function idlers(bench: Bench, count: number): Promise<void> {
  const { pids } = bench;
  await addAccounts(bench, 'idle', count);
  const alone = await cpuOf(bench, () => delay(REST_MS));
  const before = pssMegabytes([pids.imap]);
  let clients: readonly ImapClient[] = [];
  const logins = await cpuOf(bench, async () => {
    clients = await openIdle(bench, 'idle', count);
  });
  const kilobytes = ((pssMegabytes([pids.imap]) - before) * 1024) / count;
  const rest = await cpuOf(bench, () => delay(REST_MS));
  for (const client of clients) await client[Symbol.asyncDispose]();
  console.log('\n| a connection over TLS, in IDLE, each of an account of its own | |\n|---|--:|');
  console.log(`| memory, kB | ${format(kilobytes)} |`);
  console.log(`| CPU ms of imap to connect, log in and select | ${format(logins.imap / count)} |`);
  console.log(`| of Postgres | ${format(logins.postgres / count)} |`);
  const perSecond = (ms: number) => format((ms * 1_000 * 1_000) / count / (REST_MS + 1_000));
  console.log(`| CPU ms a second of 1,000 at rest: imap | ${perSecond(rest.imap - alone.imap)} |`);
  console.log(`| of Postgres | ${perSecond(rest.postgres - alone.postgres)} |`);
}

/** A connection for each of the accounts of that name. */
async function openIdle({ ca }: Bench, name: string, count: number): Promise<readonly ImapClient[]> {
  const clients: ImapClient[] = [];
  for (let i = 0; i < count; i++) {
    const client = await ImapClient.connectTls(PORTS.imaps, { ca });
    await client.line();
    await client.command(`LOGIN ${name}${i} "${PASSWORD}"`);
    await client.command('SELECT INBOX');
    client.send('idle IDLE\r\n');
    while (!(await client.line())?.startsWith('+ ')) {}
    clients.push(client);
  }
  return clients;
}

async function endIdle(client: ImapClient): Promise<void> {
  client.send('DONE\r\n');
  while (!(await client.line())?.startsWith('idle ')) {}
}

/** What telling other processes costs, by how many there are. */
async function notifies(bench: Bench): Promise<void> {
  const costsMs: number[] = [];
  for (const listeners of [1, 33]) {
    const stops = await Promise.all(
      Array.from({ length: listeners }, () => bench.database.listen('bench', { heard() {}, listening() {} })),
    );
    const cpu = await cpuOf(bench, async () => {
      for (let i = 0; i < NOTIFIES; i++) await bench.database.sql`select pg_notify('bench', ${`1:${i}`})`;
    });
    costsMs.push(cpu.postgres / NOTIFIES);
    for (const stop of stops) await stop();
  }
  const [one = 0, many = 0] = costsMs;
  console.log('\n| a NOTIFY, of any number of changes | CPU ms of Postgres |\n|---|--:|');
  console.log(`| with one process that listens | ${format(one)} |`);
  console.log(`| more for each further one | ${format((many - one) / 32)} |`);
}

async function sessions({ postel, pids }: Bench): Promise<void> {
  const before = pssMegabytes([pids.postgres]);
  const database = openDatabase(postel.database, { applicationName: 'postel bench', maxConnections: SESSIONS });
  await Promise.all(
    Array.from({ length: SESSIONS }, () =>
      database.sql.begin((tx) => tx`select pg_sleep(1) from accounts join mailboxes using (account_id) limit 1`),
    ),
  );
  const kilobytes = ((pssMegabytes([pids.postgres]) - before) * 1024) / SESSIONS;
  await database.close();
  console.log('\n| | kB |\n|---|--:|');
  console.log(`| memory of a connection to Postgres, just made | ${format(kilobytes)} |`);
}
