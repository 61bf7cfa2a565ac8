import { Bad, type Command, ok } from '../command.ts';

/** STARTTLS: RFC 9051 §6.2.1. The connection drops what was sent in the clear behind it. */
export const startTls: Command<null> = {
  name: 'STARTTLS',
  state: 'not-authenticated',
  parse: () => null,
  async run(session) {
    if (!session.transport.canStartTls) throw new Bad('TLS is active already');
    session.transport.startTlsAfterAnswer();
    return ok('Begin TLS now');
  },
};
