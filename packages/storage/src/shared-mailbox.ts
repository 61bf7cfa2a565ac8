import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Sql } from './database.ts';
import { StorageError, translateDatabaseError, WAITS_FOR_RECOVERY } from './errors.ts';
import type { FlagEdit } from './flags.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { MessageTable } from './message-table.ts';
import type { OwnChange } from './own-change.ts';
import { unpackMessages } from './packed-messages.ts';
import { parseRanges, rangesOf, type UidRanges } from './uid-ranges.ts';

/**
 * Messages are read in slices of about so many octets, and no more messages than that: a message has 16 octets, and 8 for each
 * keyword, so the first slice, of which nothing is known, is a small one.
 */
const SLICE = { octets: 2 * 1024 * 1024, messages: 50_000, firstMessages: 5_000 } as const;
/** Changes are read and taken in by so many messages: others get their turn in between. */
const CHANGED_SLICE = 20_000;
/** Changes kept for watchers that lag; one that lags more compares every message instead. Of removals as many, and as many ranges. */
const RECENT_CHANGES = 64;
const RECENT_UIDS = 20_000;

/** A part of the process that shows the mailbox to somebody, an IMAP connection for instance. */
export interface MailboxWatcher {
  /**
   * Messages went; called once for each change, before `changed`.
   *
   * @param presentAt a modseq of the account as of which all of them were there
   */
  removed(uids: Uint32Array, presentAt: number): void;
  /** The mailbox is newer than before. */
  changed(): void;
  /** Its list of rights has changed. Left out: of no matter to it. */
  rightsChanged?(): void;
  /** The mailbox is gone, or the database went back in time: nothing here can be trusted any more. */
  lost(reason: 'deleted' | 'rewound'): void;
}

/** What went together, as far as this process heard of it. */
interface Removal {
  /** All of it was there as of `presentAt`, and none as of `seq`: modseqs of the account. */
  readonly presentAt: number;
  readonly seq: number;
  /** Also messages that this process has never seen. */
  readonly uids: UidRanges;
}

interface MailboxRow {
  readonly modseq: number;
  readonly uidvalidity: number;
  readonly uidNext: number;
  readonly highestModSeq: number;
  /** Changes and tombstones up to here may have been pruned. */
  readonly prunedSeq: number;
  readonly nextKeywordId: number;
  readonly aclSeq: number;
  readonly messages: number;
  readonly isExpunged: boolean;
  /** The account went back in time, and waits for `recoverAccount`. */
  readonly isRewound: boolean;
}

const NONE = new Uint32Array(0);
const NO_KEYWORDS: readonly number[] = [];
const IS_ASCII = /^[\x20-\x7e]*$/;

/**
 * The messages of one mailbox, held once per process for all that watch it, and kept up to date from the database.
 * Everything here is as of `seq`, a modseq of the account: who has seen it has seen every change up to it.
 */
export class SharedMailbox {
  readonly account: AccountId;
  readonly id: MailboxId;
  readonly table = new MessageTable();
  readonly #sql: Sql;
  readonly #watchers = new Set<MailboxWatcher>();
  readonly #keywords = new Map<number, string>();
  #nextKeywordId = 1;
  #changes: { readonly seq: number; readonly uids: Uint32Array }[] = [];
  /** `#changes` lists all changes after this. */
  #changesSince = 0;
  #rememberedUids = 0;
  #removals: readonly Removal[] = [];
  /** `#removals` lists all removals after this. */
  #removalsSince = 0;
  #seq = 0;
  #uidvalidity = 0;
  #uidNext = 1;
  #highestModSeq = 0;
  #aclSeq = 0;
  /** Claimed, or being claimed. */
  #claimedUid = 0;
  /** Claimed, as the database has said. */
  #surelyClaimedUid = 0;
  /** Ends when all claims are made. Never rejects. */
  #claiming: Promise<unknown> = Promise.resolve();
  #lost: 'deleted' | 'rewound' | null = null;
  #refreshing: Promise<void> | null = null;
  #refreshAfter: Promise<void> | null = null;

  private constructor(sql: Sql, account: AccountId, id: MailboxId) {
    this.#sql = sql;
    this.account = account;
    this.id = id;
  }

  /** @throws {StorageError} 'unavailable' */
  static async load(sql: Sql, account: AccountId, id: MailboxId): Promise<SharedMailbox> {
    const mailbox = new SharedMailbox(sql, account, id);
    try {
      await mailbox.#load();
    } catch (error) {
      throw translateDatabaseError(error);
    }
    return mailbox;
  }

