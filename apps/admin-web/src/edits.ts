import { createHash } from 'node:crypto';
import type { ManagedDirectory } from '@postel/directory';
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

interface Edit<Shown> {
  readonly directory: ManagedDirectory;
  /** What is shown, of the directory that it gets. */
  read(directory: ManagedDirectory): Promise<Shown>;
  change(directory: ManagedDirectory, shown: Shown): Promise<void>;
}

/**
 * Changes what somebody was shown, unless it is another by now (RFC 9110 §13.1.1): nobody overwrites what they did not see, by whatever
 * door it was changed. The comparison and the change are one transaction, and no other change of the directory comes between. What a
 * change leaves out stays as it is in any case.
 *
 * @throws {Problem} 412, 428
 */
export async function edit<Shown>(
  request: FastifyRequest,
  reply: FastifyReply,
  { directory, read, change }: Edit<Shown>,
): Promise<Shown> {
  const expected = request.headers['if-match'];
  if (expected === undefined) {
    throw new Problem(
      428,
      'version-missing',
      'Say in If-Match which state this starts from: the ETag of what you saw.',
    );
  }
  const changed = await directory.together(async (changing) => {
    const shown = await read(changing);
    if (versionOf(shown) !== expected) {
      throw new Problem(412, 'conflict', 'Somebody changed this meanwhile. Look at it again, and then change it.');
    }
    await change(changing, shown);
    return await read(changing);
  });
  return showVersioned(reply, changed);
}
