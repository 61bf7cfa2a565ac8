import { statfs } from 'node:fs/promises';
import { get } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Address } from '@postel/config';
import { countDirectory, type Directory } from '@postel/directory';
import { Queue } from '@postel/queue';
import { type Database, readLastMail } from '@postel/storage';
import { freshFor } from './fresh-for.ts';
import { OVERVIEW_MS } from './limits.ts';
import type { Overview as Shown } from './schemas/admin.ts';

const STATUS_MS = 3_000;

export interface OverviewOptions {
  readonly database: Database;
  readonly directory: Directory;
  /** Where the supervisor tells how all is; null: nowhere. */
  readonly status: Address | null;
  /** Whose disks are shown, by what is on them. */
  readonly directories: Readonly<Record<string, string>>;
  /** Epoch ms. */
  now(): number;
}

/** How the server is, for the start page of its administration. */
export class Overview {
  readonly #options: OverviewOptions;
  readonly #queue: Queue;
  readonly read: () => Promise<Shown>;

  constructor(options: OverviewOptions) {
    this.#options = options;
    this.#queue = new Queue(options.database);
    this.read = freshFor(OVERVIEW_MS, options.now, () => this.#ask());
  }

  async #ask(): Promise<Shown> {
    const { database, directory, status, directories } = this.#options;
    const [services, counts, mail, limited, queue, disks] = await Promise.all([
      readServices(status),
      countDirectory(database.sql), // not a list of 10,000 accounts, every ten seconds
      readLastMail(database.sql),
      directory.listLimitedNetworks(),
      this.#queue.figures(),
      Promise.all(Object.entries(directories).map(([what, path]) => readDisk(what, path))),
    ]);
    return {
      services: [...services],
      accounts: counts.accounts,
      disabledAccounts: counts.disabledAccounts,
      domains: counts.domains,
      usedOctets: counts.octets,
      lastMailIn: mail.lastIn?.toISOString() ?? null,
      lastMailOut: mail.lastOut?.toISOString() ?? null,
      limitedNetworks: limited.length,
      queue: { waiting: queue.waiting, held: queue.held, oldestSeconds: Math.round(queue.oldestMs / 1_000) },
      disks: disks.filter((disk) => disk !== null),
    };
  }
}

async function readDisk(what: string, path: string) {
  try {
    const { bsize, bavail, blocks } = await statfs(path);
    return { what, freeOctets: bavail * bsize, totalOctets: blocks * bsize };
  } catch {
    return null; // it is on another machine, or not for us to see
  }
}

/** What the supervisor says; that it says nothing, if it does. */
async function readServices(
  status: Address | null,
): Promise<readonly { readonly name: string; readonly state: string }[]> {
  if (status === null) return [];
  try {
    const health: unknown = await askStatus(status);
    const parts = typeof health === 'object' && health !== null && 'parts' in health ? health.parts : null;
    if (typeof parts !== 'object' || parts === null) return [];
    return Object.entries(parts).map(([name, state]) => ({ name, state: String(state) }));
  } catch {
    return [{ name: 'supervisor', state: 'does not answer' }];
  }
}

function askStatus({ host, port }: Address): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const where = host === '*' ? '127.0.0.1' : host;
  const asked = get({ host: where, port, path: '/healthz', agent: false, timeout: STATUS_MS }, (response) => {
    json(response).then(resolve, reject);
  });
  asked.once('error', reject);
  asked.once('timeout', () => asked.destroy(new Error('it does not answer')));
  return promise;
}
