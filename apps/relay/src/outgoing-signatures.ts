import type { Directory, DomainSigners } from '@postel/directory';
import type { Resolver } from '@postel/dns';
import { lookForDkimKeys } from '@postel/domain-records';
import { dkimKey, type MessageSigner } from '@postel/message-auth';
import type { QueuedMessage } from '@postel/queue';
import type { Logger } from '@postel/supervision';
import { LOOKS_FOR_KEYS_MS, RECENT_KEYS, RECENT_KEYS_MS, SIGNATURE_MS, SIGNATURES } from './limits.ts';
import type { RelayMetrics } from './relay-metrics.ts';

export interface OutgoingSignaturesOptions {
  readonly directory: Directory;
  readonly resolver: Resolver;
  readonly signer: Pick<MessageSigner, 'sign'>;
  readonly log: Logger;
  readonly metrics: Pick<RelayMetrics, 'signed'>;
  /** Milliseconds, of a clock that only goes forward. */
  readonly now?: () => number;
}

interface KnownSignature {
  readonly fields: Promise<Buffer>;
  readonly sinceMs: number;
}

const NONE = Buffer.alloc(0);

/** What keys change is written down as this one's. */
const RELAY = { type: 'server', task: 'relay' } as const;

/** Signs messages as they leave (DKIM: RFC 6376), by the domains of their authors. */
export class OutgoingSignatures {
  readonly #options: OutgoingSignaturesOptions;
  readonly #now: () => number;
  /** A message goes to many domains, and again to those that deferred it: its body is read for it once. */
  readonly #known = new Map<string, KnownSignature>();
  /** Keys, by the domains that sign. */
  readonly #recent = new Map<string, { readonly found: DomainSigners; readonly sinceMs: number }>();
  /** When the DNS was asked for keys of a domain that wait for it. */
  readonly #lookedMs = new Map<string, number>();

  constructor(options: OutgoingSignaturesOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /**
   * The fields to be put before a message; nothing if nobody here answers for it.
   *
   * @param fields stand before what is in the queue, and `read` gives them too
   * @throws if it should be signed and cannot be now
   */
  async of(
    message: Pick<QueuedMessage, 'id' | 'name' | 'signers'>,
    fields: Buffer,
    read: () => AsyncIterable<Buffer>,
  ): Promise<Buffer> {
    if (message.signers.length === 0) return NONE;
    const name = `${message.id}\n${fields}`;
    const known = this.#known.get(name);
    if (known !== undefined && this.#now() - known.sinceMs < SIGNATURE_MS) return await known.fields;
    const signature = this.#sign(message, read);
    this.#remember(name, signature);
    return await signature;
  }

  async #sign(
    { name, signers }: Pick<QueuedMessage, 'name' | 'signers'>,
    read: () => AsyncIterable<Buffer>,
  ): Promise<Buffer> {
    const { signer, log, metrics } = this.#options;
    const { keys } = await this.#findKeys(signers);
    if (keys.length === 0) {
      metrics.signed.inc({ result: 'no-key' });
      return NONE;
    }
    const fields = await signer.sign(read(), keys.map(dkimKey));
    if (fields === null) log.warn({ id: name }, 'a message leaves unsigned: its header section is too long');
    metrics.signed.inc({ result: fields === null ? 'too-long' : 'signed' });
    return Buffer.from(fields ?? '');
  }

  /** Those of a moment ago, for messages of the same domains; one that has just been retired is published for weeks. */
  async #recentSigners(signers: readonly string[]): Promise<DomainSigners> {
    const name = signers.join('\n');
    const recent = this.#recent.get(name);
    if (recent !== undefined && this.#now() - recent.sinceMs < RECENT_KEYS_MS) return recent.found;
    const found = await this.#options.directory.dkimKeys.signersOf(signers);
    this.#recent.delete(name);
    // Where others wait for the DNS, what is known may change with the next look.
    if (found.keys.length > 0 && found.waiting.length === 0) this.#recent.set(name, { found, sinceMs: this.#now() });
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > RECENT_KEYS && oldest !== undefined) this.#recent.delete(oldest);
    return found;
  }

  /** Where nothing signs yet, the DNS may have the keys by now: that is worth waiting for. */
  async #findKeys(signers: readonly string[]): Promise<DomainSigners> {
    const { dkimKeys } = this.#options.directory;
    const found = await this.#recentSigners(signers);
    const due = found.waiting.filter((domain) => this.#isDue(domain));
    if (due.length === 0) return found;
    const looking = Promise.all(due.map((domain) => this.#look(domain)));
    if (found.keys.length > 0) return found;
    await looking;
    return await dkimKeys.signersOf(signers);
  }

  #isDue(domain: string): boolean {
    return this.#now() - (this.#lookedMs.get(domain) ?? Number.NEGATIVE_INFINITY) >= LOOKS_FOR_KEYS_MS;
  }

  /** Never throws: mail goes on as before. */
  async #look(domain: string): Promise<void> {
    const { directory, resolver, log } = this.#options;
    this.#lookedMs.set(domain, this.#now());
    try {
      for (const { key } of await lookForDkimKeys(resolver, directory.as(RELAY).dkimKeys, domain)) {
        if (key.state === 'active') log.info({ domain, selector: key.selector }, 'a DKIM key signs from now on');
      }
    } catch (err) {
      log.warn({ err, domain }, 'it is not known whether the DNS has the DKIM keys that wait');
    }
  }

  #remember(name: string, fields: Promise<Buffer>): void {
    this.#known.delete(name); // the newest stand last
    this.#known.set(name, { fields, sinceMs: this.#now() });
    for (const [oldest] of this.#known) {
      if (this.#known.size <= SIGNATURES) break;
      this.#known.delete(oldest);
    }
    fields.catch(() => this.#known.delete(name));
  }
}
