import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openDatabase, type Sql } from '@postel/storage';
import { ConnectionEnded } from './connection.ts';
import { CrashServer } from './crash-server.ts';
import { identify, kill9 } from './process-tree.ts';
import { Random } from './random.ts';
import { FATES, fateOf, SendingSink } from './sending-sink.ts';
import { SmtpSession } from './smtp-session.ts';

export interface SendingOptions {
  readonly messages: number;
  readonly domains: number;
  readonly crashes: number;
  readonly seed: number;
  told(line: string): void;
}

/** What a run has shown. */
export interface SendingResult {
  readonly accepted: number;
  /** The connection broke before anybody said yes or no: sent again under another name. */
  readonly unknown: number;
  readonly kills: number;
  /** Arrived twice and more, all of them where nobody heard the 250 in time: SMTP cannot know. */
  readonly possibleDuplicates: number;
  readonly reports: number;
  /** What must not be. */
  readonly wrong: readonly string[];
}

const CLIENTS = 6;
const LOOK_AGAIN_MS = 500;
const RECOVERY_MS = 60_000;
const STOP_MS = 10_000;
const LOGIN = { name: 'mary', password: 'correct horse' };
const SENDER = 'mary@crash.example';
const PROCESSES = ['relay', 'relay', 'smtp', 'postgres'] as const;

/** Submits messages to a real `postel serve`, kills its processes meanwhile, and compares what the other servers have got. */
export async function runSending(options: SendingOptions): Promise<SendingResult> {
  const { messages, domains, crashes, seed, told } = options;
  const directory = mkdtempSync(join(tmpdir(), 'postel-sending-'));
  await using sink = await SendingSink.start();
  const server = await CrashServer.prepare(directory, 1, {
    relay: { privateNetworks: ['127.77.0.0/16'], firstRetryMinutes: 1, longestRetryMinutes: 1 },
    dns: { servers: [sink.dnsServer] },
  });
  try {
    await server.start();
    await server.addAccount(LOGIN);
    const run = new SendingRun(server, sink, seed, domains);
    const sending = Promise.all(Array.from({ length: CLIENTS }, () => run.submit(messages)));
    let kills = 0;
    while (kills < crashes) {
      // Spread over the run, by how much has been submitted.
      const due = Math.floor((messages * (kills + 0.5)) / crashes);
      while (run.accepted.length < due) await pause(LOOK_AGAIN_MS / 10);
      const what = await run.kill();
      kills++;
      told(`${run.accepted.length} submitted, ${sink.taken.size} arrived; kill ${kills}: ${what}`);
    }
    await sending;
    await run.drain(told);
    return { ...(await run.compare()), kills };
  } finally {
    await server.stop(STOP_MS);
    rmSync(directory, { recursive: true, force: true });
  }
}

class SendingRun {
  /** Recipients of messages that were answered with 250. */
  readonly accepted: string[] = [];
  #unknown = 0;
  #next = 0;
  readonly #server: CrashServer;
  readonly #sink: SendingSink;
  readonly #random: Random;
  readonly #domains: number;

  constructor(server: CrashServer, sink: SendingSink, seed: number, domains: number) {
    this.#server = server;
    this.#sink = sink;
    this.#random = new Random(seed);
    this.#domains = domains;
  }

