import { type Content, type ContentWriter, StorageError } from '@postel/storage';
import { type DataFault, DataReader } from './data-reader.ts';
import { MESSAGE_OCTETS } from './limits.ts';
import { MissingFields } from './missing-fields.ts';
import { Hangup, replies, SmtpError, type SmtpReply } from './replies.ts';
import type { Session } from './session.ts';

export interface ReceivedMessage {
  readonly content: Content;
  readonly missingFields: MissingFields;
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
 * @throws {SmtpError} what is wrong with the message; {StorageError}; {Hangup} if the client goes, or does not end
 */
export async function receiveMessage(session: Session, writer: ContentWriter): Promise<ReceivedMessage> {
  const { wire } = session;
  const reader = new DataReader();
  const missingFields = new MissingFields();
  let failure: unknown = null;
  let discardedOctets = 0;

  while (!reader.isAtEnd) {
    const chunk = await wire.read();
    if (chunk === null) {
      if (failure === null) await writer.abort();
      throw session.ended();
    }
    const { content, consumedOctets } = reader.push(chunk);
    wire.unread(chunk.subarray(consumedOctets));

    if (failure === null) {
      failure = await store(writer, reader, missingFields, content);
      if (failure !== null) await writer.abort();
    } else {
      discardedOctets += content.length;
      if (discardedOctets > MESSAGE_OCTETS) throw new Hangup(replies.messageTooLarge, 'data without end');
    }
  }
  if (failure !== null) throw failure;

  const endOfDataMs = performance.now();
  try {
    return { content: await writer.finish(), missingFields, endOfDataMs };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** @returns why nothing more can be stored, null if all is well */
async function store(
  writer: ContentWriter,
  { fault }: DataReader,
  missingFields: MissingFields,
  content: Buffer,
): Promise<unknown> {
  if (fault !== null) return new SmtpError(faultReplies[fault]);
  if (content.length === 0) return null;
  try {
    missingFields.push(content);
    await writer.write(content);
    return null;
  } catch (error) {
    return error instanceof StorageError ? error : new Error('cannot take a message in', { cause: error });
  }
}
