import { randomUUID } from 'node:crypto';
import { formatDateTime } from '@postel/mime';
import type { Content, ContentWriter } from '@postel/storage';
import { AUTHORS, SUBMITTED_HEADER_OCTETS } from './limits.ts';
import type { MailTransaction } from './mail-transaction.ts';
import { OwnResultsFilter } from './own-results-filter.ts';
import type { MailboxAddress } from './path.ts';
import { replies, SmtpError } from './replies.ts';
import type { Session } from './session.ts';
import { tooLarge } from './submission-limits.ts';
import { readSubmittedHeader, type SubmittedHeader } from './submitted-header.ts';

/** What takes the octets of a message; see ContentWriter. */
export type MessageWriter = Pick<ContentWriter, 'write' | 'finish' | 'abort'>;

const END_OF_HEADER = Buffer.from('\r\n\r\n');
const FIRST_BUFFER_OCTETS = 4 * 1024;

/**
 * A message on its way from a mail program to the storage (RFC 6409 §8): its header section is held until all of it is here, looked
 * through, and passed on without what is not for others to see. What it lacks is added before it.
 */
export class SubmittedMessage implements MessageWriter {
  readonly #session: Session;
  readonly #transaction: MailTransaction;
  readonly #writer: MessageWriter;
  #held = Buffer.alloc(FIRST_BUFFER_OCTETS);
  #octets = 0;
  #sizeOctets = 0;
  #header: SubmittedHeader | null = null;
  /** Sender is to be added: the message has several authors, or none that is known. */
  #needsSender = false;

  constructor(session: Session, transaction: MailTransaction, writer: MessageWriter) {
    this.#session = session;
    this.#transaction = transaction;
    this.#writer = writer;
  }

  /** @throws {SmtpError} what is wrong with the header section; {StorageError}; {DirectoryError} */
  async write(piece: Buffer): Promise<void> {
    this.#sizeOctets += piece.length;
    const most = this.#transaction.submitter?.messageOctets ?? null;
    if (most !== null && this.#sizeOctets > most) throw new SmtpError(tooLarge(most));
    if (this.#header !== null) return await this.#writer.write(piece);
    const from = Math.max(0, this.#octets - END_OF_HEADER.length + 1);
    this.#hold(piece);
    const end = this.#endOfHeader(from);
    if (end > SUBMITTED_HEADER_OCTETS || (end === -1 && this.#octets > SUBMITTED_HEADER_OCTETS)) {
      throw new SmtpError(replies.headerTooLong);
    }
    if (end !== -1) await this.#passOn(end);
  }

  /** @throws as `write` */
  async finish(): Promise<Content> {
    if (this.#header === null) await this.#passOn(this.#octets);
    return await this.#writer.finish();
  }

  abort(): Promise<void> {
    return this.#writer.abort();
  }

  /** The fields that the message lacks: RFC 6409 §8, RFC 5322 §3.6. Once it is finished. */
  addedFields(receivedAt: Date): string {
    if (this.#header === null) return '';
    const { hasDate, hasMessageId, fromFields, authors } = this.#header;
    const { reversePath } = this.#transaction;
    const [author] = authors;
    const sender = reversePath === '' && author !== undefined ? `${author.localPart}@${author.domain}` : reversePath;
    return [
      ...(hasMessageId ? [] : [`Message-ID: <${randomUUID()}@${this.#session.services.hostname}>\r\n`]),
      ...(hasDate ? [] : [`Date: ${formatDateTime(receivedAt)}\r\n`]),
      ...(fromFields > 0 ? [] : [`From: <${reversePath}>\r\n`]),
      ...(this.#needsSender && sender !== '' ? [`Sender: <${sender}>\r\n`] : []),
    ].join('');
  }

  /** Domains that the message says it is from, as they are written. Once it is finished. */
  get authorDomains(): readonly string[] {
    const { authors = [], fromFields = 0 } = this.#header ?? {};
    const { sender } = this.#transaction;
    const named = fromFields > 0 || sender === null ? authors : [sender];
    return [...new Set(named.map(({ domain }) => domain))];
  }

  /** The fields that were taken out because they are for nobody else to see. Once it is finished. */
  get hiddenFields(): Buffer {
    return Buffer.concat(this.#header?.hidden ?? []);
  }

  #hold(piece: Buffer): void {
    const needed = this.#octets + piece.length;
    if (needed > this.#held.length) {
      const larger = Buffer.alloc(Math.max(needed, 2 * this.#held.length));
      this.#held.copy(larger, 0, 0, this.#octets);
      this.#held = larger;
    }
    piece.copy(this.#held, this.#octets);
    this.#octets = needed;
  }

  /** Where the body begins; -1 if the header section goes on. */
  #endOfHeader(from: number): number {
    const held = this.#held.subarray(0, this.#octets);
    if (held.length > 1 && held[0] === 0x0d && held[1] === 0x0a) return 2; // there is none
    const at = held.indexOf(END_OF_HEADER, from);
    return at === -1 ? -1 : at + END_OF_HEADER.length;
  }

  async #passOn(end: number): Promise<void> {
    const header = readSubmittedHeader(this.#held.subarray(0, end));
    await this.#check(header);
    const { kept, senderAt, sender, authors, fromFields } = header;
    const keepsSender = sender !== null && (await this.#mayUse(sender));
    this.#needsSender = fromFields > 0 && authors.length !== 1 && !keepsSender;
    this.#header = header;
    // Results by our name are ours to write (RFC 8601 §5), also for those here who read what is submitted.
    const ownResults = new OwnResultsFilter(this.#session.services.hostname);
    const passed = ownResults.push(Buffer.concat(kept.filter((_, at) => keepsSender || at !== senderAt)));
    const fields = Buffer.concat([passed, ownResults.finish()]);
    const rest = this.#held.subarray(end, this.#octets);
    for (const piece of [fields, rest]) if (piece.length > 0) await this.#writer.write(piece);
  }

  /** That all whom the message says it is from are who sends it. @throws {SmtpError} */
  async #check({ fromFields, authors, isFromUnclear }: SubmittedHeader): Promise<void> {
    const { reversePath } = this.#transaction;
    if (fromFields > 1) throw new SmtpError(replies.severalFromFields);
    if (fromFields === 0 && reversePath === '') throw new SmtpError(replies.noAuthor);
    if (authors.length > AUTHORS) throw new SmtpError(replies.tooManyAuthors);
    if (isFromUnclear) throw new SmtpError(replies.unclearAuthor);
    for (const author of authors) {
      if (!(await this.#mayUse(author))) throw new SmtpError(replies.authorNotYours);
    }
  }

  async #mayUse(address: MailboxAddress): Promise<boolean> {
    const { account, services } = this.#session;
    const { sender } = this.#transaction;
    if (account === null) return false;
    // MAIL was asked for it already.
    if (sender !== null && address.localPart === sender.localPart && address.domain === sender.domain) return true;
    return await services.directory.mayUseAddress(account.accountId, address);
  }
}
