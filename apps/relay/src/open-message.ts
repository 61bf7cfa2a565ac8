import type { LeasedRecipient, Queue, QueuedMessage } from '@postel/queue';
import type { OutgoingSignatures } from './outgoing-signatures.ts';

/** A message as it leaves for another server. */
export interface OpenMessage {
  readonly sizeOctets: number;
  /** Its octets in pieces, from the beginning each time. */
  read(): AsyncIterable<Buffer>;
}

type ReadMessage = Pick<QueuedMessage, 'id' | 'sizeOctets' | 'octets'>;

/** By what it comes to them: that stands in the message. */
type OpenedFor = Pick<LeasedRecipient, 'alias' | 'listFields'>;

export interface OpenMessageParts {
  readonly queue: Pick<Queue, 'read'>;
  readonly signatures: Pick<OutgoingSignatures, 'of'>;
}

/**
 * Opens a message that is in the queue, for recipients at other servers: whatever is to stand before it is put there here, and nowhere
 * else.
 *
 * @param recipient any of them, as they have this in common
 */
export async function openMessage(
  { queue, signatures }: OpenMessageParts,
  message: QueuedMessage,
  recipient: OpenedFor,
): Promise<OpenMessage> {
  const fields = fieldsFor(recipient);
  const signature = await signatures.of(message, fields, () => octetsOf(queue, message, fields));
  const before = Buffer.concat([signature, fields]);
  return {
    sizeOctets: before.length + message.sizeOctets,
    read: () => octetsOf(queue, message, before),
  };
}

/** The same for somebody here. */
export function readForHere(
  queue: Pick<Queue, 'read'>,
  message: ReadMessage,
  recipient: OpenedFor,
): AsyncIterable<Buffer> {
  return octetsOf(queue, message, fieldsFor(recipient));
}

/** What stands before the message for who gets it by an alias: RFC 9228, RFC 2919, RFC 2369. */
export function fieldsFor({ alias, listFields }: OpenedFor): Buffer {
  return Buffer.from(`${alias === null ? '' : `Delivered-To: ${alias}\r\n`}${listFields}`);
}

/** @throws if a part of the message is gone: who has the rest would take it for all of it */
async function* octetsOf(
  queue: Pick<Queue, 'read'>,
  { id, sizeOctets, octets }: ReadMessage,
  fields: Buffer,
): AsyncGenerator<Buffer, void, undefined> {
  if (fields.length > 0) yield fields;
  let left = sizeOctets;
  for await (const piece of octets === undefined ? queue.read(id) : [octets]) {
    left -= piece.length;
    yield piece;
    if (left === 0) return; // that nothing comes behind it need not be asked for
  }
  if (left !== 0) throw new Error(`the queue has ${sizeOctets - left} of the ${sizeOctets} octets of a message`);
}
