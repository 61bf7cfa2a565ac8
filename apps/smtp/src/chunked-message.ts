import { encodeBinary } from '@postel/mime';
import type { MailTransaction } from './mail-transaction.ts';
import { PacedReader } from './paced-reader.ts';
import { MessageIntake, type ReceivedMessage } from './receive-message.ts';
import { replies, SmtpError } from './replies.ts';
import type { Session } from './session.ts';
import { TextCheck } from './text-check.ts';

const NUL = 0x00;
const NOTHING = Buffer.alloc(0);

/** A message that comes in chunks: RFC 3030 §2. The pace that it must have is that of all of them together. */
export class ChunkedMessage {
  readonly #session: Session;
  readonly #intake: MessageIntake;
  readonly #paced: PacedReader;
  readonly #check: TextCheck;
  readonly #isBinary: boolean;
  #hasNul = false;
  /** When the last chunk was answered; the time since then was the client's. */
  #restsSinceMs: number;

  constructor(session: Session, transaction: MailTransaction) {
    const isBinary = transaction.body === 'BINARYMIME';
    this.#session = session;
    this.#intake = new MessageIntake(session, transaction);
    this.#paced = new PacedReader(session);
    this.#check = new TextCheck(isBinary ? 'header' : 'message');
    this.#isBinary = isBinary;
    this.#restsSinceMs = session.services.now();
  }

  /** Why the message cannot be taken, null if all is well. */
  get failure(): unknown {
    return this.#intake.failure;
  }

  /** Reads a chunk to its end, also if the message is refused already. @throws {Hangup} if the client goes, or is too slow */
  async take(octets: number): Promise<void> {
    const { wire, services } = this.#session;
    this.#paced.hasWaited(services.now() - this.#restsSinceMs);
    for (let left = octets; left > 0; ) {
      const read = await this.#paced.read();
      if (read === null) throw this.#session.ended();
      const piece = read.subarray(0, left);
      wire.unread(read.subarray(piece.length));
      left -= piece.length;
      this.#check.push(piece);
      this.#hasNul ||= this.#isBinary && piece.includes(NUL);
      await this.#intake.push(piece, this.#check.fault);
    }
    this.#restsSinceMs = services.now();
  }

  /** @throws {SmtpError} what is wrong with the message; {StorageError} */
  async finish(): Promise<ReceivedMessage> {
    this.#check.end();
    await this.#intake.push(NOTHING, this.#check.fault);
    const message = await this.#intake.finish();
    return this.#hasNul ? await this.#withoutNul(message) : message;
  }

  /** Forgets the message, if it was not finished. */
  async abort(): Promise<void> {
    await this.#intake.abort();
  }

  /** All octets of its parts are kept (RFC 3030 §3), in base64 where IMAP could not show them. */
  async #withoutNul(message: ReceivedMessage): Promise<ReceivedMessage> {
    await using binary = message.content;
    const { store, messageOctets } = this.#session.services;
    const writer = store.receive(messageOctets);
    try {
      if (!(await encodeBinary(binary, writer))) throw new SmtpError(replies.nulInLines);
      return { ...message, content: await writer.finish() };
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }
}
