import { type EnvelopeHeading, envelopeHeading } from '@postel/mime';
import { ChangeFeed, type FeedOptions } from './change-feed.ts';
import type { Database, Sql } from './database.ts';
import { StorageError, translateDatabaseError } from './errors.ts';
import type { AccountId, MailboxId, ModSeq } from './ids.ts';
import { MAILBOXES, SUBSCRIPTIONS } from './mailboxes.ts';
import { RELEASE_AT_ONCE } from './release-expired.ts';

/** More messages than this are brought back in several transactions, so that no other write of the account waits long. */
const RESTORE_AT_ONCE = 10_000;
/** Messages that one statement lists. */
const LIST_AT_ONCE = 500;
/** Of an ENVELOPE: date, subject and sender come first. */
const ENVELOPE_OCTETS = 8_192;

/** Which removed messages are meant. */
export interface RemovedSelection {
  /** By the name that their mailbox has, or had when it was deleted; null: whichever it was. */
  readonly mailbox: string | null;
  /** Removed at this moment or later, and at that one or earlier, in epoch ms; null for no bound. */
  readonly from: number | null;
  readonly until: number | null;
}

/** Messages removed from one mailbox that can be brought back. */
export interface RemovedFrom {
  readonly mailbox: MailboxId;
  readonly name: string;
  /** The mailbox itself was deleted. */
  readonly isDeleted: boolean;
  readonly messages: number;
  readonly octets: number;
  readonly firstRemoved: Date;
  readonly lastRemoved: Date;
}

export interface RemovedMessage {
  readonly removedAt: Date;
  /** The name that its mailbox has, or had when it was deleted. */
  readonly mailbox: string;
  readonly sizeOctets: number;
  readonly internalDate: Date;
  /** As in EnvelopeHeading of packages/mime. */
  readonly subject: string;
  readonly from: string;
}

/** A row of the list. */
interface ListedRow extends Omit<RemovedMessage, keyof EnvelopeHeading> {
  readonly mailboxId: MailboxId;
  readonly uid: number;
  /** The beginning of the ENVELOPE. */
  readonly envelope: Buffer;
}

/** What one transaction did. */
export interface RestoredPart {
  /** By its name. */
  readonly mailbox: string;
  readonly messages: number;
  readonly octets: number;
}

export interface PurgedPart {
  readonly mailbox: string;
  readonly messages: number;
  /** Contents that nothing needs any more, and their octets. */
  readonly contents: number;
  readonly octets: number;
}

type RestoreFailure = 'nonexistent' | 'over-quota' | 'too-many-names' | 'too-many-keywords' | 'uid-exhausted';

const failures: Record<RestoreFailure, string> = {
  nonexistent: 'The account or the mailbox is gone',
  'over-quota': 'The account has no room for more under its quota',
  'too-many-names': 'The account can have no more mailboxes',
  'too-many-keywords': 'The mailbox has too many keywords',
  'uid-exhausted': 'The mailbox has no UIDs left',
};

/**
 * Messages that were expunged, or deleted with their mailbox, and whose content is retained. Those that were moved live on
 * elsewhere and are not among them.
 */
export class RemovedMail {
  readonly #sql: Sql;
  readonly #feed: ChangeFeed;

  /** @param options `onError`: of telling other processes what was brought back; they find out by themselves within a second */
  constructor(database: Database, options: FeedOptions) {
    this.#sql = database.sql;
    this.#feed = new ChangeFeed(database, options);
  }

  /** Waits until others were told of what was brought back. */
  async close(): Promise<void> {
    await this.#feed.close();
  }

