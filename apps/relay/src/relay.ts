import { setTimeout as delay } from 'node:timers/promises';
import type { LeasedRecipient, Queue, Schedule } from '@postel/queue';
import { SourceAddresses } from '@postel/routes';
import type { SmtpConnection } from '@postel/smtp-client';
import type { Logger } from '@postel/supervision';
import type { Copies } from './deliver-copies.ts';
import { findHere, type LocalMail } from './deliver-here.ts';
import { type Group, groupsOf } from './group.ts';
import { HostUse } from './host-use.ts';
import { Lanes } from './lanes.ts';
import { Leases } from './leases.ts';
import {
  BULK_ROWS_IN_HAND,
  BULK_TRANSACTIONS,
  BUSY_HOST_MS,
  BUSY_SMARTHOST_MS,
  CLOCK_MS,
  DATABASE_RETRY_MS,
  OCTETS_A_SECOND,
  PRUNE_MS,
  ROWS_AT_ONCE,
  ROWS_IN_HAND,
  STOP_MS,
  TRANSACTION_MS,
  TRANSACTIONS,
} from './limits.ts';
import { lookAgainMs } from './look-again.ts';
import { openMessage, readForHere } from './open-message.ts';
import { deferred, failed, type LeftOut } from './outcome.ts';
import type { OutgoingSignatures } from './outgoing-signatures.ts';
import type { RelayMetrics } from './relay-metrics.ts';
import { RouteTroubles } from './route-troubles.ts';
import type { Routing } from './routing.ts';
import type { Outcomes, Shipment } from './send-message.ts';
import { SessionPool } from './session-pool.ts';
import { reportsOf, settlementOf } from './settlement.ts';
import { ship, type Way } from './ship.ts';
import { shipBySmarthost } from './ship-by-smarthost.ts';

export interface RelayOptions {
  readonly queue: Queue;
  readonly signatures: Pick<OutgoingSignatures, 'of'>;
  readonly local: LocalMail;
  readonly routing: Routing;
  readonly hostname: string;
  readonly way: Omit<Way, 'hosts' | 'sessions' | 'routing' | 'sources' | 'troubles'>;
  readonly schedule: Schedule;
  readonly log: Logger;
  readonly metrics: RelayMetrics;
  /** Milliseconds of a clock that only goes forward: of this process, if nothing else is said. */
  readonly now?: () => number;
}

