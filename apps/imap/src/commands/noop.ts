import { type Command, ok } from '../command.ts';

/** NOOP: RFC 9051 §6.1.2. */
export const noop: Command<null> = {
  name: 'NOOP',
  state: 'any',
  parse: () => null,
  async run(session) {
    await session.sync({ ask: 'database', expunges: true });
    await session.metadataNews?.tell();
    return ok('Done');
  },
};
