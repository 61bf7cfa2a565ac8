import type { Command } from '../command.ts';
import { MESSAGE_OCTETS } from '../limits.ts';
import type { MailTransaction } from '../mail-transaction.ts';
import { noArgument } from '../parse-argument.ts';
import { type ReceivedMessage, receiveMessage } from '../receive-message.ts';
import { Hangup, replies, type SmtpReply } from '../replies.ts';
import type { Session } from '../session.ts';
import { submissionTrace } from '../trace-fields.ts';

/** DATA: RFC 5321 §4.1.1.4. Whatever comes of it, the mail transaction is over. */
export const data: Command<null> = {
  name: 'DATA',
  needs: 'transaction',
  parse: noArgument,

  async run(session) {
    const { transaction, wire } = session;
    if (transaction === null) return replies.needsMail;
    // DATA comes last in a group (RFC 2920 §3.1). What stands behind it may be a message or commands, and we must not guess.
    if (wire.hasOctets) throw new Hangup(replies.notPipelined, 'went on behind DATA without waiting');
    if (transaction.forwardPaths.size === 0) {
      session.transaction = null;
      return replies.noRecipients;
    }
    await session.ask(replies.startMail);
    try {
      const message = await receiveMessage(session, session.services.store.receive(MESSAGE_OCTETS));
      await using _content = message.content; // what no account took is removed
      return await deliver(session, transaction, message);
    } finally {
      session.transaction = null;
    }
  },
};

/** @throws {StorageError} */
async function deliver(
  session: Session,
  { reversePath, forwardPaths }: MailTransaction,
  { content, missingFields, endOfDataMs }: ReceivedMessage,
): Promise<SmtpReply> {
  const { wire, services, greeting } = session;
  const { hostname, metrics } = services;
  const receivedAt = new Date();
  const id = `${wire.id}-${session.messages + 1}`;
  const protocol = transmissionType(session);
  const added = missingFields.format(hostname, receivedAt);

  const deliveries = [...forwardPaths].map(([account, forwardPath]) => {
    const trace = { reversePath, forwardPath, hostname, protocol, tls: wire.tls, id, receivedAt };
    const prefix = Buffer.from(submissionTrace(trace) + added, 'latin1');
    const clientName = greeting?.clientName ?? null;
    const arrival = { prefix, reversePath, forwardPath, protocol, clientAddress: wire.remoteAddress, clientName };
    return { account, arrival };
  });
  await services.store.deliver(content, deliveries);

  session.messages++;
  const seconds = (performance.now() - endOfDataMs) / 1000;
  const { sizeOctets } = content;
  metrics.messages.inc();
  metrics.octets.inc(sizeOctets);
  metrics.deliverySeconds.observe(seconds);
  session.log.info({ id, sizeOctets, reversePath, accounts: deliveries.length, seconds }, 'message accepted');
  return [250, '2.0.0', `Accepted as ${id}`];
}

/** The `with` clause of Received: RFC 3848. */
function transmissionType({ greeting, wire }: Session): string {
  return greeting?.verb === 'EHLO' ? `ESMTP${wire.tls === null ? '' : 'S'}A` : 'SMTP';
}
