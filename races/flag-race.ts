import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type AccountId, type Database, type MailboxId, type ModSeq, openDatabase } from '@postel/storage';
import type { TestAccount } from '@postel/testkit';
import type { RacerOrder, RacerReport } from './flag-racer.ts';
import { MailClient } from './mail-client.ts';
import type { RaceServer } from './race-server.ts';

const RACER = fileURLToPath(new URL('flag-racer.ts', import.meta.url));
const MESSAGES = 250;

/**
 * Two processes change the same messages, each on the condition that it is the first (RFC 7162 §3.1.3 UNCHANGEDSINCE).
 *
 * @returns the summary
 * @throws unless exactly one wins each race, is the one whose change is there, and the other is told
 */
export async function runFlagRace(server: RaceServer, races: number): Promise<readonly string[]> {
  const account = await server.addAccount();
  await fill(server, account);
  await using opened = new AsyncDisposableStack();
  const { database: target } = server.postel;
  const database = openDatabase(target, { applicationName: 'races', maxConnections: 1 });
  opened.defer(() => database.close());
  const racers = await Promise.all(
    [0, 1].map(async () => {
      const racer = fork(RACER, [JSON.stringify(target)]);
      opened.defer(() => end(racer));
      await once(racer, 'message');
      return racer;
    }),
  );
  const wins = [0, 0];
  for (let round = 0, left = races; left > 0; round++) {
    const found = (await messagesOf(database, account)).slice(0, left);
    const known = found.map(({ uid, modSeq }) => [uid, modSeq] as const);
    const keywords = racers.map((_, i) => `$Racer${i}of${round % 2}`);
    const reports = await Promise.all(
      racers.map((racer, i) => ask(racer, { ...at(found), keyword: keywords[i] ?? '', known })),
    );
    const after = new Map((await messagesOf(database, account)).map((message) => [message.uid, message.keywords]));
    check(reports, known, (uid) => keywords.indexOf(after.get(uid) ?? ''));
    reports.forEach(({ won }, i) => {
      wins[i] = (wins[i] ?? 0) + won.length;
    });
    left -= known.length;
  }
  return [
    `${races} conditional flag changes by 2 processes each: exactly one won every time`,
    `${wins.join(' and ')} wins; every loser was told, and changed nothing`,
  ];
}

/** @param winnerOf which of the racers made the change that is there */
function check(
  reports: readonly RacerReport[],
  known: readonly (readonly [number, ModSeq])[],
  winnerOf: (uid: number) => number,
): void {
  const won = reports.map((report) => new Set(report.won));
  const lost = reports.map((report) => new Set(report.lost));
  for (const [uid] of known) {
    const winner = winnerOf(uid);
    assert.ok(winner >= 0, `nobody changed UID ${uid}`);
    assert.deepEqual(
      reports.map((_, i) => [won[i]?.has(uid), lost[i]?.has(uid)]),
      reports.map((_, i) => [i === winner, i !== winner]),
      `who won UID ${uid}, and who lost`,
    );
  }
}

async function fill(server: RaceServer, account: TestAccount): Promise<void> {
  await using client = await MailClient.select(server.imapPort(0), account, 'INBOX');
  for (let i = 0; i < MESSAGES; i++) await client.mustDo('APPEND INBOX {14+}\r\nSubject: x\r\n\r\n');
}

interface Row {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  readonly uid: number;
  readonly modSeq: ModSeq;
  readonly keywords: string;
}

async function messagesOf({ sql }: Database, { name }: TestAccount): Promise<readonly Row[]> {
  return sql<Row[]>`
    select account_id as account, mailbox_id as mailbox, m.uid, m.mod_seq as "modSeq",
           coalesce((select string_agg(k.name, ' ') from keywords as k
                      where k.account_id = m.account_id and k.mailbox_id = m.mailbox_id
                        and k.keyword_id = any (m.keywords)), '') as keywords
      from messages as m join accounts as a using (account_id) where a.name = ${name} order by m.uid`;
}

function at([first]: readonly Row[]): Pick<RacerOrder, 'account' | 'mailbox'> {
  if (first === undefined) throw new Error('there are no messages');
  return { account: first.account, mailbox: first.mailbox };
}

async function ask(racer: ChildProcess, order: RacerOrder): Promise<RacerReport> {
  racer.send(order);
  const [report] = await once(racer, 'message');
  return report;
}

async function end(racer: ChildProcess): Promise<void> {
  if (racer.exitCode !== null) return;
  racer.disconnect();
  await once(racer, 'exit');
}