/** Works through the queue until it is stopped. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #now: () => number;
  readonly #leases: Leases;
  readonly #stopping = new AbortController();
  readonly #lanes = new Lanes();
  readonly #way: Way;
  readonly #tasks = new Set<Promise<void>>();
  readonly #connections = new Set<SmtpConnection>();
  /** What the last look into the queue left there: domains that had enough to do, and what goes to many, if that had. */
  #leftBehind: { readonly lanes: ReadonlySet<string>; readonly isBulk: boolean } = {
    lanes: new Set(),
    isBulk: false,
  };
  /** It ended because enough was in hand. */
  #wasFull = false;
  #wake = Promise.withResolvers<void>();
  #loops: Promise<unknown> = Promise.resolve();
  #endListening: (() => Promise<void>) | null = null;

  constructor(options: RelayOptions) {
    this.#options = options;
    const { queue, log, metrics, way, routing, hostname, now = () => performance.now() } = options;
    this.#now = now;
    this.#way = {
      ...way,
      hosts: new HostUse(now, (host) => this.#unpark(host)),
      sessions: new SessionPool(),
      routing,
      sources: new SourceAddresses(hostname),
      troubles: new RouteTroubles(log, metrics, now),
    };
    this.#leases = new Leases(queue, now, (lost) => {
      metrics.lost.inc(lost.length);
      log.warn(
        { recipients: lost.length },
        'the database did not answer in time: others may send what we have in hand',
      );
    });
  }

  start(): void {
    this.#loops = Promise.all([this.#work(), this.#listen(), this.#prune(), this.#count()]);
  }

  /** Takes no more, lets transactions go on for a moment, and gives back what was not tried. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.resolve();
    await this.#loops;
    const untried = this.#lanes.clear().flatMap(({ recipients }) => recipients);
    this.#leases.remove(untried);
    await this.#giveBack(untried);
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

  /** The time goes on in which mail is sent. */
  async #count(): Promise<void> {
    const { log } = this.#options;
    while (!this.#stopping.signal.aborted) {
      await this.#pause(CLOCK_MS);
      if (this.#stopping.signal.aborted) return;
      await this.#lookAtClock().catch((err: unknown) => log.warn({ err }, "the queue's clock was not looked at"));
    }
  }

  async #lookAtClock(): Promise<void> {
    const { wentMs, countedMs } = await this.#options.queue.lookAtClock();
    if (wentMs >= countedMs && wentMs - countedMs < CLOCK_MS) return;
    this.#options.log.warn(
      { seconds: Math.round(wentMs / 1_000), countedSeconds: Math.round(countedMs / 1_000) },
      'no mail was sent for a while, or the clock of the database has jumped: what waits has as much longer',
    );
  }

  async #work(): Promise<void> {
    await this.#persist("the queue's clock was not looked at", () => this.#lookAtClock());
    while (!this.#stopping.signal.aborted) {
      this.#wake = Promise.withResolvers();
      const { promise: woken } = this.#wake;
      await this.#persist('cannot take from the queue', () => this.#take());
      this.#wasFull = this.#isFull();
      this.#begin();
      if (this.#stopping.signal.aborted) return;
      const pauseMs = this.#isFull() ? null : await this.#options.queue.nextDueMs().catch(() => null);
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
    const { queue, routing } = this.#options;
    if (await routing.refresh()) this.#lanes.rearrange(routing);
    while (!this.#isFull() && !this.#stopping.signal.aborted) {
      const sinceMs = this.#now();
      const except = this.#lanes.full();
      const bulkLimit = Math.max(0, BULK_ROWS_IN_HAND - this.#leases.bulkSize);
      this.#leftBehind = { lanes: except, isBulk: bulkLimit < ROWS_AT_ONCE };
      const rows = await queue.take(ROWS_AT_ONCE, [...except], bulkLimit);
      this.#leases.add(rows, sinceMs);
      await this.#turnAway(this.#lanes.add(groupsOf(rows, routing)));
      this.#begin();
      if (rows.length < ROWS_AT_ONCE) return;
    }
  }

  /** Lets them wait in the queue, the longer the more there are, so that they are not all taken out again at once. */
  async #turnAway(groups: readonly Group[]): Promise<void> {
    for (const [lane, some] of Map.groupBy(groups, (group) => group.lane)) {
      const recipients = some.flatMap((group) => group.recipients);
      const before = this.#lanes.turnAway(lane, recipients.length);
      const { first, last } = BUSY_SMARTHOST_MS;
      const pauseMs = Math.min(last, first * (1 + before / ROWS_AT_ONCE)) * (1 + Math.random());
      this.#leases.remove(recipients);
      await this.#giveBack(recipients, pauseMs);
    }
  }

  /** What could not be taken may be takeable now. Looking costs more than a transaction does: it is not done after each. */
  #mayTakeMore(): boolean {
    const { lanes, isBulk } = this.#leftBehind;
    if (this.#isFull()) return false;
    if (this.#wasFull || (isBulk && this.#leases.bulkSize < BULK_ROWS_IN_HAND)) return true;
    return this.#lanes.isOneFree(lanes);
  }

  /** Begins what may begin: first what is not for many. */
  #begin(): void {
    for (const isBulk of [false, true]) {
      const most = isBulk ? BULK_TRANSACTIONS : TRANSACTIONS;
      if (this.#tasks.size >= most) continue;
      for (const group of this.#lanes.begin(isBulk)) {
        this.#beginOne(group);
        if (this.#tasks.size >= most) break;
      }
    }
    this.#lanes.forgetTurnedAway();
  }

  #beginOne(group: Group): void {
    const task = this.#run(group).finally(() => {
      this.#tasks.delete(task);
      this.#lanes.ended(group);
      if (!this.#stopping.signal.aborted) this.#begin();
      if (this.#mayTakeMore()) this.#wake.resolve();
    });
    this.#tasks.add(task);
  }

  /** One attempt, from beginning to end. Never throws. */
  async #run(group: Group): Promise<void> {
    const { log, metrics } = this.#options;
    const startedMs = this.#now();
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
    metrics.seconds.observe((this.#now() - startedMs) / 1_000);
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
    if (!this.#stopping.signal.aborted && this.#lanes.park(host, group)) {
      this.#unpark(host); // what was in the way may be over
      return;
    }
    this.#leases.remove(group.recipients);
    await this.#giveBack(group.recipients, BUSY_HOST_MS * (1 + Math.random()));
  }

  async #giveBack(recipients: readonly LeasedRecipient[], pauseMs = 0): Promise<void> {
    await this.#options.queue
      .giveBack(recipients, pauseMs)
      .catch((err: unknown) => this.#options.log.warn({ err }, 'what was not tried waits for the end of its lease'));
    this.#wake.resolve(); // it is due sooner than was known
  }

  /** As many as a host has room for. */
  #unpark(host: string): void {
    this.#lanes.unpark(host, this.#way.hosts.room(host));
  }

  /**
   * @param outcomes gets what came of each recipient, as soon as it is known
   * @returns the host that those who have none are to wait for; null if all have one
   */
  async #attempt(group: Group, outcomes: Outcomes): Promise<string | null> {
    const { local, queue, signatures } = this.#options;
    const { message, recipients } = group;
    const elsewhere: LeasedRecipient[] = [];
    for (const recipient of recipients) {
      if (recipient.ending !== null) {
        outcomes.set(recipient, failed('5.7.1', `It was ended here: ${recipient.ending}`));
        continue;
      }
      const target = await findHere(local, message, recipient);
      if (target.type === 'here') {
        group.here.add(recipient);
        const octets = readForHere(queue, message, recipient);
        const copies: Copies = {
          known: () => queue.copiesOf(recipient),
          take: (tx, accounts) => queue.takeCopies(tx, recipient, accounts),
        };
        outcomes.set(recipient, await target.deliver(octets, copies));
      } else elsewhere.push(recipient);
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
      return await this.#ship(group, shipment, outcomes, opened);
    } finally {
      clearTimeout(timer);
      for (const connection of own) this.#connections.delete(connection);
    }
  }

  async #ship(
    { route, routeName, domain }: Group,
    shipment: Shipment,
    outcomes: Outcomes,
    opened: (connection: SmtpConnection) => void,
  ): Promise<string | null> {
    if (route === null) {
      const text = `There is no route ${routeName} any more, by which it is to go`;
      this.#way.troubles.tell(routeName, 'missing', text);
      for (const recipient of shipment.recipients) outcomes.set(recipient, deferred('4.3.5', text));
      return null;
    }
    if (route.settings.hosts.length > 0) return await shipBySmarthost(this.#way, route, shipment, outcomes, opened);
    return await ship(this.#way, route, domain, shipment, outcomes, opened);
  }

  /**
   * Writes down what came of it, as soon as the database takes it: what was delivered and is not written down is delivered again when the
   * lease ends.
   */
  async #settle({ message, routeName, here }: Group, outcomes: Outcomes, startedMs: number): Promise<void> {
    const { hostname, queue, schedule, log, metrics } = this.#options;
    const context = {
      hostname,
      schedule,
      tookMs: this.#now() - startedMs,
      chance: Math.random,
      now: () => new Date(),
      routeOf: (recipient: LeasedRecipient) => (here.has(recipient) ? null : routeName),
    };
    const settlement = settlementOf(outcomes, context);
    await this.#persist('what came of an attempt cannot be written down', async () => {
      const reports = await reportsOf(message, settlement, () => queue.read(message.id), context);
      await queue.settle(settlement.results, reports);
    });
    for (const [action, told] of settlement.told) if (told.length > 0) metrics.reports.inc({ action });
    for (const { recipient, outcome, status, reply, mta, route } of settlement.results) {
      metrics.attempts.inc({ outcome: outcome.type });
      const attempts = recipient.attempts + 1;
      const pause = outcome.type === 'deferred' ? { againInSeconds: Math.round(outcome.pauseMs / 1_000) } : {};
      const { forwardPath } = recipient;
      const what = { id: message.name, forwardPath, route, mta, status, reply, attempts, ...pause };
      log.info(what, `mail was ${outcome.type}`);
      this.#noteLeftOut(message.name, outcomes.get(recipient)?.leftOut ?? []);
    }
  }

  /** They are the operator's to look after. */
  #noteLeftOut(id: string, leftOut: readonly LeftOut[]): void {
    if (leftOut.length === 0) return;
    const { log, metrics } = this.#options;
    metrics.leftOutCopies.inc(leftOut.length);
    const accounts = leftOut.map(({ accountName }) => accountName);
    log.warn(
      { id, accounts },
      'members of an alias do not get a message: they take no mail, and too much waits for them',
    );
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
