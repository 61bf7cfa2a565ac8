import type { Command } from '../command.ts';
import { noArgument } from '../parse-argument.ts';
import { Hangup, replies } from '../replies.ts';

/** STARTTLS: RFC 3207 §4. Taken before EHLO too, as gsasl does it. */
export const starttls: Command<null> = {
  name: 'STARTTLS',
  needs: 'connection',
  parse: noArgument,
  async run(session) {
    if (session.wire.tls !== null) return replies.alreadyTls;
    await session.ask(replies.startTls);
    if (!(await session.wire.startTls())) throw new Hangup(null, 'no TLS after STARTTLS');
    // What was said in the clear may have been said by anybody: RFC 3207 §4.2.
    session.forgetEverything();
    return null;
  },
};
