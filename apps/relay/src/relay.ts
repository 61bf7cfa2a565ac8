import { setTimeout as delay } from 'node:timers/promises';
import type { LeasedRecipient, Queue, QueuedMessage, Schedule } from '@postel/queue';
import type { SmtpConnection } from '@postel/smtp-client';
import type { Logger } from '@postel/supervision';
import { findHere, type LocalMail } from './deliver-here.ts';
import { HostUse } from './host-use.ts';
import { Leases } from './leases.ts';
import {
  BULK_ROWS_IN_HAND,
  BULK_TRANSACTIONS,
  BUSY_HOST_MS,
  DATABASE_RETRY_MS,
  OCTETS_A_SECOND,
  PRUNE_MS,
  ROWS_AT_ONCE,
  ROWS_IN_HAND,
  STOP_MS,
  TRANSACTION_MS,
  TRANSACTIONS,
  TRANSACTIONS_A_DOMAIN,
  WAITING_FOR_A_HOST,
} from './limits.ts';
import { lookAgainMs } from './look-again.ts';
import { openMessage, readForHere } from './open-message.ts';
import { deferred, failed } from './outcome.ts';
import type { OutgoingSignatures } from './outgoing-signatures.ts';
import type { RelayMetrics } from './relay-metrics.ts';
import type { Outcomes } from './send-message.ts';
import { SessionPool } from './session-pool.ts';
import { reportsOf, settlementOf } from './settlement.ts';
import { ship, type Way } from './ship.ts';

export interface RelayOptions {
  readonly queue: Queue;
  readonly signatures: Pick<OutgoingSignatures, 'of'>;
  readonly local: LocalMail;
  readonly way: Omit<Way, 'hosts' | 'sessions'>;
  readonly schedule: Schedule;
  readonly log: Logger;
  readonly metrics: RelayMetrics;
}

/** Recipients of one message who are sent to together. */
interface Group {
  readonly message: QueuedMessage;
  readonly domain: string;
  /** Who all came by the same alias, and list. */
  readonly recipients: readonly [LeasedRecipient, ...LeasedRecipient[]];
}

