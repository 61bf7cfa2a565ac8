import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from './problem.ts';

/** Of what somebody is shown, so that a change can say what it starts from. */
const versionOf = (shown: unknown): string =>
  `"${createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 22)}"`;

/** Shows something that can be changed. */
export function showVersioned<Shown>(reply: FastifyReply, shown: Shown): Shown {
  reply.header('etag', versionOf(shown));
  return shown;
}

/** Edits of this process, one after the other: what one has compared holds until it is done. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Changes what somebody was shown, unless it is another by now (RFC 9110 §13.1.1): nobody overwrites what they did not see. What a
 * change leaves out stays as it is in any case.
 *
 * @param read what is shown now
 * @throws {Problem} 412, 428
 */
export async function edit<Shown>(
  request: FastifyRequest,
  reply: FastifyReply,
  read: () => Promise<Shown>,
  change: (shown: Shown) => Promise<void>,
): Promise<Shown> {
  const expected = request.headers['if-match'];
  if (expected === undefined) {
    throw new Problem(
      428,
      'version-missing',
      'Say in If-Match which state this starts from: the ETag of what you saw.',
    );
  }
  const turn = last.then(async () => {
    const shown = await read();
    if (versionOf(shown) !== expected) {
      throw new Problem(412, 'conflict', 'Somebody changed this meanwhile. Look at it again, and then change it.');
    }
    await change(shown);
    return await read();
  });
  last = turn.catch(() => {});
  return showVersioned(reply, await turn);
}
