import { type Command, ok } from '../command.ts';

/** CANCELUPDATE: RFC 5267 §4.3.5. */
export const cancelUpdate: Command<readonly string[]> = {
  name: 'CANCELUPDATE',
  state: 'selected',
  parse(args) {
    const tags = [args.sp().string()];
    while (!args.isAtEnd()) tags.push(args.sp().string());
    return tags;
  },
  async run(session, tags) {
    session.contexts.cancel(tags);
    await session.sync({ ask: 'memory', expunges: true });
    return ok('No more updates');
  },
};
