import type { Sql } from '@postel/storage';
import type { DefaultQuotaChange } from './quotas.ts';
import type { SubmissionLimits } from './submission.ts';
import { readDirectory } from './transaction.ts';

/** What a change of the defaults will do. */
export interface DefaultEffects {
  readonly accounts: number;
  /** Accounts for which a limit becomes another one: they have none of their own. */
  readonly changed: number;
  /** Of these, accounts that hold more than they then may: they keep it, and get nothing more. */
  readonly overQuota: number;
}

/**
 * Tells what a change would do, and changes nothing.
 *
 * @param change what is left out stays as it is; null: no limit
 * @throws {DirectoryError} 'unavailable'
 */
export async function countDefaultEffects(
  sql: Sql,
  change: DefaultQuotaChange & Partial<SubmissionLimits>,
): Promise<DefaultEffects> {
  const { octets, messages, mailboxes, messagesADay, newRecipientsADay, messageOctets } = change;
  const is = (limit: number | null | undefined) => limit !== undefined;
  const [row] = await readDirectory(
    () => sql.read<DefaultEffects[]>`
      with effects as (
        select (${is(octets)} and not has_own_quota_octets and quota_octets is distinct from ${octets ?? null}::bigint)
               or (${is(messages)} and not has_own_quota_messages and quota_messages is distinct from ${messages ?? null}::bigint)
               or (${is(mailboxes)} and not has_own_quota_mailboxes and quota_mailboxes is distinct from ${mailboxes ?? null}::bigint)
               or (${is(messagesADay)} and not has_own_messages_a_day and messages_a_day is distinct from ${messagesADay ?? null}::bigint)
               or (${is(newRecipientsADay)} and not has_own_new_recipients_a_day
                   and new_recipients_a_day is distinct from ${newRecipientsADay ?? null}::bigint)
               or (${is(messageOctets)} and not has_own_message_octets
                   and message_octets is distinct from ${messageOctets ?? null}::bigint) as is_changed,
               (${is(octets)} and not has_own_quota_octets and used_octets > ${octets ?? null}::bigint)
               or (${is(messages)} and not has_own_quota_messages and used_messages > ${messages ?? null}::bigint)
               or (${is(mailboxes)} and not has_own_quota_mailboxes and used_mailboxes > ${mailboxes ?? null}::bigint) as is_over
          from accounts left join submission_limits using (account_id))
      select count(*)::integer as accounts, (count(*) filter (where is_changed))::integer as changed,
             (count(*) filter (where is_over))::integer as "overQuota"
        from effects`,
  );
  return row ?? { accounts: 0, changed: 0, overQuota: 0 };
}
