import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openDatabase, type Sql } from '@postel/storage';
import { LEASE_MS } from '../packages/queue/src/limits.ts';
import { type Arrival, faultOf } from './compare-arrivals.ts';
import { ConnectionEnded } from './connection.ts';
import { CrashServer } from './crash-server.ts';
import { identify, kill9, type ProcessIdentity } from './process-tree.ts';
import { Random } from './random.ts';
import { FATES, fateOf, SendingSink } from './sending-sink.ts';
import { SmtpSession } from './smtp-session.ts';

export interface SendingOptions {
  readonly messages: number;
  readonly domains: number;
  readonly crashes: number;
  readonly seed: number;
  /** What a killed relay had in hand is free at once; otherwise when its leases end. */
  readonly endsLeases: boolean;
  /** The run is cut off: what it started ends. */
  readonly signal?: AbortSignal;
  told(line: string): void;
}

/** What a run has shown. */
export interface SendingResult {
  readonly accepted: number;
  /** The connection broke before anybody said yes or no: sent again under another name. */
  readonly unknown: number;
  /** How often each of the processes was killed. */
  readonly kills: Readonly<Record<Victim, number>>;
  /** Arrived more than once. SMTP cannot know in these cases: the other side hung up without a word, or the relay was killed when it had heard the 250. */
  readonly againAfter: { readonly silence: number; readonly kill: number };
  readonly reports: number;
  /** What must not be. */
  readonly wrong: readonly string[];
}

const CLIENTS = 6;
const LOOK_AGAIN_MS = 500;
const RECOVERY_MS = 120_000;
const STOP_MS = 10_000;
const LOGIN = { name: 'mary', password: 'correct horse' };
const SENDER = 'mary@crash.example';
/** In turn: the relay as often as the others together. */
const VICTIMS = ['relay', 'postgres', 'relay', 'smtp'] as const;
type Victim = (typeof VICTIMS)[number];

/**
 * Submits messages to a real `postel serve`, kills its processes meanwhile, and compares what the other servers have got.
 *
 * @throws if it is cut off, or the server does not come back
 */
