import { Bad, type Command, ok } from '../command.ts';

/** UNAUTHENTICATE: RFC 8437 §3. Never NO, since the client may have sent its next login already. */
export const unauthenticate: Command<null> = {
  name: 'UNAUTHENTICATE',
  state: 'authenticated',
  parse: () => null,
  async run(session) {
    if (!session.services.offersUnauthenticate) throw new Bad('UNAUTHENTICATE is switched off');
    session.logOut();
    session.transport.beginAnewAfterAnswer();
    return ok('Log in again');
  },
};
