import { ChunkedMessage } from '../chunked-message.ts';
import type { Command } from '../command.ts';
import { DISCARDED_OCTETS } from '../limits.ts';
import type { MailTransaction } from '../mail-transaction.ts';
import { PacedReader } from '../paced-reader.ts';
import { Hangup, replies, type SmtpReply } from '../replies.ts';
import type { Session } from '../session.ts';
import { answerToMessage, withoutRecipients } from './data.ts';

interface BdatArgs {
  readonly octets: number;
  readonly isLast: boolean;
}

/**
 * BDAT: RFC 3030 §2, in LMTP RFC 2033 §4.3. The octets of a chunk are read whatever comes of it, and must never be taken for
 * commands. After a chunk that was refused the mail transaction is over, and those that follow it are passed over.
 */
export const bdat: Command<BdatArgs> = {
  name: 'BDAT',
  needs: 'connection', // what is missing is said when the chunk has been read

  parse(argument) {
    const [, octets, last] = /^([0-9]{1,15})( +LAST)?$/i.exec(argument) ?? [];
    if (octets === undefined) throw new Hangup(replies.badChunk, 'a chunk whose end cannot be found');
    return { octets: Number(octets), isLast: last !== undefined };
  },

  async run(session, { octets, isLast }) {
    const mostOctets = Math.max(DISCARDED_OCTETS, session.services.messageOctets);
    if (octets > mostOctets) throw new Hangup(replies.messageTooLarge, 'a chunk too large to be passed over');
    const refusal = await refusalOf(session);
    const { transaction } = session;
    if (refusal !== null || transaction === null) {
      await skip(session, octets);
      return refusal ?? replies.needsMail;
    }
    transaction.chunks ??= new ChunkedMessage(session, transaction);
    await transaction.chunks.take(octets);
    if (isLast) return await finish(session, transaction, transaction.chunks);
    const { failure } = transaction.chunks;
    if (failure !== null) {
      const reply = session.replyTo(failure);
      session.record.settle(transaction, () => reply);
      await session.endTransaction();
      return reply;
    }
    if (octets > 0) session.progressed();
    return [250, '2.0.0', `${octets} octets received`];
  },
};

async function refusalOf(session: Session): Promise<SmtpReply | null> {
  try {
    await session.require('transaction');
  } catch (error) {
    return session.replyTo(error);
  }
  const { transaction } = session;
  if (transaction === null || transaction.accepted.length > 0) return null;
  session.transaction = null;
  return withoutRecipients(session, transaction);
}

async function finish(
  session: Session,
  transaction: MailTransaction,
  chunks: ChunkedMessage,
): Promise<SmtpReply | null> {
  try {
    return await answerToMessage(session, transaction, () => chunks.finish());
  } finally {
    session.transaction = null;
  }
}

/** @throws {Hangup} if the client goes before, or is too slow */
async function skip(session: Session, octets: number): Promise<void> {
  const { wire } = session;
  const paced = new PacedReader(session);
  for (let left = octets; left > 0; ) {
    const chunk = await paced.read();
    if (chunk === null) throw session.ended();
    wire.unread(chunk.subarray(left));
    left -= Math.min(left, chunk.length);
  }
}
