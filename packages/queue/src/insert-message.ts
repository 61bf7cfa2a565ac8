import { type Transaction, textArray } from '@postel/storage';
import { domainOf } from './domain-of.ts';
import { BULK_RECIPIENTS } from './limits.ts';
import type { MessageTraits } from './message-traits.ts';
import type { LeasedRecipient, NewMessage, NewRecipient } from './queue-rows.ts';
import { applyHoldRules } from './queue-rules.ts';

/** The rows of a message whose octets are there. */
export async function insertMessage(
  tx: Transaction,
  id: string,
  message: Omit<NewMessage, 'prefix'>,
  { traits, sizeOctets }: { readonly traits: MessageTraits; readonly sizeOctets: number },
): Promise<void> {
  const { name, account, envelope, signers, tellsSender, recipients, waitMs, releaseAt } = message;
  const { reversePath, isUtf8, requiresTls, envelopeId, returnContent, submitter, releaseRequest } = envelope;
  const release = releaseAt?.toISOString() ?? null;
  const isBulk = traits.isBulk || recipients.length >= BULK_RECIPIENTS;
  await tx`
    insert into queue_messages
           (message_id, name, account_id, reverse_path, size_octets, is_8bit, has_utf8_header, is_binary, is_utf8, requires_tls,
            envelope_id, return_content, submitter, release_request, signers, tells_sender, is_tls_optional, header_message_id, released_at)
    values (${id}::uuid, ${name}, ${account}::bigint, ${reversePath}, ${sizeOctets}::bigint, ${traits.is8bit}, ${traits.hasUtf8Header},
            ${traits.isBinary}, ${isUtf8}, ${requiresTls}, ${envelopeId}::text, ${returnContent}::text, ${submitter}::text,
            ${releaseRequest}::text, ${textArray(signers)}::text[], ${tellsSender}, ${traits.isTlsOptional}, ${traits.messageId}::text,
            coalesce(${release}::timestamptz, now()))`;
  await tx`
    insert into queue_recipients
           (message_id, account_id, forward_path, domain, alias, list_fields, is_bulk, notify, original_recipient, next_attempt_at)
    select ${id}::uuid, ${account}::bigint, forward_path, domain, alias, nullif(list_fields, ''), ${isBulk} or list_fields <> '', string_to_array(notify, ','), original_recipient,
           greatest(now() + make_interval(secs => ${waitMs / 1_000}), ${release}::timestamptz)
      from ${namedRecipients(tx, recipients)}`;
  await applyHoldRules(tx, id, null);
}

/** Those for whom a recipient stands get the message as it is, but who gets it already. */
export async function insertMembers(
  tx: Transaction,
  { id, isBulk, message }: LeasedRecipient,
  members: readonly NewRecipient[],
): Promise<void> {
  if (members.length === 0) return;
  const bulk = isBulk || members.length >= BULK_RECIPIENTS;
  await tx`
    insert into queue_recipients
           (message_id, account_id, forward_path, domain, alias, list_fields, is_bulk, notify, original_recipient)
    select ${message.id}::uuid, ${message.account}::bigint, forward_path, domain, alias, nullif(list_fields, ''), ${bulk} or list_fields <> '',
           string_to_array(notify, ','), original_recipient
      from ${namedRecipients(tx, members)}
     where not exists (select from queue_recipients as r
                        where r.message_id = ${message.id}::uuid and r.domain = named.domain
                          and left(r.forward_path, -strpos(reverse(r.forward_path), '@'))
                            = left(named.forward_path, -strpos(reverse(named.forward_path), '@')))`;
  await applyHoldRules(tx, message.id, id);
}

function namedRecipients(tx: Transaction, recipients: readonly NewRecipient[]) {
  return tx`
    unnest(${textArray(recipients.map(({ forwardPath }) => forwardPath))}::text[],
           ${textArray(recipients.map(({ forwardPath }) => domainOf(forwardPath)))}::text[],
           ${textArray(recipients.map(({ alias }) => alias))}::text[],
           ${textArray(recipients.map(({ listFields }) => listFields))}::text[],
           ${textArray(recipients.map(({ notify }) => notify?.join(',') ?? null))}::text[],
           ${textArray(recipients.map(({ originalRecipient }) => originalRecipient))}::text[])
      as named (forward_path, domain, alias, list_fields, notify, original_recipient)`;
}
