import { createHmac } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventOutcome, LeasedEvent, WebhookEvents } from '@postel/queue';
import type { Logger } from '@postel/supervision';
import { postEvent, type Web } from '@postel/tls-policy';
import { EVENTS_AT_ONCE, LOOK_MS, LOOK_PAUSE_MS } from './limits.ts';

/** The web server wants nothing more: RFC 9110 §15.5.11. */
const GONE = 410;

interface WebhookParts {
  readonly events: WebhookEvents;
  readonly web: Pick<Web, 'resolver' | 'authorities' | 'isReachable' | 'signal'>;
  readonly log: Logger;
  readonly onOutcome: (outcome: EventOutcome['type']) => void;
}

/** Brings events of sending to webhooks, each at least once, until it is stopped. */
export class WebhookSender {
  readonly #parts: WebhookParts;
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
        this.#endListening ??= await events.onDue(() => this.#wake.resolve());
        const due = await events.take(EVENTS_AT_ONCE);
        await Promise.all(due.map((event) => this.#bring(event)));
        if (due.length > 0) continue;
        waitMs = Math.min(Math.max((await events.nextDueMs()) ?? LOOK_MS, LOOK_PAUSE_MS), LOOK_MS);
      } catch (err) {
        log.warn({ err }, 'events for webhooks wait');
      }
      const timer = new AbortController();
      const stopped = AbortSignal.any([this.#stopping.signal, timer.signal]);
      await Promise.race([woken, delay(waitMs, undefined, { signal: stopped }).catch(() => {})]);
      timer.abort();
    }
  }

  async #bring(event: LeasedEvent): Promise<void> {
    const { events, web, log, onOutcome } = this.#parts;
    const outcome = await bringEvent(web, event);
    onOutcome(outcome.type);
    const isPaused = await events.settle(event, outcome);
    const { webhook, sequence, attempts } = event;
    if (outcome.type === 'failed') {
      log.info({ webhook, sequence, attempts, reason: outcome.reason }, 'a webhook did not take an event');
    }
    if (isPaused) log.warn({ webhook }, 'a webhook is paused: it takes nothing; what waited for it is removed');
  }
}

/** Once: docs/webhooks.md says what is sent. */
export async function bringEvent(
  web: WebhookParts['web'],
  { url, secret, allowsPrivate, body: text, sequence, webhook }: Omit<LeasedEvent, 'attempts' | 'lease'>,
): Promise<EventOutcome> {
  const body = Buffer.from(JSON.stringify({ sequence, ...JSON.parse(text) }));
  const seconds = Math.floor(Date.now() / 1_000);
  const signature = createHmac('sha256', secret).update(`${seconds}.`).update(body).digest('hex');
  const headers = {
    'postel-webhook': String(webhook),
    'postel-sequence': String(sequence),
    'postel-signature': `t=${seconds},v1=${signature}`,
  };
  try {
    const status = await postEvent(web, { url, headers, body, allowsPrivate });
    if (status >= 200 && status <= 299) return { type: 'taken' };
    return { type: 'failed', reason: `it answers with status ${status}`, isForGood: status === GONE };
  } catch (error) {
    return { type: 'failed', reason: error instanceof Error ? error.message : String(error), isForGood: false };
  }
}
