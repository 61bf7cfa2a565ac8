import { type Command, ok } from '../command.ts';

/**
 * ENABLE: RFC 5161 §3.1. Nothing that is built needs to be enabled, and what a server does not know or need it passes over. Also
 * with a mailbox selected: the RFC asks no server to look.
 */
export const enable: Command<null> = {
  name: 'ENABLE',
  state: 'authenticated',
  parse(args) {
    do args.sp().atom();
    while (!args.isAtEnd());
    return null;
  },
  async run(session) {
    session.out.text('* ENABLED\r\n');
    return ok('Enabled what there is');
  },
};
