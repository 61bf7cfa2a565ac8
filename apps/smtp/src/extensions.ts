import { offeredMechanisms } from '@postel/sasl';
import { futureReleaseLine } from './future-release.ts';
import { RECIPIENTS } from './limits.ts';
import type { Session } from './session.ts';

/**
 * Who is told to offer DSNs must send those of deliveries that a sender asks for (RFC 3461 §5.2.3), and where no mail goes to other
 * servers they can only go to people here. Where it is not offered, the client's server says that it passed the message on.
 */
export function offersDsn({ kind, services }: Session): boolean {
  return kind === 'submission' || services.queue !== null;
}

/** The lines of EHLO and LHLO: what works on this connection at this moment, and nothing else. */
export function extensions(session: Session): readonly string[] {
  const { security, kind, account, services } = session;
  const lines = ['PIPELINING', `SIZE ${services.messageOctets}`, '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES'];
  lines.push('CHUNKING', 'BINARYMIME', `LIMITS RCPTMAX=${RECIPIENTS}`); // RFC 9422
  if (offersDsn(session)) lines.push('DSN');
  if (kind === 'submission') lines.push(futureReleaseLine(Date.now())); // nowhere else: RFC 4865 §4.2
  if (security.isTls) lines.push('REQUIRETLS');
  if (!security.isTls) lines.push('STARTTLS');
  if (kind === 'submission' && account !== null) lines.push('EXPN'); // RFC 5321 §3.5.2
  const offersLogin = kind === 'submission' && account === null;
  const mechanisms = offersLogin
    ? offeredMechanisms(security, services.directory.mechanismsFor(session.loginContext))
    : [];
  if (mechanisms.length > 0) lines.push(['AUTH', ...mechanisms.map(({ name }) => name)].join(' '));
  return lines;
}
