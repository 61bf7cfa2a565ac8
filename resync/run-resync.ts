import { setTimeout as delay } from 'node:timers/promises';
import { type AccountId, type Database, openBlobs, openDatabase, Store, SystemFlag } from '@postel/storage';
import type { TestAccount } from '@postel/testkit';
import type { RaceServer } from '../races/race-server.ts';
import { type OfflineMailbox, sortedFlags } from './offline-mailbox.ts';
import { Random } from './random.ts';
import { type FlagChange, Gone, ResyncClient } from './resync-client.ts';

export interface ResyncOptions {
  readonly seed: number;
  /** In one account. */
  readonly steps: number;
}

/** How often what happened. */
export type ResyncCounts = Map<string, number>;

const MAILBOXES = ['INBOX', 'Archive'] as const;
const CLIENTS = 4;
const FLAGS = ['\\Seen', '\\Flagged', '\\Answered', '\\Deleted', '$One', '$Two'];
const SYSTEM_FLAGS: readonly (readonly [string, number])[] = [
  ['\\Seen', SystemFlag.seen],
  ['\\Answered', SystemFlag.answered],
  ['\\Flagged', SystemFlag.flagged],
  ['\\Deleted', SystemFlag.deleted],
  ['\\Draft', SystemFlag.draft],
];
/** Messages that the clients keep in a mailbox, about. */
const MESSAGES = 25;
/** A command whose client has cut its connection may still be at work when another looks. */
const ATTEMPTS = 20;
/** Lines of answers after which a connection is cut, at most. */
const CUT_LINES = 12;
/** What clients do at once, each. */
const TOGETHER = 5;
const DAY_MS = 86_400_000;

interface Row {
  readonly uid: number;
  readonly flags: number;
  readonly keywords: string;
}

/**
 * Random clients change one account, go away anywhere, come back and resynchronize; what each then knows must be what the
 * database holds.
 *
 * @returns how many steps it took: as many as asked for, or a few more
 * @throws at the first difference, with the dialogue of the client that saw it
 */
