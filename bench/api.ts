/** Measures the API and the pages of the web: `npm run bench -- api --help`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Database, openDatabase, textArray } from '@postel/storage';
import { ApiCaller, type Identity } from './api-caller.ts';
import { format, median, quantile } from './figures.ts';
import { type LocalPostel, startLocalPostel } from './local-postel.ts';
import { type PageLoad, PageVisitor } from './page-visitor.ts';
import { cpuMs } from './process-tree.ts';

const HELP = `Measures the API of the web, and how long its pages take in Chromium, on a localserve with many accounts.

  npm run bench -- api [--accounts N] [--requests N] [--clients N] [--visits N]

  --accounts N   on the server (default 10,000); they have no password, which makes them quick to make
  --requests N   of each row (default 5,000; a tenth of that where an account is changed)
  --clients N    connections that each ask for one thing after the other (default 8)
  --visits N     of each page, first and again; medians are shown (default 20; 0 for none)

CPU is that of Postel's processes and Postgres. The clients are in this process, and share the machine with them; they come from many addresses
of the loopback, for the web answers each network only so often. A change of an account is answered when every process knows of it, which takes a while by intent.
A first visit is one of a browser that has nothing of the site in its cache; times are from the beginning of the navigation until the
heading of the page is in it, and until nothing on it is loading any more. Pages need Chromium in /usr/bin/chromium.`;

const PORT_OFFSET = 38_000;
const WEB = PORT_OFFSET + 80;
const MADE_AT_ONCE = 1_000;
/** Of localserve, whose passwords everybody knows. */
const PERSON = { login: 'postel', password: 'postelpostel' } as const;
const ADMIN_PASSWORD = 'postelpostel';
/** Not measured, before each row. */
const WARM_UP = 100;
const SCOPES = ['account:read'];
const COLUMNS = ['a second', 'p50 ms', 'p99 ms', 'CPU us', 'answer kB'];

interface Options {
  readonly accounts: number;
  readonly requests: number;
  readonly clients: number;
  readonly visits: number;
}

/** One client's part of a row: makes a request, and tells how long its answer was. */
type Ask = () => Promise<number>;

export async function api(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean' },
      accounts: { type: 'string', default: '10000' },
      requests: { type: 'string', default: '5000' },
      clients: { type: 'string', default: '8' },
      visits: { type: 'string', default: '20' },
    },
  });
  if (values.help) console.log(HELP);
  else {
    await run({
      accounts: Number(values.accounts),
      requests: Number(values.requests),
      clients: Number(values.clients),
      visits: Number(values.visits),
    });
  }
}