  async submit(messages: number): Promise<void> {
    let session: SmtpSession | null = null;
    while (this.accepted.length < messages) {
      const at = this.#next++;
      const fate = this.#random.chance(0.8) ? 'good' : this.#random.pick(FATES);
      const recipient = `${fate}-${at}@d${at % this.#domains}.example`;
      let isSent = false;
      try {
        session ??= await SmtpSession.open(this.#server.submission, 'EHLO', LOGIN);
        if (session === null) {
          await pause(LOOK_AGAIN_MS / 10);
          continue;
        }
        const said = [
          await session.command(`MAIL FROM:<${SENDER}>`),
          await session.command(`RCPT TO:<${recipient}>`),
          await session.command('DATA'),
        ];
        if (said.every(({ code }) => code < 400)) {
          await session.sendMessage(Buffer.from(`From: ${SENDER}\r\nSubject: ${at}\r\n\r\nx\r\n`), () => {
            isSent = true;
          });
          const { code } = await session.reply();
          if (code === 250) this.accepted.push(recipient);
          isSent = code === 451;
        } else await session.command('RSET');
      } catch (error) {
        if (!(error instanceof ConnectionEnded)) throw error;
        if (isSent) this.#unknown++;
        session?.[Symbol.dispose]();
        session = null;
        await pause(LOOK_AGAIN_MS / 10);
      }
    }
    session?.[Symbol.dispose]();
  }

  /** kill -9 of one process. What a dead relay had in hand is free at once, as if two minutes had gone by. @returns which */
  async kill(): Promise<string> {
    const name = this.#random.pick(PROCESSES);
    const running = this.#server.running();
    const pid = name === 'postgres' ? running?.postgres : running?.apps.find((app) => app.name === name)?.pid;
    const identity = pid === null || pid === undefined ? null : identify(pid);
    if (identity === null) return 'nothing: it was not there';
    kill9(identity.pid);
    if (name === 'relay') await this.#withDatabase((sql) => expireLeases(sql));
    if (!(await this.#server.recovered([identity], RECOVERY_MS))) throw new Error(`${name} did not come back`);
    return name;
  }

  /** Waits until the queue is empty; what is deferred comes due at once. */
  async drain(told: (line: string) => void): Promise<void> {
    for (;;) {
      const left = await this.#withDatabase(async (sql) => {
        await sql`update queue_recipients set next_attempt_at = now() where state = 'waiting' and lease is null`;
        await sql`select pg_notify('postel_queue', '')`;
        const rows = await sql`select from queue_recipients where finished_at is null`;
        return rows.length;
      });
      if (left === 0) return;
      told(`${left} in the queue`);
      await pause(LOOK_AGAIN_MS);
    }
  }

  async compare(): Promise<Omit<SendingResult, 'kills'>> {
    const { taken, unheard } = this.#sink;
    const wrong: string[] = [];
    for (const recipient of this.accepted) {
      const isWanted = fateOf(recipient) !== 'bad';
      const count = taken.get(recipient) ?? 0;
      if (isWanted && count === 0) wrong.push(`${recipient} was lost`);
      if (!isWanted && count > 0) wrong.push(`${recipient} was refused and has arrived`);
    }
    const twice = [...taken].filter(([, count]) => count > 1).map(([recipient]) => recipient);
    for (const recipient of twice) if (!unheard.has(recipient)) wrong.push(`${recipient} got it twice`);
    const { failed, reported, most } = await this.#withDatabase(async (sql) => {
      const [row] = await sql<{ failed: number; reported: number; most: number }[]>`
        with report as (select name, count(*) from queue_messages where name like '%-report' group by name)
        select (select count(*)::integer from queue_recipients where state = 'failed') as failed,
               (select count(*)::integer from report) as reported,
               (select coalesce(max(count), 0)::integer from report) as most`;
      return row ?? { failed: 0, reported: 0, most: 0 };
    });
    if (failed !== reported) wrong.push(`${failed} failed, and ${reported} were reported`);
    if (most > 1) wrong.push(`one was reported ${most} times`);
    const bad = this.accepted.filter((recipient) => fateOf(recipient) === 'bad').length;
    if (failed < bad) wrong.push(`${bad} were to fail, and ${failed} did`);
    const verified = await this.#server.postel(['verify']);
    if (verified.status !== 0) wrong.push(`postel verify: ${verified.stdout}${verified.stderr}`);
    const accepted = this.accepted.length;
    return { accepted, unknown: this.#unknown, possibleDuplicates: twice.length, reports: reported, wrong };
  }

  async #withDatabase<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    const database = openDatabase(this.#server.database, { applicationName: 'sending', maxConnections: 1 });
    try {
      return await work(database.sql);
    } finally {
      await database.close();
    }
  }
}

async function expireLeases(sql: Sql): Promise<void> {
  await sql`update queue_recipients set next_attempt_at = now() where lease is not null`;
}
