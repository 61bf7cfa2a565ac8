import { deliveriesOf, type ReplyFor } from './deliver-message.ts';
import type { MailTransaction } from './mail-transaction.ts';
import { reasonsField } from './reasons-field.ts';
import type { ReceivedMessage } from './receive-message.ts';
import { suspectReply } from './replies.ts';
import type { Session } from './session.ts';

/**
 * Refuses a message for now that is judged bad without proof. Nothing vanishes without a word: its sender hears of it from their own
 * server if it is like that whenever it comes, and each recipient finds a copy in Rejects, one however often it comes, with the
 * reasons before it. Whether a copy can be kept or not, the reply is the same.
 */
export async function refuseSuspect(
  session: Session,
  transaction: MailTransaction,
  message: ReceivedMessage,
): Promise<ReplyFor> {
  const { rejects, metrics } = session.services;
  const { suspicions: reasons, content, id } = message;
  const findings = `${message.findings}${reasonsField('X-Postel-Rejected', reasons)}`;
  const deliveries = deliveriesOf(session, transaction, { ...message, findings }, null);
  session.messages++; // copies have its id
  session.count('messages');
  const outcomes = await rejects.keepRejects(content, deliveries);
  outcomes.forEach((outcome, i) => {
    const account = deliveries[i]?.account;
    if (outcome.status === 'fulfilled' && account !== undefined) transaction.record.end(account, 'suspect');
  });
  const done = outcomes.filter((outcome) => outcome.status === 'fulfilled');
  const kept = done.filter(({ value }) => value).length;
  const known = done.length - kept;
  const failed = deliveries.length - done.length;
  for (const [outcome, copies] of Object.entries({ kept, known, failed }))
    metrics.rejectCopies.inc({ outcome }, copies);
  session.log.info({ id, reasons, kept, known }, 'suspect: refused for now');
  if (failed > 0) {
    const err = outcomes.find((outcome) => outcome.status === 'rejected')?.reason;
    session.log.warn({ id, failed, err }, 'copies for Rejects were not kept');
  }
  const reply = suspectReply(reasons);
  return () => reply;
}
