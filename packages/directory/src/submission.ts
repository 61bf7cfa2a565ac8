import type { AccountId, MailboxId, Sql } from '@postel/storage';
import { textArray } from '@postel/storage';
import { findAccount, noSuchAccount } from './find-account.ts';
import { changeMail, readDirectory } from './transaction.ts';

/** What an account may send. Null where there is no limit. */
interface SubmissionLimits {
  readonly messagesADay: number | null;
  /** Addresses to which it never sent before. */
  readonly newRecipientsADay: number | null;
  readonly messageOctets: number | null;
}

export interface SubmissionSettings extends SubmissionLimits {
  /** A copy of what it sends is put into its mailbox with the special use `\Sent` (RFC 6154 §2). */
  readonly keepsSent: boolean;
}

/** What an account with limits has sent; a day begins with the first message that is counted. */
export interface SubmissionUse {
  readonly messages: number;
  readonly newRecipients: number;
  /** When the counts begin anew; null if there is nothing in them. */
  readonly resetsAt: Date | null;
}

/** What submission needs to know of an account at MAIL, by one question. */
export interface Submitter extends SubmissionSettings, SubmissionUse {
  /** Where its copies go; null: to INBOX. */
  readonly sentMailbox: MailboxId | null;
}

/** What came of counting a message. */
interface CountedSubmission {
  /** Of what it would have been more than the account may send; null: it may go, and is counted. */
  readonly refusal: 'messages' | 'recipients' | null;
  /** Null for an account without limits. */
  readonly resetsAt: Date | null;
}

export interface Submission {
  /** @throws 'no-such-account' */
  read(accountName: string): Promise<SubmissionSettings & SubmissionUse>;
  /** What is left out stays as it is. @throws 'no-such-account' */
  change(accountName: string, change: Partial<SubmissionSettings>): Promise<void>;
  find(account: AccountId): Promise<Submitter>;
  /**
   * Counts a message, unless that is more than its account may send. The cost does not grow with what was sent before.
   *
   * @param recipients in one form each
   */
  count(account: AccountId, recipients: readonly string[]): Promise<CountedSubmission>;
}

export function openSubmission(sql: Sql): Submission {
  return {
    async read(accountName) {
      const account = await readDirectory(() => findAccount(sql.read, accountName));
      return await findSubmitter(sql, account);
    },
    change: (accountName, change) => changeSettings(sql, accountName, change),
    find: (account) => findSubmitter(sql, account),
    async count(account, recipients) {
      const [row] = await changeMail(
        sql,
        (tx) => tx<CountedSubmission[]>`
          select refusal, resets_at as "resetsAt"
            from count_submission(${account}::bigint, ${textArray(recipients)}::text[])`,
      );
      return row ?? { refusal: null, resetsAt: null };
    },
  };
}

async function findSubmitter(sql: Sql, account: AccountId): Promise<Submitter> {
  const [row] = await readDirectory(
    () => sql.read<Submitter[]>`
      select messages_a_day as "messagesADay", new_recipients_a_day as "newRecipientsADay",
             message_octets as "messageOctets", coalesce(keeps_sent, false) as "keepsSent",
             case when keeps_sent then
               (select mailbox_id from mailboxes as b
                 where b.account_id = a.account_id and expunged_seq is null and (special_use = '\\Sent' or name = 'Sent')
                 order by special_use is null limit 1) end as "sentMailbox",
             coalesce(sent.messages, 0) as messages, coalesce(sent.new_recipients, 0) as "newRecipients",
             sent.since + interval '1 day' as "resetsAt"
        from accounts as a
        left join submission_settings as s on s.account_id = a.account_id
        left join submission_counts as sent on sent.account_id = a.account_id and sent.since > now() - interval '1 day'
       where a.account_id = ${account}`,
  );
  if (row === undefined) throw noSuchAccount(`${account}`);
  return row;
}

async function changeSettings(sql: Sql, accountName: string, change: Partial<SubmissionSettings>): Promise<void> {
  await changeMail(sql, async (tx) => {
    const account = await findAccount(tx, accountName);
    await tx`insert into submission_settings (account_id) values (${account}) on conflict do nothing`;
    const { messagesADay, newRecipientsADay, messageOctets, keepsSent } = change;
    if (messagesADay !== undefined) {
      await tx`update submission_settings set messages_a_day = ${messagesADay} where account_id = ${account}`;
    }
    if (newRecipientsADay !== undefined) {
      await tx`update submission_settings set new_recipients_a_day = ${newRecipientsADay} where account_id = ${account}`;
    }
    if (messageOctets !== undefined) {
      await tx`update submission_settings set message_octets = ${messageOctets} where account_id = ${account}`;
    }
    if (keepsSent !== undefined) {
      await tx`update submission_settings set keeps_sent = ${keepsSent} where account_id = ${account}`;
    }
  });
}
