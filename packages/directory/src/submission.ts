import { type AccountId, type MailboxId, type Sql, type Transaction, textArray } from '@postel/storage';
import { accountSubject } from './account-state.ts';
import type { Actor } from './actor.ts';
import { DEFAULTS } from './default-state.ts';
import { findAccount, noSuchAccount } from './find-account.ts';
import type { RecentAnswers } from './recent-answers.ts';
import { changeByStatement, readDirectory, revoke } from './transaction.ts';

/** What an account may send. Null where there is no limit. */
export interface SubmissionLimits {
  readonly messagesADay: number | null;
  /** Addresses to which it never sent before. */
  readonly newRecipientsADay: number | null;
  readonly messageOctets: number | null;
}

interface SubmissionSettings extends SubmissionLimits {
  /** A copy of what it sends is put into its mailbox with the special use `\Sent` (RFC 6154 §2). */
  readonly keepsSent: boolean;
}

/** What is left out stays as it is; `default`: what all have, also when that changes. */
export type SubmissionChange = Partial<Pick<SubmissionSettings, 'keepsSent'>> & {
  readonly [limit in keyof SubmissionLimits]?: number | 'default' | null;
};

/** What an account may send, and has sent. */
interface AccountSubmission extends Submitter {
  /** Which of the limits are the account's own, and stay when the default changes. */
  readonly isOwn: { readonly [limit in keyof SubmissionLimits]: boolean };
}

