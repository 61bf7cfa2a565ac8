import type { ResponseWriter } from '@postel/imap-wire';
import type { ReceivedEnvelope, ReceivedRecipient } from '@postel/storage';

/** Of one who submits mail, the transmission type ends in this (RFC 3848), unless they said HELO. */
const SUBMITTED = /A$/;

/**
 * X-POSTEL-ENVELOPE: names and values in turn, in parentheses, as docs/imap.md has them; what is not known is left out. NIL for
 * what did not come by SMTP.
 *
 * Who submitted a message is told to nobody who reads it: neither the account, which may have sent as an alias, nor from where
 * (RFC 5321 §7.6), unless Received says so by the operator's choice.
 */
export function writeReceivedEnvelope(out: ResponseWriter, envelope: ReceivedEnvelope | null): void {
  out.text('X-POSTEL-ENVELOPE ');
  if (envelope === null) {
    out.text('NIL');
    return;
  }
  const { details } = envelope;
  const isSubmitted = details.sender !== null || SUBMITTED.test(envelope.protocol);
  const client = isSubmitted ? null : envelope;
  out.text('(REVERSE-PATH ').string(envelope.reversePath).text(' RECIPIENTS (');
  details.recipients.forEach((recipient, index) => {
    if (index > 0) out.sp();
    writeRecipient(out, recipient);
  });
  out.text(') PROTOCOL ').string(envelope.protocol);
  for (const [name, value] of [
    ['CLIENT-ADDRESS', client?.clientAddress ?? null],
    ['CLIENT-NAME', client?.clientName ?? null],
    ['TLS-VERSION', details.tls?.version ?? null],
    ['TLS-CIPHER', details.tls?.cipher ?? null],
    ['AUTH', details.submitter],
    ['BODY', details.body],
    ['RET', details.returnContent],
    ['ENVID', details.envelopeId],
    ['RESULTS', details.results],
  ] as const) {
    if (value !== null) out.sp().text(name).sp().string(value);
  }
  if (details.isUtf8) out.text(' SMTPUTF8 YES');
  if (details.requiresTls) out.text(' REQUIRETLS YES');
  out.text(')');
}

function writeRecipient(out: ResponseWriter, { forwardPath, notify, originalRecipient }: ReceivedRecipient): void {
  out.text('(FORWARD-PATH ').string(forwardPath);
  if (notify !== null) out.text(' NOTIFY ').string(notify.join(','));
  if (originalRecipient !== null) out.text(' ORCPT ').string(originalRecipient);
  out.text(')');
}