  /** By mailbox, in the order of their names; of several deleted ones of a name the oldest first. @throws {StorageError} 'unavailable' */
  async count(account: AccountId, { mailbox, from, until }: RemovedSelection): Promise<readonly RemovedFrom[]> {
    try {
      return await this.#sql.read<RemovedFrom[]>`
        select b.mailbox_id as mailbox, b.name, b.expunged_seq is not null as "isDeleted", count(*) as messages,
               sum(t.size_octets)::bigint as octets, min(t.expunged_at) as "firstRemoved", max(t.expunged_at) as "lastRemoved"
          from tombstones as t join mailboxes as b using (account_id, mailbox_id)
         where t.account_id = ${account}::bigint and not t.was_moved and t.content_id is not null
           and t.expunged_at between ${moment(from, '-')}::text::timestamptz and ${moment(until, '')}::text::timestamptz
           and (${mailbox}::text is null or b.name = ${mailbox}::text)
         group by b.account_id, b.mailbox_id, b.name, b.expunged_seq order by b.name collate "C", b.mailbox_id`;
    } catch (error) {
      throw translateDatabaseError(error);
    }
  }

  /** One by one, those removed last first. @throws {StorageError} 'unavailable' */
  async *list(
    account: AccountId,
    { mailbox: name, from, until }: RemovedSelection,
  ): AsyncGenerator<RemovedMessage, void> {
    let last = { removedAt: moment(until, ''), mailboxId: Number.MAX_SAFE_INTEGER, uid: 0 };
    for (;;) {
      const rows = await this.#page(account, name, moment(from, '-'), last);
      for (const { removedAt, mailbox, sizeOctets, internalDate, envelope } of rows) {
        yield { removedAt, mailbox, sizeOctets, internalDate, ...envelopeHeading(envelope) };
      }
      const end = rows.at(-1);
      if (end === undefined || rows.length < LIST_AT_ONCE) return;
      last = { removedAt: end.removedAt.toISOString(), mailboxId: end.mailboxId, uid: end.uid };
    }
  }

  async #page(
    account: AccountId,
    mailbox: string | null,
    from: string,
    last: { readonly removedAt: string; readonly mailboxId: number; readonly uid: number },
  ): Promise<readonly ListedRow[]> {
    try {
      return await this.#sql.read<ListedRow[]>`
        select t.expunged_at as "removedAt", b.name as mailbox, t.size_octets as "sizeOctets", t.internal_date as "internalDate",
               substring(c.envelope from 1 for ${ENVELOPE_OCTETS}::integer) as envelope, t.mailbox_id as "mailboxId", t.uid
          from tombstones as t join mailboxes as b using (account_id, mailbox_id) join contents as c using (account_id, content_id)
         where t.account_id = ${account}::bigint and not t.was_moved and t.content_id is not null
           and t.expunged_at between ${from}::text::timestamptz and ${last.removedAt}::text::timestamptz
           and (t.expunged_at, t.mailbox_id, t.uid) < (${last.removedAt}::text::timestamptz, ${last.mailboxId}::bigint, ${last.uid}::bigint)
           and (${mailbox}::text is null or b.name = ${mailbox}::text)
         order by t.expunged_at desc, t.mailbox_id desc, t.uid desc limit ${LIST_AT_ONCE}::integer`;
    } catch (error) {
      throw translateDatabaseError(error);
    }
  }

  /**
   * Brings messages back to the mailbox from which they were removed, with flags (but for \Deleted), keywords, dates and ids, under
   * new UIDs. A deleted mailbox is made anew, with a UIDVALIDITY of its own, unless there is one of its name. It takes as many
   * transactions as their number asks for; each gives its part when it is committed, and can be ended between two.
   *
   * @throws {StorageError} 'over-quota': what fitted was brought back; 'nonexistent', 'too-many-names', 'too-many-keywords',
   *   'uid-exhausted', 'unavailable', 'outcome-unknown'
   */
  async *restore(account: AccountId, selection: RemovedSelection): AsyncGenerator<RestoredPart, void> {
    const until = selection.until ?? (await this.#now()); // what is removed again meanwhile stays removed
    for (const { mailbox, name } of await this.count(account, { ...selection, until })) {
      for (let above: number | null = 0; above !== null; ) {
        const part = await this.#restoreSlice(account, mailbox, { from: selection.from, until }, above);
        if (part.modseq !== null) {
          this.#feed.committed(account, part.modseq);
          yield { mailbox: name, messages: part.messages, octets: part.octets };
        }
        if (part.status !== 'ok') throw new StorageError(part.status, failures[part.status]);
        above = part.lastUid;
      }
    }
  }

  async #restoreSlice(
    account: AccountId,
    mailbox: MailboxId,
    { from, until }: Omit<RemovedSelection, 'mailbox'>,
    above: number,
  ): Promise<RestoredRow> {
    const [row] = await this.#write(
      this.#sql<RestoredRow[]>`
        select status, mod_seq as modseq, restored as messages, octets, last_uid as "lastUid" from restore_messages(
          ${account}::bigint, ${mailbox}::bigint, ${moment(from, '-')}::text::timestamptz, ${moment(until, '')}::text::timestamptz,
          ${above}::bigint, ${RESTORE_AT_ONCE}::integer, ${MAILBOXES}::bigint, ${SUBSCRIPTIONS}::bigint)`,
    );
    if (row === undefined) throw new Error('restore_messages gave no answer');
    return row;
  }

  /**
   * Forgets messages removed up to a moment at once, as retention does when their time is over; sessions that still show one
   * cannot read it any more. Each transaction gives its part when it is committed, and can be ended between two.
   *
   * @throws {StorageError} 'unavailable', 'outcome-unknown'
   */
  async *purge(account: AccountId, selection: Omit<RemovedSelection, 'from'>): AsyncGenerator<PurgedPart, void> {
    const until = selection.until ?? (await this.#now());
    for (const { mailbox, name } of await this.count(account, { ...selection, from: null, until })) {
      for (let above: number | null = 0; above !== null; ) {
        const { lastUid, ...part } = await this.#purgeSlice(account, mailbox, until, above);
        if (part.messages > 0) yield { mailbox: name, ...part };
        above = lastUid;
      }
    }
  }

  async #purgeSlice(account: AccountId, mailbox: MailboxId, until: number, above: number): Promise<PurgedRow> {
    const [row] = await this.#write(
      this.#sql<PurgedRow[]>`
        select purged as messages, last_uid as "lastUid", contents, octets from purge_tombstones(
          ${account}::bigint, ${mailbox}::bigint, ${moment(until, '')}::text::timestamptz, ${above}::bigint,
          ${RELEASE_AT_ONCE.messages}::integer, ${RELEASE_AT_ONCE.octets}::bigint)`,
    );
    if (row === undefined) throw new Error('purge_tombstones gave no answer');
    return row;
  }

  /** By the clock that removals are timed with, and rounded up where they may have been. */
  async #now(): Promise<number> {
    const [row] = await this.#write(this.#sql<{ now: Date }[]>`select now() + interval '1 millisecond' as now`);
    if (row === undefined) throw new Error('the database gave no answer');
    return row.now.getTime();
  }

  async #write<Rows>(statement: PromiseLike<Rows>): Promise<Rows> {
    try {
      return await statement;
    } catch (error) {
      throw translateDatabaseError(error, true);
    }
  }
}

interface RestoredRow {
  readonly status: 'ok' | RestoreFailure;
  readonly modseq: ModSeq | null;
  readonly messages: number;
  readonly octets: number;
  readonly lastUid: number | null;
}

interface PurgedRow extends Omit<PurgedPart, 'mailbox'> {
  readonly lastUid: number | null;
}

/** A timestamptz, or the end of time on one side. */
const moment = (epochMs: number | null, sign: '-' | ''): string =>
  epochMs === null ? `${sign}infinity` : new Date(epochMs).toISOString();
