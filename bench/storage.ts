/**
 * Measures the store by itself, without protocols, in this process on the embedded Postgres of a `localserve`:
 * `npm run bench -- storage --help`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type AccountId,
  BlobDirectory,
  createAccount,
  type Database,
  type MailboxId,
  openDatabase,
  Store,
  SystemFlag,
  type UidRanges,
} from '@postel/storage';
import { format, median, quantile } from './figures.ts';
import { startLocalPostel } from './local-postel.ts';
import { Corpus } from './mailbench/corpus.mjs';
import { cpuMs } from './process-tree.ts';

const HELP = `Measures the store by itself, in one process on the embedded Postgres, and prints medians.

  npm run bench -- storage [--rounds N] [--scale N] [--only TEXT]

  --rounds N     each operation is measured N times (default 3)
  --scale N      multiplies the sizes (default 1: 4,000 appends, 10,000 messages, a mailbox of 1,000,000)
  --only TEXT    operations whose name has that text, for instance append

Durable: the server runs with its own settings, and an operation counts when its promise resolves.`;

const PORT_OFFSET = 33_000;
const MESSAGE_LIMIT_OCTETS = 1024 * 1024;
/** Changes that are asked for in "changes since a modseq". */
const CHANGES = 10;
const NOBODY = { removed() {}, changed() {}, lost() {} };

/** What one measurement of an operation gave. */
interface Measured {
  readonly operations: number;
  readonly wallMs: number;
  readonly latenciesMs: readonly number[];
  readonly cpuMs: number;
  readonly postgresCpuMs: number;
}

interface Bench {
  readonly database: Database;
  readonly store: Store;
  readonly scale: number;
  /** Runs `work`, which tells each operation's time in ms. */
  measure(work: (took: (ms: number) => void) => Promise<void>): Promise<Measured>;
}

interface Scenario {
  readonly name: string;
  readonly reach: string;
  run(bench: Bench): Promise<Measured>;
}

const scenarios: readonly Scenario[] = [
  { name: 'append 4 kB, one connection', reach: '1,500/s', run: (bench) => appends(bench, 1, 1) },
  { name: 'append 4 kB, 8 connections of one account', reach: '3,000/s', run: (bench) => appends(bench, 1, 8) },
  { name: 'append 4 kB, 8 accounts', reach: '4,000/s', run: (bench) => appends(bench, 8, 8) },
  { name: 'flags of 10,000 messages', reach: '150 ms', run: flagsOfMany },
  { name: 'copy of 10,000 messages', reach: '400 ms', run: copyOfMany },
  ...[1_000, 10_000, 100_000].map((messages) => ({
    name: `${CHANGES} changes since a modseq, of ${messages.toLocaleString('en')} messages`,
    reach: 'the same',
    run: (bench: Bench) => changesSince(bench, messages),
  })),
  { name: 'a mailbox of 1,000,000 messages as arrays', reach: '1.5 s', run: openHuge },
];

export async function storage(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean' },
      rounds: { type: 'string', default: '3' },
      scale: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
    },
  });
  if (values.help) console.log(HELP);
  else await run({ rounds: Number(values.rounds), scale: Number(values.scale), only: values.only });
}

interface Options {
  readonly rounds: number;
  readonly scale: number;
  readonly only: string;
}