/** What an account with limits has sent; a day begins with the first message that is counted. */
interface SubmissionUse {
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

/** What was counted of a message, to be taken back if it is refused. */
export interface CountedSubmission {
  readonly countedSince: Date;
  /** The recipients to whom the account never sent before. */
  readonly fresh: readonly string[];
}

/** What came of counting a message. */
type SubmissionCount =
  /** It may go, and is counted; null for an account without limits. */
  | { readonly type: 'counted'; readonly counted: CountedSubmission | null }
  /** It would have been more than the account may send. */
  | { readonly type: 'refused'; readonly limit: 'messages' | 'recipients'; readonly resetsAt: Date };

export interface Submission {
  /** @throws 'no-such-account' */
  read(accountName: string): Promise<AccountSubmission>;
  /** @throws 'no-such-account' */
  change(accountName: string, change: SubmissionChange): Promise<void>;
  /** What every account may send that has no limit of its own. */
  readDefault(): Promise<SubmissionLimits>;
  /** What is left out stays as it is. */
  changeDefault(change: Partial<SubmissionLimits>): Promise<void>;
  find(account: AccountId): Promise<Submitter>;
  /**
   * Counts a message, unless that is more than its account may send. The cost does not grow with what was sent before.
   *
   * @param recipients in one form each
   */
  count(account: AccountId, recipients: readonly string[]): Promise<SubmissionCount>;
  /** Takes back what was counted for a message that was refused after all, and will come again. */
  takeBack(account: AccountId, counted: CountedSubmission): Promise<void>;
}

const DAY_MS = 86_400_000;
/** An account that has so many messages left is asked for at each. */
const NEAR_LIMIT = 500;

/** What needs no actor, because it is no change of the directory. */
export type UsableSubmission = Omit<Submission, 'change' | 'changeDefault'>;

/** @param recent what was found of accounts a moment ago */
export function usableSubmission(sql: Sql, recent: RecentAnswers<Submitter>): UsableSubmission {
  return {
    async read(accountName) {
      const account = await readDirectory(() => findAccount(sql.read, accountName));
      return { ...(await readSubmitter(sql, account)).submitter, isOwn: await findOwn(sql, account) };
    },
    readDefault: () => readDirectory(() => selectDefault(sql.read)),
    find: (account) => findSubmitter(sql, account, recent),
    count: (account, recipients) => countMessage(sql, account, recipients),
    takeBack: (account, { countedSince, fresh }) =>
      changeByStatement(async () => {
        await sql`select return_submission(${account}::bigint, ${countedSince}, ${textArray(fresh)}::text[])`;
      }),
  };
}

export function openSubmission(sql: Sql, actor: Actor, usable: UsableSubmission): Submission {
  return {
    ...usable,
    change: (accountName, change) => changeSettings(sql, actor, accountName, change),
    changeDefault: (change) =>
      revoke(sql, actor, async (tx, note) => {
        await note(DEFAULTS);
        const { messagesADay, newRecipientsADay, messageOctets } = { ...(await selectDefault(tx)), ...change };
        await tx`
          update installation
             set default_messages_a_day = ${messagesADay}, default_new_recipients_a_day = ${newRecipientsADay},
                 default_message_octets = ${messageOctets}`;
      }),
  };
}

async function countMessage(sql: Sql, account: AccountId, recipients: readonly string[]): Promise<SubmissionCount> {
  const [row] = await changeByStatement(
    () => sql<{ refusal: 'messages' | 'recipients' | null; countedSince: Date | null; fresh: string | null }[]>`
      select refusal, counted_since as "countedSince", array_to_json(fresh)::text as fresh
        from take_submission(${account}::bigint, ${textArray(recipients)}::text[])`,
  );
  const { refusal = null, countedSince = null, fresh = null } = row ?? {};
  if (countedSince === null) return { type: 'counted', counted: null };
  if (refusal !== null) {
    return { type: 'refused', limit: refusal, resetsAt: new Date(countedSince.getTime() + DAY_MS) };
  }
  return { type: 'counted', counted: { countedSince, fresh: JSON.parse(fresh ?? '[]') } };
}

/**
 * Its copies go to a mailbox that may come and go, and near a limit each message matters, though it is counted exactly at its
 * end: only what is told of others does for the next message.
 */
async function findSubmitter(sql: Sql, account: AccountId, recent: RecentAnswers<Submitter>): Promise<Submitter> {
  return await recent.ask(`${account}`, async () => {
    const { submitter, version } = await readSubmitter(sql, account);
    const { keepsSent, messagesADay, messages } = submitter;
    const isFarFromLimit = messagesADay === null || messages + NEAR_LIMIT < messagesADay;
    return { answer: submitter, version, isToKeep: !keepsSent && isFarFromLimit };
  });
}

async function readSubmitter(sql: Sql, account: AccountId): Promise<{ submitter: Submitter; version: number }> {
  const [row] = await readDirectory(
    () => sql.read<(Submitter & { version: number })[]>`
      select (select directory_version from installation) as version,
             messages_a_day as "messagesADay", new_recipients_a_day as "newRecipientsADay",
             message_octets as "messageOctets", keeps_sent as "keepsSent",
             case when keeps_sent then
               (select mailbox_id from mailboxes as b
                 where b.account_id = may.account_id and expunged_seq is null and (special_use = '\\Sent' or name = 'Sent')
                 order by special_use is null limit 1) end as "sentMailbox",
             coalesce(sent.messages, 0) as messages, coalesce(sent.new_recipients, 0) as "newRecipients",
             sent.since + interval '1 day' as "resetsAt"
        from submission_limits as may
        left join submission_counts as sent on sent.account_id = may.account_id and sent.since > now() - interval '1 day'
       where may.account_id = ${account}`,
  );
  if (row === undefined) throw noSuchAccount(`${account}`);
  const { version, ...submitter } = row;
  return { submitter, version };
}

async function findOwn(sql: Sql, account: AccountId): Promise<AccountSubmission['isOwn']> {
  const [row] = await readDirectory(
    () => sql.read<AccountSubmission['isOwn'][]>`
      select has_own_messages_a_day as "messagesADay", has_own_new_recipients_a_day as "newRecipientsADay",
             has_own_message_octets as "messageOctets"
        from submission_limits where account_id = ${account}`,
  );
  if (row === undefined) throw noSuchAccount(`${account}`);
  return row;
}

async function selectDefault(sql: Sql['read'] | Transaction): Promise<SubmissionLimits> {
  const [row] = await sql<SubmissionLimits[]>`
    select default_messages_a_day as "messagesADay", default_new_recipients_a_day as "newRecipientsADay",
           default_message_octets as "messageOctets"
      from installation`;
  if (row === undefined) throw new Error('The installation row is missing: the database was not migrated');
  return row;
}

const COLUMNS = {
  messagesADay: 'messages_a_day',
  newRecipientsADay: 'new_recipients_a_day',
  messageOctets: 'message_octets',
} as const satisfies Record<keyof SubmissionLimits, string>;

async function changeSettings(sql: Sql, actor: Actor, accountName: string, change: SubmissionChange): Promise<void> {
  await revoke(sql, actor, async (tx, note) => {
    const account = await findAccount(tx, accountName);
    await note(accountSubject(accountName));
    await tx`insert into submission_settings (account_id) values (${account}) on conflict do nothing`;
    const set = async (limit: keyof SubmissionLimits) => {
      const value = change[limit];
      if (value === undefined) return;
      const isOwn = value !== 'default';
      await tx`
        update submission_settings set ${tx(COLUMNS[limit])} = ${isOwn ? value : null}, ${tx(`has_own_${COLUMNS[limit]}`)} = ${isOwn}
         where account_id = ${account}`;
    };
    await set('messagesADay');
    await set('newRecipientsADay');
    await set('messageOctets');
    if (change.keepsSent !== undefined) {
      await tx`update submission_settings set keeps_sent = ${change.keepsSent} where account_id = ${account}`;
    }
  });
}