async function run(options: Options): Promise<void> {
  const temporary = mkdtempSync(join(tmpdir(), 'postel-bench-'));
  try {
    await using postel = await startLocalPostel(join(temporary, 'postel'), PORT_OFFSET);
    const startedAt = performance.now();
    await addAccounts(postel, options.accounts);
    console.error(`${options.accounts} accounts made in ${format((performance.now() - startedAt) / 1_000)} s`);
    const person = await ApiCaller.signIn(WEB, { as: 'account', ...PERSON });
    const admin = await ApiCaller.signIn(WEB, { as: 'admin', password: ADMIN_PASSWORD });
    await measureRequests(postel, options, person, admin);
    if (options.visits > 0) await measurePages(options.visits, person, admin);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

const nameOf = (i: number) => `user${String(i).padStart(6, '0')}`;

/**
 * With an address and INBOX, but without passwords: nobody logs in to them. One by one, with an entry of the audit log each,
 * 10,000 take minutes.
 */
async function addAccounts(postel: LocalPostel, count: number): Promise<void> {
  const database = openDatabase(postel.database, { applicationName: 'postel bench', maxConnections: 1 });
  for (let from = 0; from < count; from += MADE_AT_ONCE) {
    await addSomeAccounts(database, from, Math.min(from + MADE_AT_ONCE, count));
  }
  await database.sql.unsafe('vacuum analyze'); // as autovacuum would have done by then
  await database.close();
}

async function addSomeAccounts({ sql }: Database, from: number, to: number): Promise<void> {
  const names = textArray(Array.from({ length: to - from }, (_, i) => nameOf(from + i)));
  await sql.begin(async (tx) => {
    await tx`
      insert into accounts (name, next_uidvalidity)
      select name, extract(epoch from now())::bigint from unnest(${names}::text[]) as name`;
    await tx`
      insert into addresses (domain_id, local_part, account_id)
      select (select domain_id from domains where name = 'localhost'), name, account_id
        from accounts where name = any(${names}::text[])`;
    await tx`
      insert into scram_parameters (account_id, sha256_salt, sha256_iterations, sha1_salt, sha1_iterations)
      select accounts.account_id, sha256_salt, sha256_iterations, sha1_salt, sha1_iterations
        from accounts, (select * from scram_parameters limit 1) as other where name = any(${names}::text[])`;
    await tx`select create_mailbox(account_id, 'INBOX', null) from accounts where name = any(${names}::text[])`;
    await tx`update installation set directory_version = directory_version + 1`;
  });
}

async function measureRequests(
  postel: LocalPostel,
  { accounts, requests, clients }: Options,
  person: Identity,
  admin: Identity,
): Promise<void> {
  const made = await new ApiCaller(WEB, person).call('POST', '/tokens', { body: { name: 'bench', scopes: SCOPES } });
  const { token }: { token: string } = JSON.parse(made.body);
  /** As many callers as clients, each asking by its own connection. */
  const asking = (identity: Identity, pathOf: () => string): readonly Ask[] =>
    Array.from({ length: clients }, () => {
      const caller = new ApiCaller(WEB, identity);
      return async () => (await caller.call('GET', pathOf())).octets;
    });
  let searched = 0;
  const search = () => `/admin/accounts?search=${nameOf((searched++ * 7_919) % accounts).slice(3)}`;
  const rows: readonly (readonly [string, readonly Ask[], number])[] = [
    ['GET account, session', asking(person, () => '/account'), requests],
    ['GET account, token', asking({ token }, () => '/account'), requests],
    ['GET admin/accounts, first part', asking(admin, () => '/admin/accounts'), requests],
    ['GET admin/accounts, by search', asking(admin, search), requests],
    ['PATCH admin/accounts/NAME, If-Match', await changing(admin, clients), Math.ceil(requests / 10)],
  ];
  console.log(`| ${accounts.toLocaleString('en')} accounts, ${clients} clients | ${COLUMNS.join(' | ')} |`);
  console.log(`|---|${'--:|'.repeat(COLUMNS.length)}`);
  for (const [name, asks, count] of rows) {
    await askAll(asks, Math.min(WARM_UP, count));
    const roots = Object.values(postel.pids);
    const before = { cpu: cpuMs(roots), at: performance.now() };
    const { latenciesMs, octets } = await askAll(asks, count);
    const [wallMs, cpu] = [performance.now() - before.at, cpuMs(roots) - before.cpu];
    const figures = [
      (count * 1_000) / wallMs,
      quantile(latenciesMs, 0.5),
      quantile(latenciesMs, 0.99),
      (cpu * 1_000) / count,
      octets / count / 1_000,
    ];
    console.log(`| ${[name, ...figures.map(format)].join(' | ')} |`);
  }
}

/** Each client changes an account of its own, again and again, from the state that it was answered. */
async function changing(admin: Identity, clients: number): Promise<readonly Ask[]> {
  const asks: Ask[] = [];
  for (let i = 0; i < clients; i++) {
    const caller = new ApiCaller(WEB, admin);
    const path = `/admin/accounts/${nameOf(i)}`;
    let { etag } = await caller.call('GET', path);
    let messages = 1_000;
    asks.push(async () => {
      const changed = await caller.call('PATCH', path, { body: { messages: ++messages }, ifMatch: etag });
      etag = changed.etag;
      return changed.octets;
    });
  }
  return asks;
}

async function askAll(asks: readonly Ask[], count: number) {
  const latenciesMs: number[] = [];
  let [begun, octets] = [0, 0];
  const work = async (ask: Ask) => {
    while (begun < count) {
      begun++;
      const startedAt = performance.now();
      const answered = await ask();
      octets += answered;
      latenciesMs.push(performance.now() - startedAt);
    }
  };
  await Promise.all(asks.map(work));
  return { latenciesMs, octets };
}

async function measurePages(visits: number, person: Identity, admin: Identity): Promise<void> {
  await using visitor = await PageVisitor.start(WEB);
  const pages = [
    ['sign-in page', '/', 'Sign in', {}],
    ['overview of an account', '/', 'Your account', person],
    ['overview of the administration', '/admin/', 'This server', admin],
  ] as const;
  console.log('\n| page | visit | heading ms | all shown ms | kB | requests |');
  console.log('|---|---|--:|--:|--:|--:|');
  for (const [name, path, heading, identity] of pages) {
    const [first, again]: [PageLoad[], PageLoad[]] = [[], []];
    for (let i = 0; i < visits; i++) {
      const both = await visitor.visitTwice(path, heading, identity);
      first.push(both.first);
      again.push(both.again);
    }
    console.log(pageRow(name, 'first', first));
    console.log(pageRow(name, 'again', again));
  }
}

function pageRow(name: string, visit: string, loads: readonly PageLoad[]): string {
  const of = (figure: (load: PageLoad) => number) => median(loads.map(figure));
  const columns = [
    format(of(({ headingMs }) => headingMs)),
    format(of(({ shownMs }) => shownMs)),
    format(of(({ octets }) => octets) / 1_000),
    String(of(({ requests }) => requests)),
  ];
  return `| ${[name, visit, ...columns].join(' | ')} |`;
}