export async function runResync(
  server: RaceServer,
  { seed, steps }: ResyncOptions,
  counts: ResyncCounts,
): Promise<number> {
  await using run = await Run.start(server, seed, counts);
  try {
    return await run.play(steps);
  } catch (cause) {
    throw new Error(`With seed ${seed}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

class Run implements AsyncDisposable {
  readonly #server: RaceServer;
  readonly #account: TestAccount;
  readonly #random: Random;
  readonly #counts: ResyncCounts;
  readonly #clients: readonly ResyncClient[];
  readonly #database: Database;
  readonly #store: Store;
  /** Of mailboxes as they were once, to come back with. */
  readonly #old = new Map<ResyncClient, OfflineMailbox>();
  #steps = 0;

  private constructor(
    server: RaceServer,
    account: TestAccount,
    { database, store }: { readonly database: Database; readonly store: Store },
    seed: number,
    counts: ResyncCounts,
  ) {
    this.#server = server;
    this.#account = account;
    this.#database = database;
    this.#store = store;
    this.#random = new Random(seed);
    this.#counts = counts;
    this.#clients = Array.from(
      { length: CLIENTS },
      (_, i) => new ResyncClient(account, MAILBOXES[i % 3 === 0 ? 1 : 0] ?? 'INBOX'),
    );
  }

  static async start(server: RaceServer, seed: number, counts: ResyncCounts): Promise<Run> {
    const { database: target, dataDirectory } = server.postel;
    const database = openDatabase(target, { applicationName: 'resync', maxConnections: 1 });
    const store = new Store(database, {
      blobs: await openBlobs({ directory: `${dataDirectory}/blobs` }),
      onError: (error) => console.error(error),
    });
    return new Run(server, await server.addAccount(), { database, store }, seed, counts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.cut();
    await this.#store.close();
    await this.#database.close();
  }

  async play(steps: number): Promise<number> {
    const random = this.#random;
    while (this.#steps < steps) {
      const what = random.next();
      if (what < 0.03) await this.#prune();
      else if (what < 0.04) await this.#recreateArchive();
      else if (what < 0.1) await this.#together();
      else {
        const client = random.pick(this.#clients);
        await this.#act(client, random);
        if (random.chance(0.1)) await this.#check(client);
      }
    }
    for (const client of this.#clients) await this.#check(client);
    return this.#steps;
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  async #together(): Promise<void> {
    const act = async (client: ResyncClient, random: Random) => {
      for (let i = 0; i < TOGETHER; i++) await this.#act(client, random);
    };
    await Promise.all(this.#clients.map((client) => act(client, new Random(this.#random.below(2 ** 32)))));
    for (const client of this.#clients) await this.#check(client);
  }

  /** One step of one client. */
  async #act(client: ResyncClient, random: Random): Promise<void> {
    this.#steps++;
    try {
      if (!client.isConnected) return await this.#comeBack(client, random);
      const what = random.next();
      if (what < 0.06) return this.#leave(client);
      if (what < 0.12) return await this.#resync(client, random);
      if (what < 0.27) {
        this.#count('cut');
        client.cutAfter(random.below(CUT_LINES));
      }
      await this.#command(client, random);
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    }
  }

  #leave(client: ResyncClient): void {
    this.#count('leave');
    client.cut();
  }

  async #comeBack(client: ResyncClient, random: Random): Promise<void> {
    const old = this.#old.get(client);
    if (old !== undefined && random.chance(0.15)) {
      this.#count('come back from long ago');
      client.disk = old.copy();
    }
    if (random.chance(0.1)) this.#old.set(client, client.disk.copy());
    this.#count('come back');
    await client.connect(this.#server.imapPort(random.below(2)));
    if (random.chance(0.15)) client.cutAfter(random.below(CUT_LINES));
    await client.resync(random);
  }

  async #resync(client: ResyncClient, random: Random): Promise<void> {
    this.#count('select again');
    if (random.chance(0.2)) client.cutAfter(random.below(CUT_LINES));
    await client.resync(random);
  }

  async #command(client: ResyncClient, random: Random): Promise<void> {
    const { count } = client;
    if (random.next() * MESSAGES > count) {
      this.#count('append');
      const flags = random.some(FLAGS, 0.2).join(' ');
      await client.mustDo(`APPEND ${client.mailbox} (${flags}) {14+}\r\nSubject: x\r\n\r\n`);
      return;
    }
    const first = 1 + random.below(count);
    const last = Math.min(count, first + random.below(4));
    const uids = Array.from({ length: last - first + 1 }, (_, i) => client.uidAt(first + i)).filter(
      (uid) => uid !== null,
    );
    const byUid = uids.length > 0 && random.chance(0.5);
    const command = (name: string) => (byUid ? `UID ${name} ${uids.join()}` : `${name} ${first}:${last}`);
    const what = random.pick([
      'store',
      'store',
      'store',
      'store',
      'expunge',
      'uid expunge',
      'move',
      'copy',
      'noop',
      'fetch',
      'search',
      'idle',
    ]);
    this.#count(what);
    if (what === 'store') await this.#storeFlags(client, random, command('STORE'), uids);
    else if (what === 'expunge') await client.mustDo('EXPUNGE');
    else if (what === 'uid expunge') await client.mustDo(`UID EXPUNGE ${uids.length === 0 ? '1:*' : uids.join()}`);
    else if (what === 'move' || what === 'copy') {
      const target = random.pick(MAILBOXES);
      await tolerant(client, `${command(what.toUpperCase())} ${target}`);
    } else if (what === 'noop') {
      await client.mustDo('NOOP');
      await client.learn();
    } else if (what === 'fetch')
      await tolerant(
        client,
        `${command('FETCH')} (${random.pick(['UID FLAGS', 'UID FLAGS MODSEQ', 'MODSEQ', 'BODY[TEXT]'])})`,
      );
    else if (what === 'search')
      await client.mustDo(random.pick(['SEARCH MODSEQ 1 SEEN', 'UID SEARCH MODSEQ 5', 'SEARCH RETURN (ALL) MODSEQ 2']));
    else await client.idle(() => delay(random.below(10)));
  }

  async #storeFlags(client: ResyncClient, random: Random, command: string, uids: readonly number[]): Promise<void> {
    const change: FlagChange = { mode: random.pick(['', '+', '-'] as const), flags: random.some(FLAGS, 0.3) };
    const condition = random.chance(0.3) ? ` (UNCHANGEDSINCE ${client.disk.modSeq})` : '';
    if (random.chance(0.5)) await client.storeSilently(command + condition, change, uids);
    else await tolerant(client, `${command}${condition} ${change.mode}FLAGS (${change.flags.join(' ')})`);
  }

  /** What was removed and changed until now is forgotten, as if it were long ago. */
  async #prune(): Promise<void> {
    this.#steps++;
    this.#count('prune');
    const account = await this.#accountId();
    await this.#database.sql`update tombstones set content_id = null where account_id = ${account}`;
    await this.#store.prune(account, { tombstonesBefore: new Date(Date.now() + DAY_MS), changesAgeMs: 0 });
    if (!this.#random.chance(0.1)) return;
    this.#count('new process');
    await this.#server.renewSecond();
  }

  async #accountId(): Promise<AccountId> {
    const [row] = await this.#database.sql<{ id: AccountId }[]>`
      select account_id as id from accounts where name = ${this.#account.name}`;
    if (row === undefined) throw new Error('the account has gone');
    return row.id;
  }

  async #recreateArchive(): Promise<void> {
    this.#steps++;
    this.#count('recreate');
    const other = new ResyncClient(this.#account, 'INBOX');
    await other.connect(this.#server.imapPort(0));
    await other.mustDo('DELETE Archive');
    await other.mustDo('CREATE Archive');
    other.cut();
    for (const client of this.#clients) if (client.mailbox === 'Archive') client.cut();
  }

  /** The client comes back, if it is away; then it must know what there is. */
  async #check(client: ResyncClient): Promise<void> {
    this.#count('check');
    let difference = '';
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        if (!client.isConnected) await this.#comeBack(client, this.#random);
        if (attempt > 0) await client.mustDo('NOOP');
        await client.learn();
        const known = client.disk.uids().map((uid) => `${uid} ${client.disk.flags.get(uid)}`);
        const stored = (await this.#rows(client.mailbox)).map(({ uid, ...row }) => `${uid} ${flagsOf(row)}`);
        difference = describe(known, stored);
        if (difference === '') return;
        await delay(attempt);
      } catch (error) {
        if (!(error instanceof Gone)) throw error;
        if (client.isConnected) client.cut();
      }
    }
    throw client.failure(`a client knows ${client.mailbox} otherwise than the database: ${difference}`);
  }

  async #rows(mailbox: string): Promise<readonly Row[]> {
    return this.#database.sql<Row[]>`
      select m.uid, m.flags,
             coalesce((select string_agg(k.name, ' ') from keywords as k
                        where k.account_id = m.account_id and k.mailbox_id = m.mailbox_id
                          and k.keyword_id = any (m.keywords)), '') as keywords
        from messages as m join mailboxes as b using (account_id, mailbox_id) join accounts as a using (account_id)
       where a.name = ${this.#account.name} and b.name = ${mailbox} and b.expunged_seq is null order by m.uid`;
  }
}

const flagsOf = ({ flags, keywords }: Pick<Row, 'flags' | 'keywords'>): string =>
  sortedFlags([...SYSTEM_FLAGS.filter(([, bit]) => flags & bit).map(([name]) => name), ...keywords.split(' ')]);

/** Of a message that another client has just removed, RFC 2180 §4.2 lets the server say so; what changed meanwhile stays as it is. */
async function tolerant(client: ResyncClient, command: string): Promise<void> {
  const tagged = await client.do(command);
  if (!/^(OK|NO \[(EXPUNGEISSUED|MODIFIED [\d,:]+)\])/.test(tagged))
    throw client.failure(`${command} was answered ${tagged}`);
}

function describe(known: readonly string[], stored: readonly string[]): string {
  const [knownSet, storedSet] = [new Set(known), new Set(stored)];
  const wrong = known.filter((message) => !storedSet.has(message));
  const missing = stored.filter((message) => !knownSet.has(message));
  if (wrong.length === 0 && missing.length === 0) return '';
  return `it has ${wrong.join(', ') || 'nothing wrong'}; it lacks ${missing.join(', ') || 'nothing'}`;
}
