import { type Content, type ContentWriter, StorageError } from '@postel/storage';
import { type DataFault, DataReader } from './data-reader.ts';
import { HopCount } from './hop-count.ts';
import { DISCARDED_OCTETS, HOPS } from './limits.ts';
import { LoopWatch } from './loop-watch.ts';
import type { MailTransaction } from './mail-transaction.ts';
import { MissingFields } from './missing-fields.ts';
import { PacedReader } from './paced-reader.ts';
import { Hangup, replies, SmtpError, type SmtpReply } from './replies.ts';
import type { Session } from './session.ts';

export interface ReceivedMessage {
  readonly content: Content;
  /** As the reply, the log and Received name it. */
  readonly id: string;
  /** Null where nothing is added to a message. */
  readonly missingFields: MissingFields | null;
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
 * Reads data to its end and stores it as it comes, at the pace of the storage: nothing is taken from the socket while a
 * piece is being written. What cannot be stored is read all the same, because a client listens only after the end.
 *
 * @throws {SmtpError} what is wrong with the message; {StorageError}; {Hangup} if the client goes, is too slow, or does not end
 */
export async function receiveMessage(
  session: Session,
  transaction: MailTransaction,
  writer: ContentWriter,
): Promise<ReceivedMessage> {
  const { wire } = session;
  const paced = new PacedReader(session);
  const reader = new DataReader();
  const hopCount = new HopCount();
  const loopWatch = transaction.aliases.size > 0 ? new LoopWatch(transaction.aliases) : null;
  // A submission server completes what a mail program leaves out (RFC 6409 §8); others pass on what they get.
  const missingFields = session.kind === 'submission' ? new MissingFields() : null;
  // So much that the reply, whatever failed first, is true.
  const mostDiscarded = Math.max(DISCARDED_OCTETS, session.services.messageOctets);
  let failure: unknown = null;
  let discardedOctets = 0;

  while (!reader.isAtEnd) {
    const chunk = await paced.read();
    if (chunk === null) {
      if (failure === null) await writer.abort();
      throw session.ended();
    }
    const { content, consumedOctets } = reader.push(chunk);
    wire.unread(chunk.subarray(consumedOctets));

    if (failure === null) {
      failure = await store(writer, { reader, hopCount, loopWatch, missingFields }, content);
      if (failure !== null) await writer.abort();
    } else {
      discardedOctets += content.length;
      if (discardedOctets > mostDiscarded) throw new Hangup(replies.messageTooLarge, 'data without end');
    }
  }
  if (failure !== null) throw failure;

  const endOfDataMs = performance.now();
  try {
    const content = await writer.finish();
    return { content, id: `${wire.id}-${session.messages + 1}`, missingFields, receivedAt: new Date(), endOfDataMs };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** @returns why nothing more can be stored, null if all is well */
async function store(
  writer: ContentWriter,
  watching: {
    readonly reader: DataReader;
    readonly hopCount: HopCount;
    readonly loopWatch: LoopWatch | null;
    readonly missingFields: MissingFields | null;
  },
  content: Buffer,
): Promise<unknown> {
  const { hopCount, loopWatch, missingFields } = watching;
  const { fault } = watching.reader;
  if (fault !== null) return new SmtpError(faultReplies[fault]);
  if (content.length === 0) return null;
  hopCount.push(content);
  if (hopCount.hops > HOPS) return new SmtpError(replies.tooManyHops);
  loopWatch?.push(content);
  if (loopWatch?.hasLoop === true) return new SmtpError(replies.aliasLoop);
  missingFields?.push(content);
  try {
    await writer.write(content);
    return null;
  } catch (error) {
    return error instanceof StorageError ? error : new Error('cannot take a message in', { cause: error });
  }
}
