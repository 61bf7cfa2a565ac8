import { type Database, SystemFlag } from '@postel/storage';
import { type Flags, flagsOf, type Ledger } from './ledger.ts';
import type { Observed, ObservedAccount, ObservedMailbox, ObservedMessage } from './observed.ts';

const FLAG_NAMES = new Map([
  [SystemFlag.seen, '\\Seen'],
  [SystemFlag.answered, '\\Answered'],
  [SystemFlag.flagged, '\\Flagged'],
  [SystemFlag.deleted, '\\Deleted'],
  [SystemFlag.draft, '\\Draft'],
]);

interface MessageRow {
  readonly mailbox: string;
  readonly uid: number;
  readonly modseq: number;
  readonly flags: number;
  readonly keywords: string;
  readonly hash: string | null;
}

/** What the tables say of every account; a message is known by the stored hash of its content. */
export async function observeDatabase({ sql }: Database, ledger: Ledger): Promise<Observed> {
  const accounts = await sql.read<{ id: string; name: string; modseq: number }[]>`
    select account_id::text as id, name, modseq::float8 as modseq from accounts`;
  const mailboxes = await sql.read<
    {
      account: string;
      id: string;
      name: string;
      uidvalidity: number;
      uidNext: number;
      highestModseq: number;
    }[]
  >`
    select account_id::text as account, account_id || '/' || mailbox_id as id, name, uidvalidity::float8 as uidvalidity,
           uid_next::float8 as "uidNext", highest_mod_seq::float8 as "highestModseq"
      from mailboxes where expunged_seq is null`;
  const messages = await sql.read<MessageRow[]>`
    select m.account_id || '/' || m.mailbox_id as mailbox, m.uid::float8 as uid, m.mod_seq::float8 as modseq, m.flags,
           array_to_string(m.keywords, ',') as keywords, encode(c.hash, 'hex') as hash
      from messages m left join contents c using (account_id, content_id)
     order by m.account_id, m.mailbox_id, m.uid`;
  const keywords = await sql.read<{ id: string; name: string }[]>`
    select account_id || '/' || mailbox_id || '/' || keyword_id as id, name from keywords`;
  const subscriptions = await sql.read<{ account: string; name: string }[]>`
    select account_id::text as account, name from subscriptions`;

  const keywordNames = new Map(keywords.map(({ id, name }) => [id, name]));
  const byMailbox = Map.groupBy(messages, ({ mailbox }) => mailbox);
  const observeMessage = ({ mailbox, uid, modseq, flags, keywords, hash }: MessageRow): ObservedMessage => {
    const ids = keywords === '' ? [] : keywords.split(',');
    const names = ids.map((id) => keywordNames.get(`${mailbox}/${id}`) ?? `keyword ${id}`);
    const messageId = ledger.messagesByHash.get(hash ?? '')?.id ?? '';
    return { uid, modseq, messageId, flags: flagNames(flags, names) };
  };
  const byAccount = Map.groupBy(mailboxes, ({ account }) => account);
  return new Map(
    accounts.map(({ id, name, modseq }): [string, ObservedAccount] => {
      const own = (byAccount.get(id) ?? []).map((mailbox): [string, ObservedMailbox] => {
        const { name, uidvalidity, uidNext, highestModseq } = mailbox;
        const observed = (byMailbox.get(mailbox.id) ?? []).map(observeMessage);
        return [name, { name, uidvalidity, uidNext, highestModseq, messages: observed }];
      });
      const names = subscriptions.filter(({ account }) => account === id).map((each) => each.name);
      return [name, { modseq, mailboxes: new Map(own), subscriptions: new Set(names) }];
    }),
  );
}

/** Resolves when nobody else is inside a transaction: what a killed client asked for is done, or never will be. */
export async function quietDatabase({ sql }: Database): Promise<void> {
  for (;;) {
    const [row] = await sql.read<{ busy: number }[]>`
      select count(*)::int as busy from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
         and (xact_start is not null or state = 'active')`;
    if (row?.busy === 0) return;
  }
}

function flagNames(bits: number, keywords: readonly string[]): Flags {
  const system = [...FLAG_NAMES].flatMap(([bit, name]) => ((bits & bit) === 0 ? [] : [name]));
  return flagsOf([...system, ...keywords]);
}