export async function runSending(options: SendingOptions): Promise<SendingResult> {
  const { messages, domains, seed, signal, told } = options;
  const directory = mkdtempSync(join(tmpdir(), 'postel-sending-'));
  await using sink = await SendingSink.start();
  const server = await CrashServer.prepare(directory, 1, {
    relay: { privateNetworks: ['127.77.0.0/16'], firstRetryMinutes: 1, longestRetryMinutes: 1 },
    dns: { servers: [sink.dnsServer] },
  });
  const failure = new AbortController();
  const ending = AbortSignal.any([failure.signal, ...(signal === undefined ? [] : [signal])]);
  const run = new SendingRun({ server, sink, seed, domains, endsLeases: options.endsLeases, ending });
  const work = async () => {
    await server.start();
    await server.addAccount(LOGIN);
    // When one of them fails, the others end with it.
    const parts = [run.kill(options, told), ...Array.from({ length: CLIENTS }, () => run.submit(messages))];
    await Promise.all(parts);
    await run.drain(told);
    return await run.compare();
  };
  const cutOff = new Promise<never>((_, reject) => {
    ending.addEventListener('abort', () => reject(ending.reason), { once: true });
    if (ending.aborted) reject(ending.reason);
  });
  try {
    return await Promise.race([work(), cutOff]);
  } finally {
    failure.abort(new Error('the run has ended'));
    await server.stop(STOP_MS);
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Parts {
  readonly server: CrashServer;
  readonly sink: SendingSink;
  readonly seed: number;
  readonly domains: number;
  readonly endsLeases: boolean;
  /** Nothing more is to be done. */
  readonly ending: AbortSignal;
}

class SendingRun {
  /** Recipients of messages that were answered with 250. */
  readonly accepted: string[] = [];
  #unknown = 0;
  #next = 0;
  readonly #kills: { readonly victim: Victim; readonly atMs: number }[] = [];
  readonly #parts: Parts;
  readonly #random: Random;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#random = new Random(parts.seed);
  }

  async submit(messages: number): Promise<void> {
    let session: SmtpSession | null = null;
    const { server, domains, ending } = this.#parts;
    while (this.accepted.length < messages && !ending.aborted) {
      const at = this.#next++;
      const fate = this.#random.chance(0.8) ? 'good' : this.#random.pick(FATES);
      const recipient = `${fate}-${at}@d${at % domains}.example`;
      let isSent = false;
      try {
        session ??= await SmtpSession.open(server.submission, 'EHLO', LOGIN);
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
          if (code === 451) this.#unknown++;
          isSent = false;
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

  /** Kills, spread over the run by how much has been submitted. */
  async kill({ crashes, messages }: SendingOptions, told: (line: string) => void): Promise<void> {
    const first = this.#random.below(VICTIMS.length);
    for (let kills = 0; kills < crashes; kills++) {
      const due = Math.floor((messages * (kills + 0.5)) / crashes);
      while (this.accepted.length < due) await this.#pause(LOOK_AGAIN_MS / 10);
      const victim = VICTIMS[(first + kills) % VICTIMS.length] ?? 'relay';
      await this.#kill(victim);
      told(`${this.accepted.length} submitted, ${this.#parts.sink.taken.size} arrived; kill ${kills + 1}: ${victim}`);
    }
  }

  /** kill -9 of one process, and waits until it is back. */
  async #kill(victim: Victim): Promise<void> {
    const { server, endsLeases } = this.#parts;
    const identity = await this.#find(victim);
    const killedAt = new Date();
    this.#kills.push({ victim, atMs: performance.now() });
    kill9(identity.pid);
    if (victim === 'relay' && endsLeases) await this.#withDatabase((sql) => endLeases(sql, killedAt));
    if (!(await server.recovered([identity], RECOVERY_MS))) throw new Error(`${victim} did not come back`);
  }

  /** It may just be coming up. */
  async #find(victim: Victim): Promise<ProcessIdentity> {
    for (;;) {
      const running = this.#parts.server.running();
      const pid = victim === 'postgres' ? running?.postgres : running?.apps.find(({ name }) => name === victim)?.pid;
      const identity = pid == null ? null : identify(pid);
      if (identity !== null) return identity;
      await this.#pause(LOOK_AGAIN_MS / 10);
    }
  }

  /** @throws if the run has ended meanwhile */
  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#parts.ending });
  }

  /** Waits until the queue is empty; what is deferred comes due at once. */
  async drain(told: (line: string) => void): Promise<void> {
    for (let before = -1; ; ) {
      const left = await this.#withDatabase(async (sql) => {
        await sql`update queue_recipients set next_attempt_at = now() where state = 'waiting' and lease is null`;
        await sql`select pg_notify('postel_queue', '')`;
        const [row] = await sql<{ count: number }[]>`
          select count(*)::integer as count from queue_recipients where finished_at is null`;
        return row?.count ?? 0;
      });
      if (left === 0) return;
      if (left !== before) told(`${left} in the queue`);
      before = left;
      await this.#pause(LOOK_AGAIN_MS);
    }
  }

  async compare(): Promise<SendingResult> {
    const { taken } = this.#parts.sink;
    const killsMs = this.#kills.filter(({ victim }) => victim === 'relay').map(({ atMs }) => atMs);
    const wrong: string[] = [];
    for (const recipient of this.accepted) {
      if (fateOf(recipient) !== 'bad' && !taken.has(recipient)) wrong.push(`${recipient} was lost`);
    }
    const againAfter = { silence: 0, kill: 0 };
    // Those, too, of which no client heard that they were accepted.
    for (const [recipient, arrivals] of taken) {
      if (fateOf(recipient) === 'bad') wrong.push(`${recipient} was refused and has arrived`);
      else if (faultOf(arrivals, killsMs) === 'twice')
        wrong.push(`${recipient} got it twice: ${told(arrivals, killsMs)}`);
      else if (arrivals.length > 1) againAfter[arrivals[0]?.saidMs === null ? 'silence' : 'kill']++;
    }
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
    const verified = await this.#parts.server.postel(['verify']);
    if (verified.status !== 0) wrong.push(`postel verify: ${verified.stdout}${verified.stderr}`);
    const accepted = this.accepted.length;
    const kills = { relay: 0, smtp: 0, postgres: 0 };
    for (const { victim } of this.#kills) kills[victim]++;
    return { accepted, unknown: this.#unknown, kills, againAfter, reports: reported, wrong };
  }

  async #withDatabase<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    const database = openDatabase(this.#parts.server.database, { applicationName: 'sending', maxConnections: 1 });
    try {
      return await work(database.sql);
    } finally {
      await database.close();
    }
  }
}

/** Of those that are dead: what was taken later is with the relay that came after it. */
async function endLeases(sql: Sql, killedAt: Date): Promise<void> {
  await sql`
    update queue_recipients set next_attempt_at = now()
     where lease is not null and next_attempt_at < ${killedAt}::timestamptz + make_interval(secs => ${LEASE_MS / 1_000})`;
}

function told(arrivals: readonly Arrival[], killsMs: readonly number[]): string {
  const said = arrivals.map(({ saidMs, connection }) => {
    return saidMs === null
      ? 'nothing said'
      : `250 at ${Math.round(saidMs)} ms, connection ended at ${Math.round(connection.endedMs ?? Infinity)}`;
  });
  return `${said.join('; ')}; relays killed at ${killsMs.map(Math.round).join(', ')}`;
}
