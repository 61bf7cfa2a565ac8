import type { Command } from '../command.ts';
import { noArgument } from '../parse-argument.ts';
import { replies } from '../replies.ts';

/** RSET: RFC 5321 §4.1.1.5. */
export const rset: Command<null> = {
  name: 'RSET',
  needs: 'connection',
  parse: noArgument,
  async run(session) {
    await session.endTransaction();
    return replies.ok;
  },
};
