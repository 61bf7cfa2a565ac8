import { createHmac } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type EventOutcome, type LeasedEvent, WEBHOOK, type WebhookEvents } from '@postel/queue';
import { openWebhookSecret } from '@postel/routes';
import type { Logger } from '@postel/supervision';
import { postEvent, type Web } from '@postel/tls-policy';
import { LOOK_MS, LOOK_PAUSE_MS } from './limits.ts';
import { WebhookTurns } from './webhook-turns.ts';

/** The web server wants nothing more: RFC 9110 §15.5.11. */
const GONE = 410;

interface WebhookParts {
  readonly events: WebhookEvents;
  readonly web: Pick<Web, 'resolver' | 'authorities' | 'isReachable' | 'signal'>;
  /** Of this host: by it the secrets of webhooks are sealed. */
  readonly secretKeyFile: string;
  readonly log: Logger;
  readonly onOutcome: (outcome: EventOutcome['type']) => void;
}

/**
 * Brings events of sending to webhooks, each at least once, until it is stopped. Nothing is waited for together: as soon as one has its
 * answer the next may begin, of any webhook whose turn it is.
 */
export class WebhookSender {
  readonly #parts: WebhookParts;
  readonly #turns = new WebhookTurns(() => performance.now(), WEBHOOK.atOnce);
  /** Events that are under way. */
  readonly #tasks = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #wake = Promise.withResolvers<void>();
  #loop: Promise<void> = Promise.resolve();
  #endListening: (() => Promise<void>) | null = null;

  constructor(parts: WebhookParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#loop = this.#work();
  }

  /** What is being brought has its answer, or its time is over; or `web.signal` has ended it, and it comes again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.resolve();
    await this.#loop;
    await this.#endListening?.();
  }

  async #work(): Promise<void> {
    const { events, log } = this.#parts;
    while (!this.#stopping.signal.aborted) {
      this.#wake = Promise.withResolvers();
      const { promise: woken } = this.#wake;
      let waitMs = LOOK_MS;
      try {
        this.#endListening ??= await events.onDue((tried) => {
          if (tried !== null) this.#turns.forgive(tried);
          this.#wake.resolve();
        });
        waitMs = await this.#begin();
      } catch (err) {
        log.warn({ err }, 'events for webhooks wait');
      }
      const timer = new AbortController();
      const stopped = AbortSignal.any([this.#stopping.signal, timer.signal]);
      await Promise.race([woken, delay(waitMs, undefined, { signal: stopped }).catch(() => {})]);
      timer.abort();
    }
    await Promise.all(this.#tasks);
  }

  /** Begins all that may begin. @returns how long there is nothing more, unless something is told or ends before */
  async #begin(): Promise<number> {
    const { events } = this.#parts;
    while (this.#turns.room > 0 && !this.#stopping.signal.aborted) {
      const { room } = this.#turns;
      const due = await events.take(room, this.#turns.rooms());
      for (const event of due) this.#beginOne(event);
      if (due.length < room) break;
    }
    if (this.#turns.room <= 0) return LOOK_MS;
    const busy = [...this.#turns.rooms()].filter(([, room]) => room === 0).map(([webhook]) => webhook);
    const dueMs = (await events.nextDueMs(busy)) ?? LOOK_MS;
    return Math.min(Math.max(Math.min(dueMs, this.#turns.restMs ?? LOOK_MS), LOOK_PAUSE_MS), LOOK_MS);
  }

  #beginOne(event: LeasedEvent): void {
    const { webhook } = event;
    this.#turns.begin(webhook);
    const startedMs = performance.now();
    const task = this.#bring(event)
      .catch((err: unknown) => {
        this.#parts.log.warn({ err, webhook }, 'what came of an event is not written down: it comes again');
        return false;
      })
      .then((isTaken) => {
        this.#tasks.delete(task);
        this.#turns.end(webhook, { isTaken, tookMs: performance.now() - startedMs });
        this.#wake.resolve();
      });
    this.#tasks.add(task);
  }

  /** @returns whether it is taken */
  async #bring(event: LeasedEvent): Promise<boolean> {
    const { events, log, onOutcome } = this.#parts;
    const outcome = await this.#sign(event);
    onOutcome(outcome.type);
    const isPaused = await events.settle(event, outcome);
    const { webhook, sequence, attempts } = event;
    if (outcome.type === 'failed') {
      log.info({ webhook, sequence, attempts, reason: outcome.reason }, 'a webhook did not take an event');
    }
    if (isPaused) log.warn({ webhook }, 'a webhook is paused: it takes nothing; what waited for it is removed');
    return outcome.type === 'taken';
  }

  /** Without its secret nothing is brought: another host may have the key. */
  async #sign(event: LeasedEvent): Promise<EventOutcome> {
    const { clearSecret: clear, sealedSecret: sealed, webhook: id } = event;
    try {
      const secret = await openWebhookSecret(this.#parts.secretKeyFile, { id, clear, sealed });
      return await bringEvent(this.#parts.web, { ...event, secret });
    } catch (error) {
      return { type: 'failed', reason: error instanceof Error ? error.message : String(error), isForGood: false };
    }
  }
}

type SignedEvent = Omit<LeasedEvent, 'attempts' | 'lease' | 'clearSecret' | 'sealedSecret'> & {
  readonly secret: string;
};

/** Once: docs/webhooks.md says what is sent. */
export async function bringEvent(
  web: WebhookParts['web'],
  { url, secret, allowsPrivate, body: text, sequence, webhook }: SignedEvent,
): Promise<EventOutcome> {
  const body = Buffer.from(JSON.stringify({ sequence, ...JSON.parse(text) }));
  const headers = {
    'postel-webhook': String(webhook),
    'postel-sequence': String(sequence),
    'postel-signature': signatureOf(secret, body, Math.floor(Date.now() / 1_000)),
  };
  try {
    const status = await postEvent(web, { url, headers, body, allowsPrivate });
    if (status >= 200 && status <= 299) return { type: 'taken' };
    return { type: 'failed', reason: `it answers with status ${status}`, isForGood: status === GONE };
  } catch (error) {
    return { type: 'failed', reason: error instanceof Error ? error.message : String(error), isForGood: false };
  }
}

/** @param seconds since 1970 */
function signatureOf(secret: string, body: Buffer, seconds: number): string {
  const signature = createHmac('sha256', secret).update(`${seconds}.`).update(body).digest('hex');
  return `t=${seconds},v1=${signature}`;
}
