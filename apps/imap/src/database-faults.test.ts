/** Hardening 65: a Postgres of this file's own that goes, hangs and comes back under clients. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '@postel/storage';
import { type ClientCertificate, type OwnPostel, startPostel } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ImapClient } from './testing/imap-client.ts';
import { MailServer } from './testing/mail-server.ts';

let postel: OwnPostel;
let server: MailServer;
beforeAll(async () => {
  postel = await startPostel();
  server = new MailServer(postel);
});
afterAll(() => postel[Symbol.asyncDispose]());

const UNAVAILABLE = /^NO \[UNAVAILABLE\] /;

/** What needs the database, in any state that the client may be in. */
const COMMANDS = [
  'LIST "" *',
  'STATUS INBOX (MESSAGES)',
  'CREATE new',
  'DELETE Archive',
  'NOOP',
  'CHECK',
  'STORE 1 +FLAGS (\\Deleted)',
  'EXPUNGE',
  'FETCH 1 BODY.PEEK[]',
  'IDLE',
  'NOTIFY SET (selected NONE)',
  'APPEND INBOX {10}', // and no continuation
];

async function greetingByKey({ key, cert }: ClientCertificate): Promise<string | null> {
  await using client = await ImapClient.connectTls(postel.ports.imaps, { ca: postel.ca, key, cert });
  return await client.line();
}

/** How often the log of the shared IMAP process says this. */
const said = (text: string) => server.log().split(text).length - 1;

async function startIdle(client: ImapClient): Promise<void> {
  client.send('i1 IDLE\r\n');
  for (let line = await client.line(); line !== '+ idling'; line = await client.line());
}

test('hardening 65: while Postgres is down clients stay and hear so, and all is back with it', {
  timeout: 60_000,
}, async () => {
  const account = await server.addAccount();
  const certificate = await postel.addKey(account);
  await using mary = await server.logIn(account);
  await using idler = await server.logIn(account);
  await using stranger = await server.connect();
  await mary.append('INBOX', 'Subject: one\r\n\r\nhello');
  for (const client of [mary, idler]) await client.command('SELECT INBOX');
  await startIdle(idler);
  const { apps } = postel.pids;

  const configuration = join(postel.dataDirectory, 'postgres/postgresql.conf');
  const good = readFileSync(configuration);
  appendFileSync(configuration, '\nnonsense = here\n'); // it cannot be started again
  process.kill(postel.pids.postgres, 'SIGINT');
  await postel.process.printed(/the database died \(exit code 0\)/);
  await postel.process.printed(/the database died \(exit code 1\)/);
  try {
    for (const command of COMMANDS) expect((await mary.command(command)).tagged, command).toMatch(UNAVAILABLE);
    expect((await stranger.command(`LOGIN ${account.name} ${account.password}`)).tagged).toMatch(UNAVAILABLE);
    expect((await mary.command('FETCH 1 (FLAGS)')).tagged).toMatch(/^OK /);
    expect(await greetingByKey(certificate)).toMatch(/^\* OK (?!.*EXTERNAL)/);
  } finally {
    writeFileSync(configuration, good);
  }
  await postel.process.printed(/the database works again/);

  // Nobody asks: the processes find out by themselves.
  while (said('the database answers again') === 0) await new Promise(setImmediate);
  for (const command of COMMANDS.slice(0, 3)) expect((await mary.command(command)).tagged, command).toMatch(/^OK /);
  expect((await stranger.command(`LOGIN ${account.name} ${account.password}`)).tagged).toMatch(/^OK /);
  expect(await greetingByKey(certificate)).toMatch(/^\* PREAUTH /);
  // A change that another process makes: LISTEN is there again, or the poll tells of it.
  await using other = await server.startProcess();
  await using peter = await server.logIn(account, other.port);
  await peter.append('INBOX', 'Subject: two\r\n\r\n');
  expect(await idler.line()).toBe('* 2 EXISTS');
  expect((await mary.command('NOOP')).untagged).toContain('* 2 EXISTS');
  expect(postel.pids.apps).toEqual(apps);
  expect(said('the database does not answer')).toBe(1);
  expect(said('the database answers again')).toBe(1);
  expect(said('"msg":"storage"')).toBeLessThanOrEqual(1); // the poll, which is tried every second
});

test('hardening 65: while Postgres hangs clients hear so within seconds, and all goes on with it', {
  timeout: 90_000,
}, async () => {
  const account = await server.addAccount();
  const certificate = await postel.addKey(account);
  await using mary = await server.logIn(account);
  await using peter = await server.logIn(account);
  await using stranger = await server.connect();
  await mary.append('INBOX', 'Subject: one\r\n\r\nhello');
  await mary.command('SELECT INBOX');
  const processes = postgresProcesses();
  for (const pid of processes) process.kill(pid, 'SIGSTOP');
  try {
    const unknown = greetingByKey(certificate);
    // Each is told at its deadline of 8 s, well before the client gives up.
    const first = await Promise.all([
      mary.command('NOOP'),
      peter.command('LIST "" *'),
      // By a name that was not given a moment ago, which needs no database.
      stranger.command(`LOGIN ${account.name.toUpperCase()} ${account.password}`),
    ]);
    expect(await unknown).toMatch(/^\* OK (?!.*EXTERNAL)/);
    for (const { tagged } of first) expect(tagged).toMatch(UNAVAILABLE);
    for (const command of COMMANDS) expect((await mary.command(command)).tagged, command).toMatch(UNAVAILABLE);
    expect((await mary.command('FETCH 1 (FLAGS)')).tagged).toMatch(/^OK /);
  } finally {
    for (const pid of processes) process.kill(pid, 'SIGCONT');
  }
  await peter.append('INBOX', 'Subject: two\r\n\r\n').catch(() => peter.append('INBOX', 'Subject: two\r\n\r\n'));
  expect((await mary.command('NOOP')).untagged).toContain('* 2 EXISTS');
  expect((await stranger.command(`LOGIN ${account.name} ${account.password}`)).tagged).toMatch(/^OK /);
});

/** The postmaster and its children, by the PID in run.json. */
function postgresProcesses(): readonly number[] {
  const { postgres } = postel.pids;
  const children = readFileSync(`/proc/${postgres}/task/${postgres}/children`, 'utf8').trim().split(' ');
  return [postgres, ...children.map(Number)];
}

test('hardening 65: news that cannot be read now does not end IDLE', { timeout: 60_000 }, async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.command('SELECT INBOX');
  await mary.command('ENABLE METADATA');
  await startIdle(mary);
  const database = openDatabase(postel.database, { applicationName: 'imap test', maxConnections: 1 });
  try {
    await database.sql`alter table annotations rename to elsewhere`;
    await other.append('INBOX', 'Subject: one\r\n\r\n');
    await expect.poll(() => said('news could not be told'), { timeout: 10_000 }).toBeGreaterThan(0);
    await database.sql`alter table elsewhere rename to annotations`;
  } finally {
    await database.close();
  }
  await other.command('SETMETADATA INBOX (/private/comment "two")');
  await mary.dialogue`
    S: * 1 EXISTS
    S: * 1 RECENT
    S: * METADATA INBOX /private/comment
    C: DONE
    S: i1 OK ...
  `;
});
