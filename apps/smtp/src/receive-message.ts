import { DirectoryError, LIST_FIELDS, LoopWatch } from '@postel/directory';
import { type Content, StorageError } from '@postel/storage';
import { CheckedMessage } from './checked-message.ts';
import { type DataFault, DataReader } from './data-reader.ts';
import { withoutFields } from './field-filter.ts';
import { HopCount } from './hop-count.ts';
import { DISCARDED_OCTETS, HOPS } from './limits.ts';
import type { MailTransaction } from './mail-transaction.ts';
import { PacedReader } from './paced-reader.ts';
import { MessageIdWatch, messageIdOf } from './record/message-id-watch.ts';
import type { TransactionRecord } from './record/transaction-record.ts';
import { Hangup, replies, SmtpError, type SmtpReply } from './replies.ts';
import type { Session } from './session.ts';
import { type MessageWriter, SubmittedMessage } from './submitted-message.ts';

export interface ReceivedMessage {
  readonly content: Content;
  /** As the reply, the log and Received name it. */
  readonly id: string;
  /** Header fields that stand before it, each with its CRLF: what a submitted one was given. */
  readonly addedFields: string;
  /** Those that were taken out of a submitted one, each with its CRLF: for nobody to see but who wrote it. */
  readonly hiddenFields: Buffer;
  /** Domains that a submitted one says it is from. */
  readonly authorDomains: readonly string[];
  /** Header fields that say what was found out about one of another server. */
  readonly findings: string;
  /** The value of its Authentication-Results on one line; null if nothing was looked at. */
  readonly results: string | null;
  /** Why it is not to be delivered, but kept in Rejects at most; none if it is. */
  readonly suspicions: readonly string[];
  /** It is delivered with the junk. */
  readonly isJunk: boolean;
  /** Who is named as its sender may be told of it. */
  readonly tellsSender: boolean;
  readonly receivedAt: Date;
  /** When the end of data was read, as performance.now() tells it. */
  readonly endOfDataMs: number;
}

const faultReplies = {
  'bare-cr': replies.badLineEnds,
  'bare-lf': replies.badLineEnds,
  nul: replies.badLineEnds,
  'line-too-long': replies.textLineTooLong,
} as const satisfies Record<DataFault, SmtpReply>;

/**
 * Takes a message in, as it comes from DATA or from chunks, at the pace of the storage. What cannot be stored is to be read all
 * the same, because a client listens only after the end.
 */
export class MessageIntake {
  readonly #session: Session;
  readonly #writer: MessageWriter;
  /** A submission server completes and checks what a mail program sends (RFC 6409 §8); others pass on what they get. */
  readonly #submitted: SubmittedMessage | null;
  /** Who answers for mail of other servers is found out while it comes. */
  readonly #checked: CheckedMessage | null;
  readonly #hopCount = new HopCount();
  readonly #messageIdWatch = new MessageIdWatch();
  readonly #record: TransactionRecord;
  #octets = 0;
  readonly #loopWatch: LoopWatch | null;
  // So much that the reply, whatever failed first, is true.
  readonly #mostDiscarded: number;
  #failure: unknown = null;
  #discardedOctets = 0;

  constructor(session: Session, transaction: MailTransaction) {
    const { store, messageOctets } = session.services;
    const { aliases, recipients, outgoing, expected, record } = transaction;
    this.#record = record;
    const hasList = outgoing.hasList || [...recipients.values()].some(({ list }) => list !== null);
    const received = store.receive(messageOctets);
    // Each of them stands once in what comes by a list (RFC 2369 §3): that of the list before it.
    const writer = hasList ? withoutFields(received, LIST_FIELDS) : received;
    this.#session = session;
    this.#submitted = session.kind === 'submission' ? new SubmittedMessage(session, transaction, writer) : null;
    this.#checked = expected === null ? null : new CheckedMessage(session, transaction, expected, writer);
    this.#writer = this.#submitted ?? this.#checked ?? writer;
    this.#loopWatch = aliases.size > 0 ? new LoopWatch(new Set(aliases.keys())) : null;
    this.#mostDiscarded = Math.max(DISCARDED_OCTETS, messageOctets);
  }

