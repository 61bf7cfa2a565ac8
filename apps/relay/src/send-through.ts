import type { SmtpConnection } from '@postel/smtp-client';
import type { HostUse } from './host-use.ts';
import type { MailSession } from './mail-session.ts';
import { HostFailure } from './outcome.ts';
import { type Outcomes, type Shipment, sendMessage } from './send-message.ts';
import type { SessionPool } from './session-pool.ts';

/** How connections to one address of one host are made. */
export interface Passage {
  /** A connection that was opened with the same serves as well. */
  readonly key: string;
  /** Under this it is remembered that it leads nowhere at the moment. */
  readonly address: string;
  /** @throws {HostFailure} */
  open(opened: (connection: SmtpConnection) => void): Promise<MailSession>;
  /** Whether a connection will do for the message. @throws {HostFailure} */
  accept(session: MailSession): void;
  /** Whether other messages need not find a failure to open out again. */
  isLasting(failure: HostFailure): boolean;
}

/**
 * @param opened is given each connection, to break it off when it must
 * @returns why this host will not do; null if it did
 */
export async function sendThrough(
  { hosts, sessions }: { readonly hosts: HostUse; readonly sessions: SessionPool },
  passage: Passage,
  shipment: Shipment,
  outcomes: Outcomes,
  opened: (connection: SmtpConnection) => void,
): Promise<HostFailure | null> {
  const known = hosts.failureAt(passage.address);
  if (known !== null) return known;
  const use = async (session: MailSession): Promise<HostFailure | null> => {
    try {
      passage.accept(session);
      const recipients = shipment.recipients.filter((recipient) => !outcomes.has(recipient));
      await sendMessage(session, { ...shipment, recipients }, outcomes);
      sessions.put(passage.key, session);
      return null;
    } catch (error) {
      session[Symbol.dispose]();
      if (error instanceof HostFailure) return error;
      throw error;
    }
  };
  const isDone = () => shipment.recipients.every((recipient) => outcomes.has(recipient));
  const idle = sessions.take(passage.key);
  if (idle !== null) {
    opened(idle.connection);
    const failure = await use(idle);
    if (failure === null ? isDone() : !failure.isStale) return failure;
  }
  try {
    for (;;) {
      const failure = await use(await passage.open(opened));
      if (failure !== null || isDone()) return failure;
    }
  } catch (error) {
    if (!(error instanceof HostFailure)) throw error;
    if (passage.isLasting(error)) hosts.unreachable(passage.address, error);
    return error;
  }
}
