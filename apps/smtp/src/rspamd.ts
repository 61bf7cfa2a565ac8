import type { RspamdTarget } from '@postel/config';
import type { Content } from '@postel/storage';
import type { Logger } from '@postel/supervision';
import {
  RSPAMD_ANSWER_OCTETS,
  RSPAMD_FAILURES,
  RSPAMD_MESSAGES,
  RSPAMD_MS,
  RSPAMD_OCTETS,
  RSPAMD_PAUSE_MS,
  RSPAMD_RECIPIENTS,
} from './limits.ts';
import { postForJson } from './post-for-json.ts';
import { type RspamdAnswer, readRspamdAnswer } from './rspamd-answer.ts';
import type { SmtpMetrics } from './smtp-metrics.ts';

interface RspamdOptions {
  readonly target: RspamdTarget;
  /** Ours. */
  readonly hostname: string;
  readonly metrics: Pick<SmtpMetrics, 'rspamdChecks'>;
  readonly log: Logger;
  /** Milliseconds, of a clock that only goes forward. */
  now(): number;
  readonly timeoutMs?: number;
}

/** A message, and what is known of its way here. */
export interface ShownMessage {
  readonly content: Pick<Content, 'sizeOctets' | 'read'>;
  /** As the log names it. */
  readonly id: string;
  readonly clientAddress: string;
  readonly clientName: string;
  /** A name of the client that leads back to its address; null if there is none. */
  readonly clientHost: string | null;
  readonly reversePath: string;
  readonly forwardPaths: readonly string[];
  readonly tls: { readonly protocol: string; readonly cipher: string } | null;
}

/** Why nothing was said. */
type Silence = 'failed' | 'paused' | 'busy' | 'too-large';

/**
 * Asks an Rspamd, or what speaks like it (https://rspamd.com/doc/developers/protocol.html), what it thinks of a message. It can
 * always be done without: what it does not say, soon, is nothing.
 */
export class Rspamd {
  readonly #options: RspamdOptions;
  readonly #url: string;
  #open = 0;
  /** In a row. */
  #failures = 0;
  /** Once there were too many: when it is tried again. */
  #retryMs = 0;

  constructor(options: RspamdOptions) {
    this.#options = options;
    this.#url = `${options.target.url}/checkv2`;
  }

  /** @returns null if nothing is known. Never throws */
  async check(message: ShownMessage): Promise<RspamdAnswer | null> {
    const { metrics, log } = this.#options;
    const silence = this.#beginOrNot(message);
    if (silence !== null) {
      metrics.rspamdChecks.inc({ outcome: silence });
      return null;
    }
    this.#open++;
    try {
      const answer = await this.#ask(message);
      metrics.rspamdChecks.inc({ outcome: answer.advice });
      this.#succeeded();
      return answer;
    } catch (err) {
      metrics.rspamdChecks.inc({ outcome: 'failed' satisfies Silence });
      log.warn({ err, id: message.id }, 'Rspamd says nothing about a message, which is judged without it');
      this.#failed();
      return null;
    } finally {
      this.#open--;
    }
  }

  #beginOrNot({ content }: ShownMessage): Silence | null {
    if (content.sizeOctets > RSPAMD_OCTETS) return 'too-large';
    if (this.#open >= RSPAMD_MESSAGES) return 'busy';
    if (this.#failures < RSPAMD_FAILURES) return null;
    if (this.#options.now() < this.#retryMs) return 'paused';
    this.#pause(); // the others go on without, until it is known what comes of this one
    return null;
  }

  /** @throws if there is no answer, or one that makes no sense */
  async #ask({ content, ...message }: ShownMessage): Promise<RspamdAnswer> {
    const { timeoutMs = RSPAMD_MS } = this.#options;
    const answer = readRspamdAnswer(
      await postForJson({
        url: this.#url,
        headers: { 'content-length': String(content.sizeOctets), ...this.#headers(message) },
        body: content.read(0, content.sizeOctets),
        timeoutMs,
        answerOctets: RSPAMD_ANSWER_OCTETS,
      }),
    );
    if (answer === null) throw new Error('its answer names no action');
    return answer;
  }

  #headers(message: Omit<ShownMessage, 'content'>): Readonly<Record<string, string | readonly string[]>> {
    const { target, hostname } = this.#options;
    const { id, clientAddress, clientName, clientHost, reversePath, forwardPaths, tls } = message;
    return {
      ...(target.password !== null && { Password: octets(target.password) }),
      'Queue-Id': id,
      IP: clientAddress,
      Helo: octets(clientName),
      ...(clientHost !== null && { Hostname: octets(clientHost) }),
      From: octets(`<${reversePath}>`),
      Rcpt: forwardPaths.slice(0, RSPAMD_RECIPIENTS).map((path) => octets(`<${path}>`)),
      'MTA-Name': hostname,
      ...(tls !== null && { 'TLS-Version': tls.protocol, 'TLS-Cipher': tls.cipher }),
      'Accept-Encoding': 'identity',
    };
  }

  #succeeded(): void {
    if (this.#failures >= RSPAMD_FAILURES) this.#options.log.info('Rspamd answers again');
    this.#failures = 0;
  }

  #failed(): void {
    this.#failures++;
    if (this.#failures < RSPAMD_FAILURES) return;
    if (this.#failures === RSPAMD_FAILURES) {
      this.#options.log.warn('Rspamd does not answer: mail is judged without it, and it is tried again now and then');
    }
    this.#pause();
  }

  #pause(): void {
    this.#retryMs = this.#options.now() + RSPAMD_PAUSE_MS;
  }
}

/** Addresses in UTF-8 go over HTTP as they are: a header of Node's takes one octet a character. */
function octets(text: string): string {
  return Buffer.from(text).toString('latin1');
}