  /** Why the message cannot be taken, null if all is well: what `finish` would throw. */
  get failure(): unknown {
    return this.#failure;
  }

  /** @param fault what was found by now. @throws {Hangup} if a message that is refused already does not end */
  async push(piece: Buffer, fault: DataFault | null): Promise<void> {
    this.#octets += piece.length;
    if (this.#failure === null) {
      this.#messageIdWatch.push(piece);
      this.#failure = await this.#store(piece, fault);
      if (this.#failure !== null) await this.#writer.abort();
    } else {
      this.#discardedOctets += piece.length;
      if (this.#discardedOctets > this.#mostDiscarded) throw new Hangup(replies.messageTooLarge, 'data without end');
    }
  }

  /** @throws {SmtpError} what is wrong with the message; {StorageError} */
  async finish(): Promise<ReceivedMessage> {
    this.#record.sizeOctets = this.#octets;
    this.#record.messageId = this.#messageIdWatch.id;
    if (this.#failure !== null) throw this.#failure;
    const endOfDataMs = performance.now();
    try {
      const content = await this.#writer.finish();
      const receivedAt = new Date();
      const addedFields = this.#submitted?.addedFields(receivedAt) ?? '';
      this.#record.messageId ??= messageIdOf(addedFields);
      const hiddenFields = this.#submitted?.hiddenFields ?? Buffer.alloc(0);
      const authorDomains = this.#submitted?.authorDomains ?? [];
      const findings = this.#checked?.findings ?? '';
      const results = this.#checked?.results ?? null;
      const suspicions = this.#checked?.suspicions ?? [];
      const isJunk = this.#checked?.isJunk ?? false;
      const id = this.#session.nextMessageId;
      this.#record.messageNo = this.#session.messages + 1;
      const tellsSender = this.#checked?.tellsSender ?? true;
      const found = { findings, results, suspicions, isJunk, tellsSender };
      return { content, id, addedFields, hiddenFields, authorDomains, ...found, receivedAt, endOfDataMs };
    } catch (error) {
      await this.#writer.abort();
      throw error;
    }
  }

  /** Forgets the message, if it was not finished. */
  async abort(): Promise<void> {
    if (this.#failure === null) await this.#writer.abort();
  }

  /** @returns why nothing more can be stored, null if all is well */
  async #store(piece: Buffer, fault: DataFault | null): Promise<unknown> {
    if (fault !== null) return new SmtpError(faultReplies[fault]);
    if (piece.length === 0) return null;
    this.#hopCount.push(piece);
    if (this.#hopCount.hops > HOPS) return new SmtpError(replies.tooManyHops);
    this.#loopWatch?.push(piece);
    if (this.#loopWatch?.hasLoop === true) return new SmtpError(replies.aliasLoop);
    try {
      await this.#writer.write(piece);
      return null;
    } catch (error) {
      const isAnswered = error instanceof StorageError || error instanceof SmtpError || error instanceof DirectoryError;
      return isAnswered ? error : new Error('cannot take a message in', { cause: error });
    }
  }
}

/**
 * Reads data to its end. Nothing is taken from the socket while a piece is being written.
 *
 * @throws {SmtpError} what is wrong with the message; {StorageError}; {Hangup} if the client goes, is too slow, or does not end
 */
export async function receiveData(session: Session, transaction: MailTransaction): Promise<ReceivedMessage> {
  const { wire } = session;
  const paced = new PacedReader(session);
  const reader = new DataReader();
  const intake = new MessageIntake(session, transaction);
  while (!reader.isAtEnd) {
    const chunk = await paced.read();
    if (chunk === null) {
      await intake.abort();
      throw session.ended();
    }
    const { content, consumedOctets } = reader.push(chunk);
    wire.unread(chunk.subarray(consumedOctets));
    await intake.push(content, reader.fault);
  }
  return await intake.finish();
}