  /** The modseq of the account up to which everything here is known. */
  get seq(): number {
    return this.#seq;
  }

  get uidvalidity(): number {
    return this.#uidvalidity;
  }

  get uidNext(): number {
    return this.#uidNext;
  }

  get highestModSeq(): number {
    return this.#highestModSeq;
  }

  /** The modseq of the last change of its list of rights; 0: there was none. */
  get aclSeq(): number {
    return this.#aclSeq;
  }

  get lost(): 'deleted' | 'rewound' | null {
    return this.#lost;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** The name of a keyword by its id. */
  keyword(id: number): string {
    return this.#keywords.get(id) ?? '';
  }

  /** Number of keywords ever seen here; it rises when one is new. */
  get keywordCount(): number {
    return this.#keywords.size;
  }

  /** Ids of the keywords that some message bears. */
  keywordsInUse(): readonly number[] {
    return this.table.keywordsInUse();
  }

  watch(watcher: MailboxWatcher): void {
    this.#watchers.add(watcher);
  }

  /** @returns false if it was not watching */
  unwatch(watcher: MailboxWatcher): boolean {
    return this.#watchers.delete(watcher);
  }

  /** UIDs of messages, new ones included, that changed after `seq` and are still here; ascending. */
  changedSince(seq: number): Uint32Array {
    if (seq >= this.#seq) return new Uint32Array(0);
    if (seq < this.#changesSince) return this.table.changedSince(seq);
    const changes = this.#changes.filter((change) => change.seq > seq);
    const uids = mergedUids(changes.map((change) => change.uids));
    const { table } = this;
    let count = 0;
    let at = 0;
    for (let i = 0; i < uids.length; i++) {
      const uid = uids[i] ?? 0;
      at = table.lowerBoundFrom(at, uid);
      if (at < table.length && table.uid(at) === uid) uids[count++] = uid;
    }
    return uids.subarray(0, count);
  }

  /** Which messages went after `seq`, if that is remembered here; null if the database must be asked. */
  removedSince(seq: number): UidRanges | null {
    const after = this.#removals.filter((removal) => removal.seq > seq);
    if (seq < this.#removalsSince || after.some(({ presentAt }) => presentAt < seq)) return null;
    const [only] = after;
    if (only !== undefined && after.length === 1) return only.uids;
    return after.flatMap(({ uids }) => uids).sort((a, b) => a.first - b.first); // nothing goes twice
  }

  /**
   * Asks the database for what is new. Calls that come while one is under way share the next one, so that each caller
   * sees everything committed before its call.
   *
   * @throws {StorageError} 'unavailable'
   */
  refresh(): Promise<void> {
    if (this.#refreshing === null) {
      this.#refreshing = this.#refresh().finally(() => {
        this.#refreshing = null;
      });
      return this.#refreshing;
    }
    this.#refreshAfter ??= this.#refreshing
      .catch(() => {})
      .then(() => {
        this.#refreshAfter = null;
        return this.refresh();
      });
    return this.#refreshAfter;
  }

  /** Refreshes unless everything up to `seq` is known already. */
  async refreshTo(seq: number): Promise<void> {
    // One under way may have begun before that change was committed: then once more.
    if (seq > this.#seq && this.#refreshing !== null) await this.#refreshing.catch(() => {});
    if (seq > this.#seq && this.#lost === null) await this.refresh();
  }

  /**
   * Takes in a change of this process without asking the database, if everything before it is known and nothing is being asked.
   * The modseq of an account rises by one with each change, so what is here is then what the change was made of.
   *
   * @param modseq of the change, which is committed
   * @param change null: it was elsewhere in the account
   * @returns false if it must be asked for
   */
  takeIn(modseq: number, change: OwnChange | null): boolean {
    if (this.#lost !== null || this.#refreshing !== null || modseq !== this.#seq + 1) return false;
    if (change?.type === 'other') return false;
    if (change?.type === 'flags') {
      const keywords = this.#keywordIds(change.edit);
      if (keywords === null) return false;
      const { edit, changed } = change;
      const touched = this.table.edit(changed, modseq, edit, keywords);
      this.#remember(modseq, touched);
    } else if (change?.type === 'removed') {
      const gone = this.table.remove(change.removed);
      this.#rememberRemoval({ presentAt: modseq - 1, seq: modseq, uids: change.removed });
      if (gone.length > 0) for (const watcher of this.#watchers) watcher.removed(gone, modseq - 1);
    } else if (change?.type === 'arrived') {
      for (const { uid, flags } of change.messages) {
        this.table.set({ uid, modSeq: modseq, flags, keywords: NO_KEYWORDS });
        this.#uidNext = uid + 1;
      }
      this.#remember(
        modseq,
        Uint32Array.from(change.messages, ({ uid }) => uid),
      );
    }
    this.#seq = modseq;
    if (change === null) return true;
    this.#highestModSeq = modseq;
    for (const watcher of this.#watchers) watcher.changed();
    return true;
  }

  /**
   * Ids of the keywords that an edit names, ascending, of those in use: others may have been pruned, and get another id then.
   *
   * @returns null if the edit brings one into use
   */
  #keywordIds({ mode, keywords: names }: FlagEdit): readonly number[] | null {
    if (names.length === 0) return NO_KEYWORDS;
    if (!names.every((name) => IS_ASCII.test(name))) return null; // the database has its own lower case
    const wanted = new Set(names.map((name) => name.toLowerCase()));
    const ids = this.keywordsInUse().filter((id) => wanted.delete(this.keyword(id).toLowerCase()));
    return mode === 'remove' || wanted.size === 0 ? ids : null;
  }

  /**
   * Claims the messages that no session has seen as `\Recent`, for one session (RFC 3501 §2.3.2).
   *
   * @returns the messages with a UID above this are recent to the caller; the database is asked only when there is something
   *   to claim
   * @throws {StorageError} 'unavailable'
   */
  async claimRecent(): Promise<number> {
    const upTo = this.#uidNext - 1;
    if (upTo <= this.#claimedUid) return upTo;
    this.#claimedUid = upTo; // the others who hear of the same arrival at once have nothing to claim, and do not wait
    const claim = this.#claiming.then(() => this.#claim(upTo));
    this.#claiming = claim.catch(() => {}); // told to who made it
    return await claim;
  }

  /** One after the other, so that what one fails to claim, or would come too late for, is recent to the next and not to nobody. */
  async #claim(upTo: number): Promise<number> {
    const before = this.#surelyClaimedUid;
    try {
      const [row] = await this.#sql<{ was: number }[]>`
        select claim_recent(${this.account}::bigint, ${this.id}::bigint, ${upTo}::bigint) as was`;
      this.#surelyClaimedUid = upTo;
      return Math.max(before, row?.was ?? upTo);
    } catch (error) {
      if (this.#claimedUid === upTo) this.#claimedUid = before;
      throw translateDatabaseError(error);
    }
  }

  async #refresh(): Promise<void> {
    if (this.#lost !== null) return;
    try {
      const since = this.#seq;
      const [row] = await this.#sql.read<
        (MailboxRow & { changed: Buffer | null; removed: string; firstRemoval: number | null })[]
      >`
        select a.modseq, b.uidvalidity, b.uid_next as "uidNext", b.highest_mod_seq as "highestModSeq",
               least(a.modseq, greatest(b.pruned_seq, b.changes_pruned_seq)) as "prunedSeq", b.next_keyword_id as "nextKeywordId", b.acl_seq as "aclSeq", b.messages, b.expunged_seq is not null as "isExpunged",
               a.rewound_at is not null as "isRewound",
               case when b.highest_mod_seq > ${since}::bigint then (${this.#changedSlice(since, 0)}) end as changed,
               case when b.highest_mod_seq > ${since}::bigint then (
                 select coalesce(range_agg(int8range(t.uid, t.uid + 1)), '{}')::text from tombstones as t
                  where t.account_id = b.account_id and t.mailbox_id = b.mailbox_id and t.mod_seq > ${since}::bigint)
               else '{}' end as removed,
               case when b.highest_mod_seq > ${since}::bigint then (
                 select min(t.mod_seq) from tombstones as t
                  where t.account_id = b.account_id and t.mailbox_id = b.mailbox_id and t.mod_seq > ${since}::bigint)
               end as "firstRemoval"
          from mailboxes as b join accounts as a using (account_id)
         where b.account_id = ${this.account}::bigint and b.mailbox_id = ${this.id}::bigint`;
      if (row === undefined || row.isExpunged) return this.#lose('deleted');
      if (row.isRewound || row.modseq < since || row.uidvalidity !== this.#uidvalidity) return this.#lose('rewound');
      if (row.prunedSeq > since) return await this.#reload();
      await this.#learnKeywords(row.nextKeywordId);
      if (row.modseq <= since) return;
      const presentAt = (row.firstRemoval ?? row.modseq) - 1;
      await this.#apply(row, { presentAt, seq: row.modseq, uids: parseRanges(row.removed) }, row.changed);
    } catch (error) {
      throw translateDatabaseError(error);
    }
  }

  /** The first messages above a UID that changed after `since` and are still there: the ranges come in order, and so do the messages of each. */
  #changedSlice(since: number, above: number) {
    return this.#sql`
      select string_agg(pack_message(uid, mod_seq, flags, keywords), ''::bytea order by uid) as packed
        from (select m.* from unnest((select range_agg(c.uids) from changes as c
                                       where c.account_id = ${this.account}::bigint and c.mailbox_id = ${this.id}::bigint
                                         and c.mod_seq > ${since}::bigint)) as r
               cross join lateral (
                 select uid, mod_seq, flags, keywords from messages
                  where account_id = ${this.account}::bigint and mailbox_id = ${this.id}::bigint
                    and uid >= greatest(lower(r), ${above}::bigint + 1) and uid < upper(r) and mod_seq > ${since}::bigint
                  order by uid) as m
               limit ${CHANGED_SLICE}::integer) as changed`;
  }

  /**
   * Takes in what changed. Slices behind the first are read later than it and may show newer states; that is no harm, since
   * whoever knows all up to `row.modseq` is told of those again.
   */
  async #apply(row: MailboxRow, removed: Removal, first: Buffer | null): Promise<void> {
    const since = this.#seq;
    const gone = removed.uids.length === 0 ? NONE : this.table.remove(removed.uids);
    if (removed.uids.length > 0) this.#rememberRemoval(removed);
    if (gone.length > 0) for (const watcher of this.#watchers) watcher.removed(gone, removed.presentAt);
    const touched: number[] = [];
    for (let packed = first; packed !== null; ) {
      const before = touched.length;
      for (const message of unpackMessages(packed)) {
        this.table.set(message);
        touched.push(message.uid);
      }
      if (touched.length - before < CHANGED_SLICE) break;
      const [next] = await this.#sql.read<
        { packed: Buffer | null }[]
      >`${this.#changedSlice(since, touched.at(-1) ?? 0)}`;
      packed = next?.packed ?? null;
    }
    this.#adopt(row);
    if (touched.length > 0) this.#remember(row.modseq, Uint32Array.from(touched));
    if (gone.length > 0 || touched.length > 0) for (const watcher of this.#watchers) watcher.changed();
  }

  #remember(seq: number, uids: Uint32Array): void {
    this.#changes.push({ seq, uids });
    this.#rememberedUids += uids.length;
    while (this.#changes.length > RECENT_CHANGES || this.#rememberedUids > RECENT_UIDS) {
      const oldest = this.#changes.shift();
      if (oldest === undefined) return;
      this.#rememberedUids -= oldest.uids.length;
      this.#changesSince = oldest.seq;
    }
  }

  #rememberRemoval(removal: Removal): void {
    // Of one that broke off the same removals come again.
    const all = [...this.#removals.filter(({ seq }) => seq <= this.#seq), removal];
    let kept = all.length;
    for (let ranges = 0; kept > 0 && all.length - kept < RECENT_CHANGES; kept--) {
      ranges += all[kept - 1]?.uids.length ?? 0;
      if (ranges > RECENT_UIDS) break;
    }
    this.#removalsSince = all[kept - 1]?.seq ?? this.#removalsSince;
    this.#removals = all.slice(kept);
  }

  #adopt(row: MailboxRow): void {
    this.#seq = row.modseq;
    this.#uidvalidity = row.uidvalidity;
    this.#uidNext = row.uidNext;
    this.#highestModSeq = row.highestModSeq;
    if (row.aclSeq === this.#aclSeq) return;
    this.#aclSeq = row.aclSeq;
    for (const watcher of this.#watchers) watcher.rightsChanged?.();
  }

  /**
   * Slices are read one after the other, each in its own snapshot, so the last sees changes that the first did not: what
   * changed since the beginning is then applied on top, which is right because it tells states, not steps.
   */
  async #load(): Promise<void> {
    const row = await this.#row();
    if (row === undefined || row.isExpunged) {
      this.#lost = 'deleted';
      return;
    }
    if (row.isRewound) throw new StorageError('unavailable', WAITS_FOR_RECOVERY);
    await this.#learnKeywords(row.nextKeywordId);
    this.table.reserve(row.messages);
    await this.#readSlices(this.table);
    this.#adopt(row);
    this.#changesSince = row.modseq;
    this.#removalsSince = row.modseq;
    await this.#refresh();
  }

  /** Starts over, because changes that we have not seen were pruned. */
  async #reload(): Promise<void> {
    const row = await this.#row();
    if (row === undefined || row.isExpunged) return this.#lose('deleted');
    await this.#learnKeywords(row.nextKeywordId);
    const fresh = new MessageTable();
    fresh.reserve(row.messages);
    await this.#readSlices(fresh);
    const gone = this.table.uids().filter((uid) => fresh.position(uid) < 0);
    this.table.remove(rangesOf(gone));
    if (gone.length > 0) for (const watcher of this.#watchers) watcher.removed(gone, this.#seq);
    for (let i = 0; i < fresh.length; i++) {
      if (i % CHANGED_SLICE === CHANGED_SLICE - 1) await nextTurn();
      const keywords = fresh.keywordsOf(fresh.keywordSet(i));
      this.table.set({ uid: fresh.uid(i), modSeq: fresh.modSeq(i), flags: fresh.flags(i), keywords });
    }
    this.#changes = [];
    this.#rememberedUids = 0;
    this.#changesSince = row.modseq;
    this.#removals = [];
    this.#removalsSince = row.modseq;
    this.#adopt(row);
    for (const watcher of this.#watchers) watcher.changed();
    await this.#refresh();
  }

  async #row(): Promise<MailboxRow | undefined> {
    const [row] = await this.#sql.read<MailboxRow[]>`
      select a.modseq, b.uidvalidity, b.uid_next as "uidNext", b.highest_mod_seq as "highestModSeq",
             least(a.modseq, greatest(b.pruned_seq, b.changes_pruned_seq)) as "prunedSeq", b.next_keyword_id as "nextKeywordId", b.acl_seq as "aclSeq", b.messages, b.expunged_seq is not null as "isExpunged",
             a.rewound_at is not null as "isRewound"
        from mailboxes as b join accounts as a using (account_id)
       where b.account_id = ${this.account}::bigint and b.mailbox_id = ${this.id}::bigint`;
    return row;
  }

  async #readSlices(table: MessageTable): Promise<void> {
    for (let messages: number = SLICE.firstMessages; ; ) {
      const before = table.length;
      const [slice] = await this.#sql.read<{ packed: Buffer | null }[]>`
        select string_agg(pack_message(uid, mod_seq, flags, keywords), ''::bytea order by uid) as packed
          from (select uid, mod_seq, flags, keywords from messages
                 where account_id = ${this.account}::bigint and mailbox_id = ${this.id}::bigint and uid > ${table.lastUid()}::bigint
                 order by uid limit ${messages}::integer) as slice`;
      if (!slice?.packed) return;
      for (const message of unpackMessages(slice.packed)) table.set(message);
      const count = table.length - before;
      if (count < messages) return;
      messages = Math.min(SLICE.messages, Math.ceil((SLICE.octets * count) / slice.packed.length));
    }
  }

  async #learnKeywords(nextKeywordId: number): Promise<void> {
    if (nextKeywordId === this.#nextKeywordId) return;
    const rows = await this.#sql.read<{ keyword_id: number; name: string }[]>`
      select keyword_id, name from keywords
       where account_id = ${this.account}::bigint and mailbox_id = ${this.id}::bigint and keyword_id >= ${this.#nextKeywordId}::integer`;
    for (const row of rows) this.#keywords.set(row.keyword_id, row.name);
    this.#nextKeywordId = nextKeywordId;
  }

  #lose(reason: 'deleted' | 'rewound'): void {
    this.#lost = reason;
    for (const watcher of this.#watchers) watcher.lost(reason);
  }
}

/** What is in some of these ascending lists, ascending, in an array of its own. */
function mergedUids(lists: readonly ArrayLike<number>[]): Uint32Array {
  const all = new Uint32Array(lists.reduce((sum, { length }) => sum + length, 0));
  let length = 0;
  for (const list of lists) {
    all.set(list, length);
    length += list.length;
  }
  if (lists.length < 2) return all;
  all.sort();
  let count = 0;
  for (let i = 0; i < length; i++) if (i === 0 || all[i] !== all[i - 1]) all[count++] = all[i] ?? 0;
  return all.subarray(0, count);
}
