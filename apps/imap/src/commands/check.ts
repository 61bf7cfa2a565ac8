import { type Command, ok } from '../command.ts';

/** CHECK: RFC 3501 §6.4.1. Everything is on disk already, so it is NOOP. */
export const check: Command<null> = {
  name: 'CHECK',
  state: 'selected',
  parse: () => null,
  async run(session) {
    await session.sync({ ask: 'database', expunges: true });
    await session.metadataNews?.tell();
    return ok('Checked');
  },
};