async function run({ rounds, scale, only }: Options): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'postel-bench-'));
  try {
    await using postel = await startLocalPostel(join(directory, 'postel'), PORT_OFFSET);
    const database = openDatabase(postel.database, { applicationName: 'postel bench', maxConnections: 8 });
    const store = new Store(database, {
      blobs: new BlobDirectory(join(directory, 'blobs')),
      onError: (error) => console.error(error),
    });
    await store.start();
    const bench: Bench = { database, store, scale, measure: (work) => measure([postel.pids.postgres], work) };
    console.log('| operation | to reach | ops/s | p50 ms | p99 ms | CPU us/op | of it Postgres |');
    console.log('|---|--:|--:|--:|--:|--:|--:|');
    for (const scenario of scenarios.filter(({ name }) => name.includes(only))) {
      const measured: Measured[] = [];
      for (let round = 0; round < rounds; round++) {
        await database.sql`checkpoint`; // what other scenarios left to write is not this one's
        measured.push(await scenario.run(bench));
      }
      console.log(row(scenario, measured));
    }
    await store.close();
    await database.close();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function row({ name, reach }: Scenario, measured: readonly Measured[]): string {
  const of = (figure: (one: Measured) => number) => format(median(measured.map(figure)));
  const percent = median(measured.map((one) => (100 * one.postgresCpuMs) / one.cpuMs));
  const columns = [
    of((one) => (one.operations * 1_000) / one.wallMs),
    of((one) => quantile(one.latenciesMs, 0.5)),
    of((one) => quantile(one.latenciesMs, 0.99)),
    of((one) => (one.cpuMs * 1_000) / one.operations),
    `${format(percent)} %`,
  ];
  return `| ${[name, reach, ...columns].join(' | ')} |`;
}

async function measure(postgres: readonly number[], work: (took: (ms: number) => void) => Promise<void>) {
  const latenciesMs: number[] = [];
  const [postgresBefore, ownBefore, begun] = [cpuMs(postgres), process.cpuUsage(), performance.now()];
  await work((ms) => latenciesMs.push(ms));
  const wallMs = performance.now() - begun;
  const own = process.cpuUsage(ownBefore);
  const postgresCpuMs = cpuMs(postgres) - postgresBefore;
  return {
    operations: latenciesMs.length,
    wallMs,
    latenciesMs,
    postgresCpuMs,
    cpuMs: postgresCpuMs + (own.user + own.system) / 1_000,
  };
}

interface Owner {
  readonly account: AccountId;
  readonly inbox: MailboxId;
  readonly trash: MailboxId;
}

let accounts = 0;

async function newOwner({ database, store }: Bench): Promise<Owner> {
  const account = await database.sql.begin((tx) => createAccount(tx, `bench-${++accounts}`));
  const [inbox, trash] = await Promise.all(['INBOX', 'Trash'].map((name) => store.mailboxes.find(account, name)));
  if (!inbox || !trash) throw new Error('a new account has an INBOX and a Trash');
  return { account, inbox: inbox.id, trash: trash.id };
}

async function append({ store }: Bench, { account, inbox }: Owner, octets: Buffer): Promise<void> {
  const writer = store.arrivals.receive(MESSAGE_LIMIT_OCTETS);
  await writer.write(octets);
  await using content = await writer.finish();
  await store.arrivals.append(account, {
    mailbox: inbox,
    content,
    flags: { system: 0, keywords: [] },
    internalDate: Date.now(),
    arrival: null,
  });
}

/** From octets to the commit: parsing and decoding of text are part of it. */
async function appends(bench: Bench, ofAccounts: number, connections: number): Promise<Measured> {
  const owners: Owner[] = [];
  for (let i = 0; i < ofAccounts; i++) owners.push(await newOwner(bench));
  const seed = 100 + accounts; // other messages than the round before
  const messages = new Corpus({ seed, size: 4096 }).take(Math.ceil(4_000 * bench.scale));
  let next = 0;
  return bench.measure(async (took) => {
    await Promise.all(
      Array.from({ length: connections }, async (_, connection) => {
        const owner = owners[connection % ofAccounts];
        for (let message = messages[next++]; owner !== undefined && message !== undefined; message = messages[next++]) {
          const begun = performance.now();
          await append(bench, owner, message.buf);
          took(performance.now() - begun);
        }
      }),
    );
  });
}

/** An account whose INBOX has so many messages: 100 that were appended, copied until there are enough. */
async function ownerOf(bench: Bench, messages: number): Promise<Owner & { readonly all: UidRanges }> {
  const owner = await newOwner(bench);
  for (const { buf } of new Corpus({ seed: 7, size: 4096 }).take(Math.min(messages, 100))) {
    await append(bench, owner, buf);
  }
  for (let have = Math.min(messages, 100); have < messages; ) {
    const more = Math.min(have, messages - have);
    await bench.store.copy(owner.account, owner.inbox, [{ first: 1, last: more }], owner.inbox, 'whole');
    have += more;
  }
  await bench.database.sql.unsafe('vacuum analyze messages'); // as autovacuum would have done by then
  return { ...owner, all: [{ first: 1, last: messages }] };
}

async function flagsOfMany(bench: Bench): Promise<Measured> {
  const { account, inbox, all } = await ownerOf(bench, Math.ceil(10_000 * bench.scale));
  return bench.measure(async (took) => {
    for (let i = 0; i < 6; i++) {
      const edit = { mode: i % 2 === 0 ? 'add' : 'remove', system: SystemFlag.flagged, keywords: [] } as const;
      await timed(took, () => bench.store.changeFlags(account, inbox, all, edit, null));
    }
  });
}

async function copyOfMany(bench: Bench): Promise<Measured> {
  const { account, inbox, trash, all } = await ownerOf(bench, Math.ceil(10_000 * bench.scale));
  return bench.measure(async (took) => {
    for (let i = 0; i < 4; i++) await timed(took, () => bench.store.copy(account, inbox, all, trash, 'whole'));
  });
}

/** Another process changes some messages; how long this one takes to know them. The changes themselves are not counted. */
async function changesSince(bench: Bench, size: number): Promise<Measured> {
  const messages = Math.ceil(size * bench.scale);
  const { account, inbox } = await ownerOf(bench, messages);
  const other = new Store(bench.database, { blobs: new BlobDirectory(''), onError: (error) => console.error(error) });
  const mailbox = await other.openMailbox(account, inbox, NOBODY);
  const uids = Array.from({ length: CHANGES }, (_, n) => 1 + Math.floor(((n + 0.5) * messages) / CHANGES));
  const ranges = uids.map((uid) => ({ first: uid, last: uid }));
  const latenciesMs: number[] = [];
  for (let i = 0; i < 200; i++) {
    const edit = { mode: i % 2 === 0 ? 'add' : 'remove', system: SystemFlag.flagged, keywords: [] } as const;
    await bench.store.changeFlags(account, inbox, ranges, edit, null);
    await timed(
      (ms) => latenciesMs.push(ms),
      () => mailbox.refresh(),
    );
  }
  other.closeMailbox(mailbox, NOBODY);
  const wallMs = latenciesMs.reduce((sum, ms) => sum + ms, 0);
  return { operations: latenciesMs.length, wallMs, latenciesMs, cpuMs: Number.NaN, postgresCpuMs: Number.NaN };
}

async function openHuge(bench: Bench): Promise<Measured> {
  const { account, inbox } = await ownerOf(bench, Math.ceil(1_000_000 * bench.scale));
  return bench.measure(async (took) => {
    for (let i = 0; i < 3; i++) {
      const store = new Store(bench.database, {
        blobs: new BlobDirectory(''),
        onError: (error) => console.error(error),
      });
      await timed(took, async () => store.closeMailbox(await store.openMailbox(account, inbox, NOBODY), NOBODY));
    }
  });
}

async function timed(took: (ms: number) => void, work: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await work();
  took(performance.now() - begun);
}
