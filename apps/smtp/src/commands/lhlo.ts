import type { Command } from '../command.ts';
import { extensions } from '../extensions.ts';
import { parseClientName } from '../parse-client-name.ts';

/** LHLO: RFC 2033 §4.1, which has EHLO and HELO refused in its favour: who says one of these takes this port for SMTP. */
export const lhlo: Command<string> = {
  name: 'LHLO',
  needs: 'connection',
  listeners: ['lmtp'],
  showsArgument: true,
  parse: parseClientName,
  async run(session, clientName) {
    session.greeting = { verb: 'LHLO', clientName };
    await session.endTransaction();
    return [250, null, [session.services.hostname, ...extensions(session)]];
  },
};