/** Works through the queue until it is stopped. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #leases: Leases;
  readonly #stopping = new AbortController();
  /** Groups that wait for their turn, by domain. */
  readonly #waiting = new Map<string, Group[]>();
  /** The same, for whom a host has to be free, by that. */
  readonly #parked = new Map<string, Group[]>();
  readonly #running = new Map<string, number>();
  readonly #way: Way;
  readonly #tasks = new Set<Promise<void>>();
  readonly #connections = new Set<SmtpConnection>();
  #wake = Promise.withResolvers<void>();
  #loops: Promise<unknown> = Promise.resolve();
  #endListening: (() => Promise<void>) | null = null;

  constructor(options: RelayOptions) {
    this.#options = options;
    const { queue, log, metrics, way } = options;
    this.#way = { ...way, hosts: new HostUse(now, (host) => this.#unpark(host)), sessions: new SessionPool(now) };
    this.#leases = new Leases(queue, now, (lost) => {
      metrics.lost.inc(lost.length);
      log.warn(
        { recipients: lost.length },
        'the database did not answer in time: others may send what we have in hand',
      );
    });
  }

  start(): void {
    this.#loops = Promise.all([this.#work(), this.#listen(), this.#prune()]);
  }

  /** Takes no more, lets transactions go on for a moment, and gives back what was not tried. */
  async stop(): Promise<void> {
    const { log, queue } = this.#options;
    this.#stopping.abort();
    this.#wake.resolve();
    await this.#loops;
    const groups = [...this.#waiting.values(), ...this.#parked.values()].flat();
    const untried = groups.flatMap(({ recipients }) => recipients);
    this.#waiting.clear();
    this.#parked.clear();
    this.#leases.remove(untried);
    await queue
      .giveBack(untried)
      .catch((err: unknown) => log.warn({ err }, 'what was not tried waits for the end of its lease'));
    await Promise.race([this.#allDone(), delay(STOP_MS, undefined, { ref: false })]);
    this.#way.sessions.close();
    for (const connection of this.#connections) connection.abort();
    await this.#allDone();
    await this.#leases.close();
    await this.#endListening?.();
  }

  async #allDone(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }

  /** Whoever queues something says so; where that is not heard, LOOK_MS is all it costs. */
  async #listen(): Promise<void> {
    await this.#persist('cannot listen to the queue', async () => {
      this.#endListening = await this.#options.queue.onDue(() => this.#wake.resolve());
    });
  }

  async #prune(): Promise<void> {
    const { queue, log } = this.#options;
    while (!this.#stopping.signal.aborted) {
      await queue.prune().catch((err: unknown) => log.warn({ err }, 'the history of the queue was not pruned'));
      await this.#pause(PRUNE_MS);
    }
  }

  async #work(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#wake = Promise.withResolvers();
      const { promise: woken } = this.#wake;
      await this.#persist('cannot take from the queue', () => this.#take());
      this.#begin();
      if (this.#stopping.signal.aborted) return;
      const pauseMs = await this.#options.queue.nextDueMs().catch(() => null);
      const waitMs = lookAgainMs(pauseMs, this.#isFull());
      const timer = new AbortController();
      await Promise.race([woken, delay(waitMs, undefined, { signal: timer.signal }).catch(() => {})]);
      timer.abort();
    }
  }

  #isFull(): boolean {
    return this.#leases.size + ROWS_AT_ONCE > ROWS_IN_HAND;
  }

  async #take(): Promise<void> {
    const { queue } = this.#options;
    while (!this.#isFull() && !this.#stopping.signal.aborted) {
      const sinceMs = now();
      const busy = [...this.#running].filter(([domain, count]) => this.#isBusy(domain, count));
      const parked = [...this.#parked.values()].flat();
      const except = new Set([...busy, ...parked.map(({ domain }) => [domain] as const)].map(([domain]) => domain));
      const bulkLimit = Math.max(0, BULK_ROWS_IN_HAND - this.#leases.bulkSize);
      const rows = await queue.take(ROWS_AT_ONCE, [...except], bulkLimit);
      this.#leases.add(rows, sinceMs);
      for (const group of groupsOf(rows)) {
        const others = this.#waiting.get(group.domain);
        if (others === undefined) this.#waiting.set(group.domain, [group]);
        else others.push(group);
      }
      this.#begin();
      if (rows.length < ROWS_AT_ONCE) return;
    }
  }

  /** It has its fill of transactions, and others in hand for when one ends. */
  #isBusy(domain: string, count: number): boolean {
    return count >= TRANSACTIONS_A_DOMAIN && (this.#waiting.get(domain)?.length ?? 0) >= TRANSACTIONS_A_DOMAIN;
  }

  /** Begins what may begin: first what is not for many. */
  #begin(): void {
    for (const isBulk of [false, true]) {
      const most = isBulk ? BULK_TRANSACTIONS : TRANSACTIONS;
      for (const [domain, groups] of this.#waiting) {
        while (this.#tasks.size < most && (this.#running.get(domain) ?? 0) < TRANSACTIONS_A_DOMAIN) {
          const at = groups.findIndex(({ recipients: [first] }) => first.isBulk === isBulk);
          const [group] = at === -1 ? [] : groups.splice(at, 1);
          if (group === undefined) break;
          this.#beginOne(domain, group);
        }
        if (groups.length === 0) this.#waiting.delete(domain);
      }
    }
  }

  #beginOne(domain: string, group: Group): void {
    this.#running.set(domain, (this.#running.get(domain) ?? 0) + 1);
    const task = this.#run(group).finally(() => {
      this.#tasks.delete(task);
      const left = (this.#running.get(domain) ?? 1) - 1;
      if (left === 0) this.#running.delete(domain);
      else this.#running.set(domain, left);
      if (!this.#stopping.signal.aborted) this.#begin();
      this.#wake.resolve();
    });
    this.#tasks.add(task);
  }

  /** One attempt, from beginning to end. Never throws. */
  async #run(group: Group): Promise<void> {
    const { log, metrics } = this.#options;
    const startedMs = now();
    const outcomes: Outcomes = new Map();
    let busyHost: string | null = null;
    try {
      busyHost = await this.#attempt(group, outcomes);
    } catch (err) {
      log.error(
        { err, message: group.message.name },
        'an attempt failed by a fault of ours, or for want of the database',
      );
      const fault = deferred('4.3.0', 'Something went wrong here');
      // What came of others before stands.
      for (const each of group.recipients) if (!outcomes.has(each)) outcomes.set(each, fault);
    }
    metrics.seconds.observe((now() - startedMs) / 1_000);
    try {
      await this.#settle(group, outcomes, startedMs);
    } catch (err) {
      log.error({ err, message: group.message.name }, 'what came of an attempt is not written down: it comes again');
    }
    this.#leases.remove(group.recipients.filter((recipient) => outcomes.has(recipient)));
    const [first, ...others] = group.recipients.filter((recipient) => !outcomes.has(recipient));
    if (first === undefined) return;
    if (busyHost === null) return this.#leases.remove([first, ...others]);
    await this.#park(busyHost, { ...group, recipients: [first, ...others] });
  }

  /** Has it wait for a host, in hand if few do. */
  async #park(host: string, group: Group): Promise<void> {
    const others = this.#parked.get(host) ?? [];
    if (others.length < WAITING_FOR_A_HOST && !this.#stopping.signal.aborted) {
      this.#parked.set(host, [...others, group]);
      this.#unpark(host); // what was in the way may be over
      return;
    }
    this.#leases.remove(group.recipients);
    const pauseMs = BUSY_HOST_MS * (1 + Math.random());
    await this.#options.queue
      .giveBack(group.recipients, pauseMs)
      .catch((err: unknown) => this.#options.log.warn({ err }, 'what was not tried waits for the end of its lease'));
  }

  /** As many as a host has room for. */
  #unpark(host: string): void {
    const groups = this.#parked.get(host) ?? [];
    const free = groups.splice(0, this.#way.hosts.room(host));
    if (groups.length === 0) this.#parked.delete(host);
    for (const group of free) this.#waiting.set(group.domain, [group, ...(this.#waiting.get(group.domain) ?? [])]);
  }

  /**
   * @param outcomes gets what came of each recipient, as soon as it is known
   * @returns the host that those who have none are to wait for; null if all have one
   */
  async #attempt(group: Group, outcomes: Outcomes): Promise<string | null> {
    const { local, queue, signatures } = this.#options;
    const { message, domain, recipients } = group;
    const elsewhere: LeasedRecipient[] = [];
    for (const recipient of recipients) {
      if (recipient.ending !== null) {
        outcomes.set(recipient, failed('5.7.1', `It was ended here: ${recipient.ending}`));
        continue;
      }
      const target = await findHere(local, message, recipient);
      if (target.type === 'here') outcomes.set(recipient, await target.deliver(readForHere(queue, message, recipient)));
      else elsewhere.push(recipient);
    }
    if (elsewhere.length === 0) return null;
    const own = new Set<SmtpConnection>();
    const opened = (connection: SmtpConnection) => {
      own.add(connection);
      this.#connections.add(connection);
    };
    const mostMs = TRANSACTION_MS + (message.sizeOctets / OCTETS_A_SECOND) * 1_000;
    const timer = setTimeout(() => {
      for (const connection of own) connection.abort();
    }, mostMs);
    try {
      const shipment = {
        message,
        recipients: elsewhere,
        octets: await openMessage({ queue, signatures }, message, recipients[0]),
        isOurs: () => this.#leases.areOurs(elsewhere),
      };
      return await ship(this.#way, domain, shipment, outcomes, opened);
    } finally {
      clearTimeout(timer);
      for (const connection of own) this.#connections.delete(connection);
    }
  }

  /**
   * Writes down what came of it, as soon as the database takes it: what was delivered and is not written down is delivered again when the
   * lease ends.
   */
  async #settle({ message }: Group, outcomes: Outcomes, startedMs: number): Promise<void> {
    const { way, queue, schedule, log, metrics } = this.#options;
    const context = {
      hostname: way.hostname,
      schedule,
      tookMs: now() - startedMs,
      chance: Math.random,
      now: () => new Date(),
    };
    const settlement = settlementOf(outcomes, context);
    await this.#persist('what came of an attempt cannot be written down', async () => {
      const reports = await reportsOf(message, settlement, () => queue.read(message.id), context);
      await queue.settle(settlement.results, reports);
    });
    for (const [action, told] of settlement.told) if (told.length > 0) metrics.reports.inc({ action });
    for (const { recipient, outcome, status, reply, mta } of settlement.results) {
      metrics.attempts.inc({ outcome: outcome.type });
      const attempts = recipient.attempts + 1;
      const pause = outcome.type === 'deferred' ? { againInSeconds: Math.round(outcome.pauseMs / 1_000) } : {};
      const { forwardPath } = recipient;
      const what = { id: message.name, forwardPath, mta, status, reply, attempts, ...pause };
      log.info(what, `mail was ${outcome.type}`);
    }
  }

  /** Does it until it is done, or until the process stops and it failed once more. */
  async #persist(failure: string, work: () => Promise<void>): Promise<void> {
    for (let pauseMs = DATABASE_RETRY_MS.first; ; pauseMs = Math.min(2 * pauseMs, DATABASE_RETRY_MS.last)) {
      try {
        return await work();
      } catch (err) {
        this.#options.log.warn({ err }, failure);
        if (this.#stopping.signal.aborted) return;
        await this.#pause(pauseMs);
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopping.signal }).catch(() => {}); // it stops
  }
}

/** Those of one message and domain go together, and apart by the alias that brought them: it is told them. */
function groupsOf(rows: readonly LeasedRecipient[]): readonly Group[] {
  const groups = Map.groupBy(rows, ({ message, domain, alias, listFields }) =>
    [message.id, domain, alias, listFields].join('\n'),
  );
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const { message, domain } = first;
    return [{ message, domain, recipients: [first, ...others] }];
  });
}

function now(): number {
  return performance.now();
}
