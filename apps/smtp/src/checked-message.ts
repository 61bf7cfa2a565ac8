import type { Content } from '@postel/storage';
import type { ExpectedMessage, IncomingMessage, Verdict } from './incoming-mail.ts';
import { OwnResultsFilter } from './own-results-filter.ts';
import { SmtpError } from './replies.ts';
import type { Session } from './session.ts';
import type { MessageWriter } from './submitted-message.ts';

/**
 * A message on its way from another server to the storage: who answers for it is found out meanwhile, and results by our name
 * that it brings along do not pass.
 */
export class CheckedMessage implements MessageWriter {
  readonly #session: Session;
  readonly #writer: MessageWriter;
  readonly #incoming: IncomingMessage;
  readonly #filter: OwnResultsFilter;
  #verdict: Verdict | null = null;

  constructor(session: Session, expected: ExpectedMessage, writer: MessageWriter) {
    this.#session = session;
    this.#writer = writer;
    this.#filter = new OwnResultsFilter(session.services.hostname);
    this.#incoming = expected.begin();
  }

  /** @throws {StorageError} */
  async write(piece: Buffer): Promise<void> {
    await this.#incoming.push(piece);
    await this.#pass(this.#filter.push(piece));
  }

  /** Suspect or not. @throws {SmtpError} why it is refused; {StorageError} */
  async finish(): Promise<Content> {
    const verdict = await this.#incoming.finish();
    this.#verdict = verdict;
    const { log, services } = this.#session;
    for (const [method, result] of Object.entries(verdict.results)) {
      services.metrics.authenticationResults.inc({ method, result });
    }
    if (verdict.judgement.type === 'refuse') {
      log.info(verdict.results, 'refused for what was found out about it');
      throw new SmtpError(verdict.judgement.reply);
    }
    log.debug(verdict.results, 'authenticated');
    await this.#pass(this.#filter.finish());
    return await this.#writer.finish();
  }

  async abort(): Promise<void> {
    this.#incoming.abort();
    await this.#writer.abort();
  }

  /** What was found out, as header fields. Once it is finished. */
  get findings(): string {
    return this.#verdict?.fields ?? '';
  }

  /** The same on one line. Once it is finished. */
  get results(): string | null {
    return this.#verdict?.summary ?? null;
  }

  /** Why it is suspect, none if it is not. Once it is finished. */
  get suspicions(): readonly string[] {
    return this.#verdict?.judgement.type === 'suspect' ? this.#verdict.judgement.reasons : [];
  }

  async #pass(octets: Buffer): Promise<void> {
    if (octets.length > 0) await this.#writer.write(octets);
  }
}
