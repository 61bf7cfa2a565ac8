import type { LeasedRecipient, Queue } from '@postel/queue';

/** Of a lease, how long we count on it: the rest is for a database whose clock runs otherwise, and for what is on its way. */
const SAFE_PART = 0.75;
/** How often leases are renewed in their time. */
const RENEWALS = 4;

/** The rows in hand, whose leases are renewed as long as they are. */
export class Leases {
  readonly #queue: Pick<Queue, 'renew' | 'leaseMs'>;
  readonly #now: () => number;
  readonly #onLost: (recipients: readonly LeasedRecipient[]) => void;
  /** Each with when we asked for its lease last, and got it. */
  readonly #inHand = new Map<LeasedRecipient, number>();
  #timer: NodeJS.Timeout | null = null;
  #renewing: Promise<void> = Promise.resolve();

  /** @param now milliseconds, of a clock that only goes forward */
  constructor(
    queue: Pick<Queue, 'renew' | 'leaseMs'>,
    now: () => number,
    onLost: (recipients: readonly LeasedRecipient[]) => void,
  ) {
    this.#queue = queue;
    this.#now = now;
    this.#onLost = onLost;
  }

  get size(): number {
    return this.#inHand.size;
  }

  /** Of what goes to many. */
  get bulkSize(): number {
    return [...this.#inHand.keys()].filter(({ isBulk }) => isBulk).length;
  }

  /** @param sinceMs before they were asked for */
  add(recipients: readonly LeasedRecipient[], sinceMs: number): void {
    for (const recipient of recipients) this.#inHand.set(recipient, sinceMs);
    if (this.#timer !== null || recipients.length === 0) return;
    this.#timer = setInterval(() => {
      this.#renewing = this.#renew();
    }, this.#queue.leaseMs / RENEWALS);
  }

  remove(recipients: readonly LeasedRecipient[]): void {
    for (const recipient of recipients) this.#inHand.delete(recipient);
    if (this.#inHand.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Nobody else can have taken them by now. */
  areOurs(recipients: readonly LeasedRecipient[]): boolean {
    const since = this.#now() - this.#queue.leaseMs * SAFE_PART;
    return recipients.every((recipient) => (this.#inHand.get(recipient) ?? Number.NEGATIVE_INFINITY) > since);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#renewing;
  }

  async #renew(): Promise<void> {
    const all = [...this.#inHand.keys()];
    const sinceMs = this.#now();
    try {
      const lost = new Set(await this.#queue.renew(all));
      for (const recipient of all) {
        if (!this.#inHand.has(recipient)) continue;
        this.#inHand.set(recipient, lost.has(recipient) ? Number.NEGATIVE_INFINITY : sinceMs);
      }
      // Those that were settled meanwhile have no lease any more.
      const gone = [...lost].filter((recipient) => this.#inHand.has(recipient));
      if (gone.length > 0) this.#onLost(gone);
    } catch {
      // The database is away: the leases grow old, and with them what may be done.
    }
  }
}
