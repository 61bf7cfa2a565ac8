import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type AccountId,
  BlobDirectory,
  type Database,
  type MailboxWatcher,
  openDatabase,
  type SharedMailbox,
  Store,
  SystemFlag,
  verifyAccount,
} from '@postel/storage';
import { Gate } from './gate.ts';
import { MailClient, sortedFlags } from './mail-client.ts';
import type { RaceServer } from './race-server.ts';

export interface WatchersRaceOptions {
  readonly writers: number;
  readonly watchers: number;
  readonly seconds: number;
  /** How often all is stopped and every client's mailbox compared with the database. */
  readonly stops: number;
  report(line: string): void;
}

const MAILBOXES = ['INBOX', 'Archive'] as const;
/** What a person, or a program, takes between two commands, at most. */
const THINK_MS = 40;
/** Messages that the writers keep in a mailbox, about. */
const MESSAGES = 150;
const FLAGS = ['\\Seen', '\\Flagged', '\\Answered', '\\Deleted', '$One', '$Two'];
const SYSTEM_FLAGS: readonly (readonly [string, number])[] = [
  ['\\Seen', SystemFlag.seen],
  ['\\Answered', SystemFlag.answered],
  ['\\Flagged', SystemFlag.flagged],
  ['\\Deleted', SystemFlag.deleted],
  ['\\Draft', SystemFlag.draft],
];

interface Row {
  readonly uid: number;
  readonly modSeq: number;
  readonly flags: number;
  readonly keywords: string;
}

interface Participant {
  readonly client: MailClient;
  readonly mailbox: (typeof MAILBOXES)[number];
}

/** A store of this process, which watches beside the clients: it sees modseqs. */
interface Observer {
  readonly mailbox: SharedMailbox;
  readonly name: (typeof MAILBOXES)[number];
}

const silent: MailboxWatcher = { removed() {}, changed() {}, lost() {} };
const pick = <T>(values: readonly [T, ...T[]]): T => values[Math.floor(Math.random() * values.length)] ?? values[0];

/**
 * Clients that write and clients that watch, on two processes, all in one account. At each stop every one of them, those
 * that write too, must know its mailbox exactly as the database has it: sequence numbers, UIDs and flags, and HIGHESTMODSEQ
 * those that have enabled QRESYNC.
 *
 * @returns the summary
 * @throws at the first client that does not
 */
export async function runWatchersRace(server: RaceServer, options: WatchersRaceOptions): Promise<readonly string[]> {
  const { writers, watchers, seconds, stops, report } = options;
  await using opened = new AsyncDisposableStack();
  const account = await server.addAccount();
  const connect = async (_: unknown, i: number): Promise<Participant> => {
    const mailbox = MAILBOXES[i % 4 < 2 ? 0 : 1] ?? 'INBOX';
    const hasQresync = i % 8 < 4;
    return { client: opened.use(await MailClient.select(server.imapPort(i), account, mailbox, hasQresync)), mailbox };
  };
  const writing = await Promise.all(Array.from({ length: writers }, connect));
  const watching = await Promise.all(Array.from({ length: watchers }, connect));
  const database = openDatabase(server.postel.database, { applicationName: 'races', maxConnections: 2 });
  opened.defer(() => database.close());
  const { id, observers } = await observe(database, account.name, opened);

  const done = new Map<string, number>();
  const gate = new Gate(writers + watchers);
  const work = Promise.all([
    ...writing.map((each) => loop(gate, () => writeOnce(each, (what) => done.set(what, (done.get(what) ?? 0) + 1)))),
    ...watching.map(({ client }, i) => loop(gate, () => watchOnce(client, i))),
  ]);
  const failing = work.then(() => new Promise<never>(() => {}));
  failing.catch(() => {}); // also while nobody waits for it: the next who does is told

  const memory = [server.residentOctets()];
  let compared = 0;
  for (let stop = 1; stop <= stops; stop++) {
    await Promise.race([delay((1_000 * seconds) / stops), failing]);
    await Promise.race([gate.close(), failing]);
    for (const { mailbox } of observers) await mailbox.refresh();
    const rows = new Map(
      await Promise.all(MAILBOXES.map(async (name) => [name, await messagesOf(database, account.name, name)] as const)),
    );
    const highest = await highestModSeqs(database, account.name);
    await Promise.all(
      [...writing, ...watching].map((each) =>
        compare(each, rows.get(each.mailbox) ?? [], highest.get(each.mailbox) ?? 0),
      ),
    );
    for (const observer of observers) compareObserver(observer, rows.get(observer.name) ?? []);
    assert.deepEqual(await Array.fromAsync(verifyAccount(database.sql, id, { blobs: null })), [], 'what verify finds');
    compared += writing.length + watching.length;
    memory.push(server.residentOctets());
    const changes = [...done.values()].reduce((sum, count) => sum + count, 0);
    const held = [...rows].map(([name, messages]) => `${messages.length} in ${name}`).join(', ');
    report(`stop ${stop} of ${stops}: ${changes} commands that write, ${held}; ${compared} mailboxes compared`);
    if (stop < stops) gate.open();
  }
  gate.end();
  await work;

  const told = [...writing, ...watching].reduce((sum, { client }) => sum + client.told, 0);
  const megabytes = (all: readonly number[]) => all.map((octets) => Math.round(octets / 2 ** 20)).join(' and ');
  const most = memory[0]?.map((_, process) => Math.max(...memory.map((each) => each[process] ?? 0))) ?? [];
  return [
    `${writers} writers and ${watchers} watchers in one account, on 2 IMAP processes, ${seconds} s`,
    `commands: ${[...done].map(([what, count]) => `${count} ${what}`).join(', ')}`,
    `${told} untagged answers believed; ${stops} stops, ${compared} mailboxes as in the database, none different`,
    `memory of the IMAP processes: ${megabytes(memory[0] ?? [])} MB at first, ${megabytes(memory.at(-1) ?? [])} MB at the end, ${megabytes(most)} MB at most`,
  ];
}

