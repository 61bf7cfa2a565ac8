import { Abandoned } from './command.ts';
import type { Session } from './session.ts';

/**
 * Writes the octets of a literal that was announced, at the pace of the client.
 *
 * @throws {Abandoned} they cannot be read: nothing but the end of the connection can be said within a literal
 */
export async function streamLiteral({ out, transport, log }: Session, pieces: AsyncIterable<Buffer>): Promise<void> {
  try {
    for await (const piece of pieces) {
      out.octets(piece);
      await transport.flush();
    }
  } catch (error) {
    if (!(error instanceof Abandoned)) log.error({ err: error }, 'a blob cannot be read: closing');
    throw new Abandoned('a literal broke off');
  }
}
