import type { MailTransaction } from './mail-transaction.ts';
import type { ReceivedMessage } from './receive-message.ts';
import type { Session } from './session.ts';
import type { Trace } from './trace-fields.ts';
import { transmissionType } from './transmission-type.ts';

/** What the trace fields of a message tell, whomever it goes to. */
export function traceOf(
  session: Session,
  { reversePath, isUtf8 }: MailTransaction,
  { id, receivedAt, findings }: Pick<ReceivedMessage, 'id' | 'receivedAt' | 'findings'>,
): Omit<Trace, 'forwardPath' | 'alias'> {
  const { wire, services, greeting, kind } = session;
  // Who writes a mail need not tell everybody who reads it, and whoever they pass it on to, the addresses of their home and
  // their telephone (RFC 5321 §7.6). The log and the database have them.
  const isHidden = kind === 'submission' && !services.showsClientAddress;
  const client = isHidden ? null : { name: greeting?.clientName ?? '', address: wire.remoteAddress };
  return {
    reversePath,
    hostname: services.hostname,
    client,
    protocol: transmissionType(session, isUtf8),
    tls: wire.tls,
    id,
    receivedAt,
    findings,
  };
}
