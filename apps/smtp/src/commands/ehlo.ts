import { offeredMechanisms } from '@postel/sasl';
import type { Command } from '../command.ts';
import { MESSAGE_OCTETS } from '../limits.ts';
import { parseClientName } from '../parse-client-name.ts';
import type { Session } from '../session.ts';

/** EHLO: RFC 5321 §4.1.1.1. Ends a mail transaction, keeps the login. */
export const ehlo: Command<string> = {
  name: 'EHLO',
  needs: 'connection',
  showsArgument: true,
  parse: parseClientName,
  run(session, clientName) {
    session.greeting = { verb: 'EHLO', clientName };
    session.transaction = null;
    return [250, null, [session.services.hostname, ...extensions(session)]];
  },
};

/** What works on this connection at this moment, and nothing else. */
function extensions(session: Session): readonly string[] {
  const { security } = session;
  const extensions = ['PIPELINING', `SIZE ${MESSAGE_OCTETS}`, '8BITMIME', 'ENHANCEDSTATUSCODES'];
  if (!security.isTls) extensions.push('STARTTLS');
  const mechanisms = session.account === null ? offeredMechanisms(security) : [];
  if (mechanisms.length > 0) extensions.push(['AUTH', ...mechanisms.map(({ name }) => name)].join(' '));
  return extensions;
}
