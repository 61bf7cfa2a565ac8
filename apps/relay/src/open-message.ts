import type { Queue, QueuedMessage } from '@postel/queue';

/** A message as it leaves for another server. */
export interface OpenMessage {
  readonly sizeOctets: number;
  /** Its octets in pieces, from the beginning each time. */
  read(): AsyncIterable<Buffer>;
}

/**
 * Opens a message that is in the queue, for recipients at other servers: whatever is to stand before it is put there here, and nowhere
 * else.
 *
 * @param alias by which it comes to them; it stands in the message (RFC 9228)
 */
export async function openMessage(
  queue: Pick<Queue, 'read'>,
  message: QueuedMessage,
  alias: string | null,
): Promise<OpenMessage> {
  const fields = deliveredTo(alias);
  return {
    sizeOctets: fields.length + message.sizeOctets,
    read: () => octetsOf(queue, message, fields),
  };
}

/** The same for somebody here. */
export function readForHere(
  queue: Pick<Queue, 'read'>,
  message: QueuedMessage,
  alias: string | null,
): AsyncIterable<Buffer> {
  return octetsOf(queue, message, deliveredTo(alias));
}

function deliveredTo(alias: string | null): Buffer {
  return Buffer.from(alias === null ? '' : `Delivered-To: ${alias}\r\n`);
}

async function* octetsOf(
  queue: Pick<Queue, 'read'>,
  { id }: QueuedMessage,
  fields: Buffer,
): AsyncGenerator<Buffer, void, undefined> {
  if (fields.length > 0) yield fields;
  yield* queue.read(id);
}
