import { offeredMechanisms } from '@postel/sasl';
import type { Session } from './session.ts';

/** The lines of EHLO and LHLO: what works on this connection at this moment, and nothing else. */
export function extensions(session: Session): readonly string[] {
  const { security, kind, account, services } = session;
  const lines = ['PIPELINING', `SIZE ${services.messageOctets}`, '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES'];
  lines.push('CHUNKING', 'BINARYMIME');
  if (!security.isTls) lines.push('STARTTLS');
  const offersLogin = kind === 'submission' && account === null;
  const mechanisms = offersLogin
    ? offeredMechanisms(security, services.directory.mechanismsFor(session.loginContext))
    : [];
  if (mechanisms.length > 0) lines.push(['AUTH', ...mechanisms.map(({ name }) => name)].join(' '));
  return lines;
}
