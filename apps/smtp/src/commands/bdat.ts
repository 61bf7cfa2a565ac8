import type { Command } from '../command.ts';
import { DISCARDED_OCTETS } from '../limits.ts';
import { PacedReader } from '../paced-reader.ts';
import { Hangup, replies } from '../replies.ts';
import type { Session } from '../session.ts';

/**
 * BDAT: RFC 3030 §2. CHUNKING is not announced; a client that uses it all the same sends its octets at once, and these must
 * not be taken for commands.
 */
export const bdat: Command<number> = {
  name: 'BDAT',
  needs: 'connection',

  parse(argument) {
    const [, size] = /^([0-9]{1,15})(?: +LAST)?$/i.exec(argument) ?? [];
    if (size === undefined) throw new Hangup(replies.badChunk, 'a chunk whose end cannot be found');
    return Number(size);
  },

  async run(session, octets) {
    if (octets > DISCARDED_OCTETS) throw new Hangup(replies.badChunk, 'a chunk too large to be skipped');
    await skip(session, octets);
    return replies.notImplemented;
  },
};

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
