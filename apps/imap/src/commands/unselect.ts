import { type Command, ok } from '../command.ts';

/** UNSELECT: RFC 3691 §2. CLOSE without EXPUNGE. */
export const unselect: Command<null> = {
  name: 'UNSELECT',
  state: 'selected',
  parse: () => null,
  async run(session) {
    session.unselect();
    return ok('Closed');
  },
};
