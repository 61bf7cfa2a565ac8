import type { Content } from '@postel/storage';
import type { ExpectedMessage, IncomingMessage, Verdict } from './incoming-mail.ts';
import type { MailTransaction } from './mail-transaction.ts';
import { OwnResultsFilter } from './own-results-filter.ts';
import { type Judgement, judgeContent, sparePostmaster } from './policy.ts';
import { reasonsField } from './reasons-field.ts';
import { replies, SmtpError } from './replies.ts';
import { type RspamdAnswer, spamStatusField } from './rspamd-answer.ts';
import type { Session } from './session.ts';
import type { MessageWriter } from './submitted-message.ts';

/**
 * A message on its way from another server to the storage: who answers for it is found out meanwhile, and results by our name
 * that it brings along do not pass.
 */
export class CheckedMessage implements MessageWriter {
  readonly #session: Session;
  readonly #transaction: MailTransaction;
  readonly #writer: MessageWriter;
  readonly #incoming: IncomingMessage;
  readonly #filter: OwnResultsFilter;
  #verdict: Verdict | null = null;
  /** Of the content filter; null if there is none. */
  #opinion: RspamdAnswer | null = null;
  #judgement: Judgement = { type: 'accept' };

  constructor(session: Session, transaction: MailTransaction, expected: ExpectedMessage, writer: MessageWriter) {
    this.#session = session;
    this.#transaction = transaction;
    this.#writer = writer;
    this.#filter = new OwnResultsFilter(session.services.hostname);
    this.#incoming = expected.begin();
  }

  /** @throws {SmtpError} if nothing can be found out about it; {StorageError} */
  async write(piece: Buffer): Promise<void> {
    await this.#incoming.push(piece);
    if (this.#incoming.isHeaderTooLong) throw new SmtpError(replies.headerNotChecked);
    await this.#pass(this.#filter.push(piece));
  }

  /** Suspect or not. @throws {SmtpError} why it is refused; {StorageError} */
  async finish(): Promise<Content> {
    const verdict = await this.#incoming.finish();
    this.#verdict = verdict;
    const judgement = this.#spared(verdict.judgement);
    this.#judgement = judgement;
    const { log, services } = this.#session;
    for (const [method, result] of Object.entries(verdict.results)) {
      services.metrics.authenticationResults.inc({ method, result });
      this.#transaction.record.addCheck(method, result);
    }
    if (judgement.type === 'refuse') {
      services.reports.countDmarc(verdict);
      log.info(verdict.results, 'refused for what was found out about it');
      throw new SmtpError(judgement.reply);
    }
    log.debug(verdict.results, 'authenticated');
    await this.#pass(this.#filter.finish());
    const content = await this.#writer.finish();
    const isReport = judgement.type !== 'suspect' && (await services.reports.keep(content, verdict));
    // Who forges mail can give it any subject, but then it goes to postmasters alone.
    if (!isReport || !this.#transaction.isForPostmaster) services.reports.countDmarc(verdict);
    if (judgement.type === 'accept') await this.#judgeContent(content, verdict);
    return content;
  }

  async abort(): Promise<void> {
    this.#incoming.abort();
    await this.#writer.abort();
  }

  /** What was found out, as header fields. Once it is finished. */
  get findings(): string {
    const opinion = this.#opinion;
    const judgement = this.#judgement;
    const fields = opinion === null ? '' : spamStatusField(opinion) + opinion.fields;
    const reasons = judgement.type === 'junk' ? reasonsField('X-Postel-Suspected', judgement.reasons) : '';
    return (this.#verdict?.fields ?? '') + fields + reasons;
  }

  /** The same on one line. Once it is finished. */
  get results(): string | null {
    return this.#verdict?.summary ?? null;
  }

  /** Why it is suspect, none if it is not. Once it is finished. */
  get suspicions(): readonly string[] {
    return this.#judgement.type === 'suspect' ? this.#judgement.reasons : [];
  }

  /** Whether it belongs with the junk. Once it is finished. */
  get isJunk(): boolean {
    return this.#judgement.type === 'junk' || this.#opinion?.advice === 'junk';
  }

  /** Whether whoever is named as its sender may be told of it. Once it is finished. */
  get tellsSender(): boolean {
    return this.#verdict?.isVouched === true && !this.isJunk;
  }

  /** @throws {SmtpError} */
  async #judgeContent(content: Content, { clientHost }: Verdict): Promise<void> {
    const session = this.#session;
    const { contentFilter, incoming } = session.services;
    const { clientAddress } = session.client;
    // Who is not refused for it need not wait for it.
    if (contentFilter === null || incoming.isExempt(clientAddress)) return;
    const { reversePath, recipients } = this.#transaction;
    const opinion = await contentFilter.check({
      content,
      id: session.nextMessageId,
      ...session.client,
      clientHost,
      reversePath,
      forwardPaths: [...recipients.values()].flatMap(({ paths }) => paths.map(({ forwardPath }) => forwardPath)),
      tls: session.wire.tls,
    });
    if (opinion === null) return;
    this.#opinion = opinion;
    this.#judgement = this.#spared(judgeContent(opinion));
    const { action, score, symbols } = opinion;
    this.#transaction.record.addCheck('rspamd', `${action}:${score}`);
    session.log[opinion.advice === 'take' ? 'debug' : 'info'](
      { action, score, symbols },
      'the content filter has judged',
    );
    if (this.#judgement.type !== 'refuse') return;
    await content.discard();
    throw new SmtpError(this.#judgement.reply);
  }

  /** What goes on to another server cannot be put with the junk, and would be junk from here. */
  #spared(judgement: Judgement): Judgement {
    const { isForPostmaster, outgoing } = this.#transaction;
    return isForPostmaster && outgoing.size === 0 ? sparePostmaster(judgement) : judgement;
  }

  async #pass(octets: Buffer): Promise<void> {
    if (octets.length > 0) await this.#writer.write(octets);
  }
}
