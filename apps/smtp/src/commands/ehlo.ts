import type { Command } from '../command.ts';
import { extensions } from '../extensions.ts';
import { parseClientName } from '../parse-client-name.ts';

/** EHLO: RFC 5321 §4.1.1.1. Ends a mail transaction, keeps the login. */
export const ehlo: Command<string> = {
  name: 'EHLO',
  needs: 'connection',
  listeners: ['submission', 'mx'],
  showsArgument: true,
  parse: parseClientName,
  async run(session, clientName) {
    session.greeting = { verb: 'EHLO', clientName };
    await session.endTransaction();
    return [250, null, [session.services.hostname, ...extensions(session)]];
  },
};
