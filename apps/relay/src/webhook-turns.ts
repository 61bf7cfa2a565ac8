import {
  EVENTS_AT_ONCE,
  EVENTS_TO_SLOW_WEBHOOKS,
  SLOW_WEBHOOK_MS,
  WEBHOOK_REST_MS,
  WEBHOOKS_IN_TROUBLE,
} from './limits.ts';

/** A webhook to which something is under way, or that was in trouble. */
interface Known {
  running: number;
  /** In a row. */
  failures: number;
  isSlow: boolean;
  restsUntilMs: number;
}

/**
 * Whose turn it is to have events brought: each webhook goes its own way, and those that are slow, or do not answer, hold up nobody else.
 * One that fails rests, longer each time, and then shows with one event whether it is well again.
 */
export class WebhookTurns {
  readonly #now: () => number;
  readonly #atOnce: number;
  /** Those in trouble in the order in which that was seen last. */
  readonly #known = new Map<number, Known>();
  #running = 0;

  /**
   * @param now milliseconds, of a clock that only goes forward
   * @param atOnce events at the same time to one webhook
   */
  constructor(now: () => number, atOnce: number) {
    this.#now = now;
    this.#atOnce = atOnce;
  }

  /** How many may be under way beside those that are. */
  get room(): number {
    return EVENTS_AT_ONCE - this.#running;
  }

  /** How many of them to each of those of which something is known. */
  rooms(): ReadonlyMap<number, number> {
    const now = this.#now();
    const troubled = [...this.#known.values()].filter(isInTrouble);
    let roomForTroubled = EVENTS_TO_SLOW_WEBHOOKS - troubled.reduce((sum, { running }) => sum + running, 0);
    const rooms = new Map<number, number>();
    for (const [webhook, known] of this.#known) {
      const isIn = isInTrouble(known);
      const most = known.restsUntilMs > now ? 0 : isIn ? Math.min(1, roomForTroubled + known.running) : this.#atOnce;
      const room = Math.max(0, most - known.running);
      if (isIn) roomForTroubled -= room;
      rooms.set(webhook, room);
    }
    return rooms;
  }

  begin(webhook: number): void {
    this.#running++;
    const known = this.#known.get(webhook) ?? { running: 0, failures: 0, isSlow: false, restsUntilMs: 0 };
    known.running++;
    this.#known.set(webhook, known);
  }

  end(webhook: number, { isTaken, tookMs }: { readonly isTaken: boolean; readonly tookMs: number }): void {
    this.#running--;
    const known = this.#known.get(webhook);
    if (known === undefined) return;
    known.running--;
    known.isSlow = tookMs >= SLOW_WEBHOOK_MS;
    if (isTaken) [known.failures, known.restsUntilMs] = [0, 0];
    // Of several that were under way together one counts.
    else if (known.restsUntilMs <= this.#now()) this.#rest(known);
    this.#known.delete(webhook); // the newest stand last
    if (known.running > 0 || isInTrouble(known)) this.#known.set(webhook, known);
    this.#forgetOldest();
  }

  /** Somebody tries it: it is well again, for all we know. */
  forgive(webhook: number): void {
    const known = this.#known.get(webhook);
    if (known !== undefined) known.restsUntilMs = 0;
  }

  /** Until the first of those that rest has rested; null: none does. */
  get restMs(): number | null {
    const now = this.#now();
    const rests = [...this.#known.values()].map(({ restsUntilMs }) => restsUntilMs - now).filter((ms) => ms > 0);
    return rests.length === 0 ? null : Math.min(...rests);
  }

  #rest(known: Known): void {
    const { first, last } = WEBHOOK_REST_MS;
    known.restsUntilMs = this.#now() + Math.min(first * 2 ** Math.min(known.failures, 20), last);
    known.failures++;
  }

  #forgetOldest(): void {
    for (const [webhook, { running }] of this.#known) {
      if (this.#known.size <= WEBHOOKS_IN_TROUBLE) return;
      if (running === 0) this.#known.delete(webhook);
    }
  }
}

function isInTrouble({ failures, isSlow }: Known): boolean {
  return failures > 0 || isSlow;
}
