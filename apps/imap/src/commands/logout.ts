import { type Command, ok } from '../command.ts';

/** LOGOUT: RFC 9051 §6.1.3. */
export const logout: Command<null> = {
  name: 'LOGOUT',
  state: 'any',
  parse: () => null,
  async run(session) {
    session.out.text('* BYE Until next time').crlf();
    session.close();
    return ok('Logged out');
  },
};
