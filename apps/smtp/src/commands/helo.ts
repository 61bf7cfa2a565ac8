import type { Command } from '../command.ts';
import { parseClientName } from '../parse-client-name.ts';

/** HELO: RFC 5321 §4.1.1.1. No extensions after it, so no AUTH, so no mail, unless the login came before. */
export const helo: Command<string> = {
  name: 'HELO',
  needs: 'connection',
  listeners: ['submission', 'mx'],
  showsArgument: true,
  parse: parseClientName,
  async run(session, clientName) {
    session.greeting = { verb: 'HELO', clientName };
    await session.endTransaction();
    return [250, null, session.services.hostname];
  },
};