async function loop(gate: Gate, once: () => Promise<void>): Promise<void> {
  while (await gate.pass()) {
    await once();
    await delay(Math.random() * THINK_MS);
  }
}

async function writeOnce({ client, mailbox }: Participant, count: (what: string) => void): Promise<void> {
  const { length } = client.messages;
  const other = mailbox === 'INBOX' ? 'Archive' : 'INBOX';
  const number = 1 + Math.floor(Math.random() * length);
  const flags = FLAGS.filter(() => Math.random() < 0.3).join(' ');
  // Many leave when there are many, and none when there are few.
  const what = Math.random() * MESSAGES > length ? 'append' : pick(['store', 'store', 'uid store', 'move', 'expunge']);
  count(what);
  if (what === 'append') await client.mustDo(`APPEND ${mailbox} (${flags}) {14+}\r\nSubject: x\r\n\r\n`);
  else if (what === 'store') await tolerant(client, `STORE ${number} ${pick(['', '+', '-'])}FLAGS (${flags})`, true);
  else if (what === 'uid store')
    await client.mustDo(`UID STORE ${client.messages[number - 1]?.uid ?? 1} +FLAGS (${flags})`);
  else if (what === 'move') await tolerant(client, `MOVE ${number} ${other}`, false);
  else await client.mustDo('EXPUNGE');
}

/** Of a message that another client has just removed, RFC 2180 §4.2 lets the server say so. */
async function tolerant(client: MailClient, command: string, isByNumber: boolean): Promise<void> {
  const { tagged } = await client.do(command, isByNumber);
  if (!/^(OK|NO \[EXPUNGEISSUED\]) /.test(tagged)) throw client.failure(`${command} was answered ${tagged}`);
}

async function watchOnce(client: MailClient, i: number): Promise<void> {
  if (i % 3 === 0) await client.mustDo('NOOP');
  else await client.idle(() => delay(Math.random() * 20 * THINK_MS));
  if (i % 2 === 0) await client.learn();
}

async function messagesOf({ sql }: Database, account: string, mailbox: string): Promise<readonly Row[]> {
  return sql<Row[]>`
    select m.uid, m.mod_seq as "modSeq", m.flags,
           coalesce((select string_agg(k.name, ' ') from keywords as k
                      where k.account_id = m.account_id and k.mailbox_id = m.mailbox_id
                        and k.keyword_id = any (m.keywords)), '') as keywords
      from messages as m join mailboxes as b using (account_id, mailbox_id) join accounts as a using (account_id)
     where a.name = ${account} and b.name = ${mailbox} and b.expunged_seq is null order by m.uid`;
}

async function highestModSeqs({ sql }: Database, account: string): Promise<ReadonlyMap<string, number>> {
  const rows = await sql<{ name: string; modSeq: number }[]>`
    select b.name, b.highest_mod_seq as "modSeq" from mailboxes as b join accounts as a using (account_id)
     where a.name = ${account} and b.expunged_seq is null`;
  return new Map(rows.map(({ name, modSeq }) => [name, modSeq]));
}

/** Quiet now: after one NOOP, and a look at what it was not told of yet, a client knows all. */
async function compare({ client, mailbox }: Participant, rows: readonly Row[], highest: number): Promise<void> {
  await client.mustDo('NOOP');
  if (client.modSeq !== null) assert.equal(client.modSeq, highest, `HIGHESTMODSEQ of ${mailbox}`);
  await client.learn();
  const known = client.messages.map(({ uid, flags }) => `${uid} ${flags}`);
  const stored = rows.map(({ uid, flags, keywords }) => `${uid} ${flagsOf(flags, keywords)}`);
  try {
    assert.deepEqual(known, stored);
  } catch (cause) {
    throw new Error(
      `a client knows ${mailbox} otherwise than the database. ${client.failure('Its dialogue:').message}`,
      {
        cause,
      },
    );
  }
}

const flagsOf = (system: number, keywords: string): string =>
  sortedFlags([...SYSTEM_FLAGS.filter(([, bit]) => system & bit).map(([name]) => name), keywords].join(' '));

async function observe(
  database: Database,
  account: string,
  opened: AsyncDisposableStack,
): Promise<{ readonly id: AccountId; readonly observers: readonly Observer[] }> {
  const store = new Store(database, {
    blobs: new BlobDirectory('/nonexistent'),
    onError: (error) => console.error(error),
  });
  await store.start();
  opened.defer(() => store.close());
  const [found] = await database.sql<
    { id: AccountId }[]
  >`select account_id as id from accounts where name = ${account}`;
  if (found === undefined) throw new Error('the account has gone');
  const { id } = found;
  const observers = MAILBOXES.map(async (name) => {
    const mailbox = await store.mailboxes.find(id, name);
    if (mailbox === null) throw new Error(`${name} has gone`);
    return { name, mailbox: await store.openMailbox(id, mailbox.id, silent) };
  });
  return { id, observers: await Promise.all(observers) };
}

function compareObserver({ mailbox: { table }, name }: Observer, rows: readonly Row[]): void {
  assert.deepEqual(
    Array.from({ length: table.length }, (_, at) => [table.uid(at), table.modSeq(at), table.flags(at)]),
    rows.map(({ uid, modSeq, flags }) => [uid, modSeq, flags]),
    `UIDs, modseqs and flags of ${name} as a process holds them`,
  );
}
