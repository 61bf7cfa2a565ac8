import type { Sql, Transaction } from '@postel/storage';
import type { Subject } from './change-record.ts';

/** What accounts may hold and send that have no limits of their own; null: there is no limit. */
export type DefaultState = {
  readonly quota: {
    readonly octets: number | null;
    readonly messages: number | null;
    readonly mailboxes: number | null;
  };
  readonly sending: {
    readonly messagesADay: number | null;
    readonly newRecipientsADay: number | null;
    readonly messageOctets: number | null;
  };
};

/** The limits that all have, as a subject of changes. */
export const DEFAULTS: Subject = { kind: 'defaults', name: '', read: selectDefaultState };

export async function selectDefaultState(sql: Sql['read'] | Transaction): Promise<DefaultState> {
  const [row] = await sql<(DefaultState['quota'] & DefaultState['sending'])[]>`
    select default_quota_octets as octets, default_quota_messages as messages, default_quota_mailboxes as mailboxes,
           default_messages_a_day as "messagesADay", default_new_recipients_a_day as "newRecipientsADay",
           default_message_octets as "messageOctets"
      from installation`;
  if (row === undefined) throw new Error('The installation row is missing: the database was not migrated');
  const { octets, messages, mailboxes, messagesADay, newRecipientsADay, messageOctets } = row;
  return { quota: { octets, messages, mailboxes }, sending: { messagesADay, newRecipientsADay, messageOctets } };
}
