/**
 * Measures one mailbox with very many messages, over IMAP: `npm run bench -- million --help`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BlobDirectory, findAccounts, openDatabase, Store } from '@postel/storage';
import { format, median } from './figures.ts';
import { type LocalPostel, startLocalPostel } from './local-postel.ts';
import { Corpus } from './mailbench/corpus.mjs';
import { type Measured, MeasuredProcess } from './measured-process.ts';

const HELP = `Measures commands on one mailbox with very many messages, over IMAP, and prints a table.

  npm run bench -- million [--messages N] [--rounds N]

  --messages N   in the mailbox (default 1,000,000)
  --rounds N     how often Postel is started anew to select it cold (default 3)

1,000 messages are stored, and copied until there are enough. Cold: Postel and Postgres were just started, but the system has
the files in its cache. Warm: selected again in the same connection, median of 20. Memory is what the IMAP process had at most during the command,
beyond what it had before the first SELECT. A block is the longest time for which the event loop of that process did nothing
else, by its own metrics, which count from 10 ms on.`;

const PORT_OFFSET = 37_000;
const MAILBOX = 'Million';
/** Stored one by one; the others are copies of them. */
const STORED = 1_000;
const COPIED_AT_ONCE = 50_000;
const MESSAGE_LIMIT_OCTETS = 1024 * 1024;
const WARM_SELECTS = 20;
/** What start-up leaves to be done is done by then. */
const REST_MS = 3_000;

/** Each on all messages; the last one removes them. */
const COMMANDS = [
  'FETCH 1:* (FLAGS)',
  'UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE 1)',
  'SEARCH UNSEEN',
  'SEARCH RETURN (COUNT) SINCE 1-Jan-2020',
  'SEARCH RETURN (COUNT) SUBJECT report',
  'SORT (REVERSE DATE) UTF-8 ALL',
  'THREAD REFERENCES UTF-8 ALL',
  'STORE 1:* +FLAGS (\\Flagged)',
  'STORE 1:* +FLAGS.SILENT (\\Deleted)',
  'EXPUNGE',
];

export async function million(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean' },
      messages: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '3' },
    },
  });
  if (values.help) console.log(HELP);
  else await run(Number(values.messages), Number(values.rounds));
}

async function run(messages: number, rounds: number): Promise<void> {
  const temporary = mkdtempSync(join(tmpdir(), 'postel-bench-'));
  const directory = join(temporary, 'postel');
  try {
    {
      await using postel = await startLocalPostel(directory, PORT_OFFSET);
      await fill(postel, join(temporary, 'blobs'), messages);
    }
    const [cold, warm]: [Measured<number>[], Measured<number>[]] = [[], []];
    console.log(
      `| with ${messages.toLocaleString('en')} messages | ms | CPU ms | answer kB | memory MB | longest block ms |`,
    );
    console.log('|---|--:|--:|--:|--:|--:|');
    for (let round = 1; round <= rounds; round++) {
      await using postel = await startLocalPostel(directory, PORT_OFFSET);
      await delay(REST_MS);
      const server = new MeasuredProcess({
        name: 'imap',
        roots: Object.values(postel.pids),
        metricsPort: PORT_OFFSET + 81,
      });
      const client = await Client.logIn();
      await server.forget();
      cold.push(await server.measure(() => client.command(`SELECT ${MAILBOX}`)));
      for (let i = 0; i < WARM_SELECTS; i++) {
        await client.command('UNSELECT');
        warm.push(await server.measure(() => client.command(`SELECT ${MAILBOX}`)));
      }
      if (round === rounds) {
        console.log(row('SELECT, cold', cold));
        console.log(row('SELECT, warm', warm));
        for (const command of COMMANDS) {
          console.log(row(`\`${command}\``, [await server.measure(() => client.command(command))]));
        }
      }
      client.close();
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** @param measured commands, of which the octets of the answer are known */
function row(name: string, measured: readonly Measured<number>[]): string {
  const of = (figure: (one: Measured<number>) => number) => format(median(measured.map(figure)));
  const columns = [
    of(({ ms }) => ms),
    of((one) => one.cpuMs),
    of(({ result }) => result / 1_000),
    of(({ memoryKilobytes }) => memoryKilobytes / 1_024),
    of(({ blockMs }) => blockMs),
  ];
  return `| ${[name, ...columns].join(' | ')} |`;
}

async function fill(postel: LocalPostel, blobs: string, messages: number): Promise<void> {
  const database = openDatabase(postel.database, { applicationName: 'postel bench', maxConnections: 4 });
  const store = new Store(database, { blobs: new BlobDirectory(blobs), onError: (error) => console.error(error) });
  await store.start();
  const [owner] = await findAccounts(database.sql, 'postel');
  if (owner === undefined) throw new Error('localserve has an account postel');
  const { id: mailbox } = await store.mailboxes.create(owner.id, MAILBOX, null);
  for (const { buf } of new Corpus({ seed: 7, size: 4096 }).take(Math.min(messages, STORED))) {
    const writer = store.arrivals.receive(MESSAGE_LIMIT_OCTETS);
    await writer.write(buf);
    await using content = await writer.finish();
    const flags = { system: 0, keywords: [] };
    await store.arrivals.append(owner.id, { mailbox, content, flags, internalDate: Date.now(), arrival: null });
  }
  for (let have = Math.min(messages, STORED); have < messages; ) {
    const more = Math.min(have, messages - have, COPIED_AT_ONCE);
    await store.copy(owner.id, mailbox, [{ first: 1, last: more }], mailbox, 'whole');
    have += more;
  }
  await database.sql.unsafe('vacuum analyze messages'); // as autovacuum would have done by then
  await store.close();
  await database.close();
}

/** Takes answers of many MB without keeping them. */
class Client {
  readonly #socket: Socket;
  #tags = 0;
  /** The end of what came. */
  #tail = '';
  #octets = 0;
  #onData = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.#octets += chunk.length;
      this.#tail = (this.#tail + chunk.toString('latin1')).slice(-TAIL_CHARACTERS);
      this.#onData();
    });
    socket.on('error', (error) => console.error(error));
  }

  static async logIn(): Promise<Client> {
    const client = new Client(connect(PORT_OFFSET + 143, '127.0.0.1'));
    await client.command('LOGIN postel postelpostel');
    return client;
  }

  /** @returns how many octets came */
  async command(text: string): Promise<number> {
    const tag = `t${++this.#tags}`;
    this.#octets = 0;
    const answered = new Promise<string>((resolve) => {
      this.#onData = () => {
        const last = this.#tail.lastIndexOf(`\n${tag} `);
        if (last >= 0 && this.#tail.endsWith('\r\n')) resolve(this.#tail.slice(last + 1));
      };
    });
    this.#socket.write(`${tag} ${text}\r\n`);
    const tagged = await answered;
    if (!tagged.startsWith(`${tag} OK `)) throw new Error(`${text} was answered ${tagged}`);
    return this.#octets;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Longer than a tagged answer. */
const TAIL_CHARACTERS = 1_000;
