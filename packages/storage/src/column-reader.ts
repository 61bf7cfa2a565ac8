import { setImmediate as nextTurn } from 'node:timers/promises';
import { SORT_KEYS } from './content-text.ts';
import type { Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';
import { LinkColumn, NumberColumn, TextColumn, type ThreadLinks } from './message-columns.ts';
import { type InTurn, MESSAGES_AND_TOMBSTONES } from './search-messages.ts';
import type { SharedMailbox } from './shared-mailbox.ts';

/** What messages can be sorted by: when they came; when they were sent, else when they came; RFC822.SIZE; and texts. */
export type SortColumn = 'arrival' | 'date' | 'size' | (typeof SORT_KEYS)[number];

/** Messages read in one statement. */
const SLICE_MESSAGES = 4_096;
/** Columns are kept for the next time, those used last, up to here. A date takes 12 octets a message, links some 50. */
const KEPT_OCTETS = 128 * 1024 * 1024;
/** Whoever asks for so small a part of a mailbox of which no column is kept gets that part read, and none is made. */
const SMALL_PART = 1 / 16;

type Column = NumberColumn | TextColumn | LinkColumn;

interface ReadOptions {
  readonly signal: AbortSignal;
  readonly inTurn: InTurn;
}

/**
 * Reads what messages are sorted and threaded by. Their octets and their arrival fix it, so what was read stays right as long as the
 * mailbox has its UIDVALIDITY, and the next time only messages that came since are read.
 */
export class ColumnReader {
  readonly #sql: Sql;
  readonly #keptOctets: number;
  /** In the order of their last use. */
  readonly #kept = new Map<string, { readonly column: Column; readonly octets: number }>();
  #octets = 0;
  /** By the same names: two that want one column do not read it twice. */
  readonly #busy = new Map<string, Promise<void>>();

  constructor(sql: Sql, keptOctets = KEPT_OCTETS) {
    this.#sql = sql;
    this.#keptOctets = keptOctets;
  }

  /**
   * Numbers that compare as what the messages are sorted by; of texts, 0 for the empty one alone.
   *
   * @param uids ascending; messages that are gone altogether sort first
   * @throws {StorageError} 'unavailable'; the signal's reason, if it was aborted
   */
  sortValues(
    mailbox: SharedMailbox,
    uids: Uint32Array,
    column: SortColumn,
    options: ReadOptions,
  ): Promise<Float64Array | Uint32Array> {
    switch (column) {
      case 'arrival':
      case 'date':
      case 'size':
        return this.#with(NumberColumn, mailbox, uids, column, options, (numbers, at) => numbers.at(at));
      default:
        return this.#with(TextColumn, mailbox, uids, column, options, (texts, at) => texts.ranksAt(at, options.signal));
    }
  }

  /** As `sortValues`. */
  threadLinks(mailbox: SharedMailbox, uids: Uint32Array, options: ReadOptions): Promise<ThreadLinks> {
    return this.#with(LinkColumn, mailbox, uids, 'links', options, (links, at) => links.at(at));
  }

  async #with<Kind extends Column, Result>(
    kind: new () => Kind,
    mailbox: SharedMailbox,
    uids: Uint32Array,
    name: keyof typeof STATEMENTS,
    options: ReadOptions,
    take: (column: Kind, positions: Uint32Array) => Result | Promise<Result>,
  ): Promise<Result> {
    const key = `${mailbox.account}/${mailbox.id}/${mailbox.uidvalidity}/${name}`;
    for (let busy = this.#busy.get(key); busy !== undefined; busy = this.#busy.get(key)) await busy;
    const done = Promise.withResolvers<void>();
    this.#busy.set(key, done.promise);
    try {
      const column = await this.#read(kind, mailbox, uids, name, key, options);
      await nextTurn(); // between passes over a large mailbox
      const positions = column.positionsOf(uids) ?? NONE;
      await nextTurn();
      return await take(column, positions);
    } catch (error) {
      throw translateDatabaseError(error);
    } finally {
      this.#busy.delete(key);
      done.resolve();
    }
  }

  /** The column with these messages in it, and all others unless they are few. */
  async #read<Kind extends Column>(
    kind: new () => Kind,
    mailbox: SharedMailbox,
    uids: Uint32Array,
    name: keyof typeof STATEMENTS,
    key: string,
    options: ReadOptions,
  ): Promise<Kind> {
    const kept = this.#kept.get(key)?.column;
    if (kept === undefined && uids.length < mailbox.table.length * SMALL_PART) {
      const column = new kind();
      await this.#extend(column, mailbox, uids, name, options);
      return column;
    }
    // One that was made without messages that are gone by now, and that somebody who was not told of it still asks for, is made anew.
    const isWhole = kept instanceof kind && kept.positionsOf(uids) !== null;
    const column = isWhole ? kept : new kind();
    const { lastUid } = column;
    await this.#extend(
      column,
      mailbox,
      union(above(mailbox.table.uids(), lastUid), above(uids, lastUid)),
      name,
      options,
    );
    this.#keep(key, column);
    return column;
  }

  /** Adds messages above the last of the column. */
  async #extend(
    column: Column,
    { account, id }: SharedMailbox,
    uids: Uint32Array,
    name: keyof typeof STATEMENTS,
    { signal, inTurn }: ReadOptions,
  ): Promise<void> {
    for (let at = 0; at < uids.length; at += SLICE_MESSAGES) {
      signal.throwIfAborted();
      const asked = uids.subarray(at, at + SLICE_MESSAGES);
      const values = [account, id, [...asked]];
      const [row] = await inTurn(() => this.#sql.octetRows('inBinary', STATEMENTS[name], values));
      addAll(column, asked, row?.[0] ?? NOTHING);
    }
  }

  #keep(key: string, column: Column): void {
    this.#forget(key);
    const { octets } = column;
    if (octets > this.#keptOctets) return;
    this.#kept.set(key, { column, octets });
    this.#octets += octets;
    for (const oldest of this.#kept.keys()) {
      if (this.#octets <= this.#keptOctets) return;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#octets -= this.#kept.get(key)?.octets ?? 0;
    this.#kept.delete(key);
  }
}

const NONE = new Uint32Array(0);
const NOTHING = Buffer.alloc(0);

/** What was found of the messages that were asked for; of those that are gone altogether, nothing. */
function addAll(column: Column, asked: Uint32Array, packed: Buffer): void {
  let offset = 0;
  for (const uid of asked) {
    if (offset === packed.length || packed.readUInt32BE(offset) !== uid) {
      column.add(uid, packed, 0, 0);
      continue;
    }
    const start = offset + 6;
    offset = start + packed.readUInt16BE(offset + 4);
    column.add(uid, packed, start, offset);
  }
}

/** Of an ascending array. */
function above(ascending: Uint32Array, number: number): Uint32Array {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) <= number) low = middle + 1;
    else high = middle;
  }
  return ascending.subarray(low);
}

/** What stands in either of two ascending arrays, ascending, as an array of its own. */
function union(one: Uint32Array, other: Uint32Array): Uint32Array {
  const all = new Uint32Array(one.length + other.length);
  let length = 0;
  for (let i = 0, j = 0; i < one.length || j < other.length; length++) {
    const a = one[i] ?? Number.POSITIVE_INFINITY;
    const b = other[j] ?? Number.POSITIVE_INFINITY;
    all[length] = Math.min(a, b);
    if (a <= b) i++;
    if (b <= a) j++;
  }
  return all.subarray(0, length);
}

/** For each message its UID in 4 octets, the length of the value in 2, and the value. */
const statement = (value: string, from = '') => `
  select string_agg(substring(int8send(m.uid) from 5) || int2send(octet_length(v.octets)::smallint) || v.octets, ''::bytea
                    order by m.uid) as packed
    from ${MESSAGES_AND_TOMBSTONES} ${from} cross join lateral (select ${value} as octets offset 0) as v`;

const CONTENTS = 'join contents as c using (account_id, content_id)';
const sortKey = (key: (typeof SORT_KEYS)[number]) =>
  statement(`convert_to(coalesce(c.sort_keys[${SORT_KEYS.indexOf(key) + 1}], ''), 'UTF8')`, CONTENTS);

const STATEMENTS = {
  arrival: statement('timestamptz_send(m.internal_date)'),
  date: statement('timestamptz_send(coalesce(c.sent_at, m.internal_date))', CONTENTS),
  size: statement('int8send(m.size_octets)'),
  subject: sortKey('subject'),
  from: sortKey('from'),
  to: sortKey('to'),
  cc: sortKey('cc'),
  displayFrom: sortKey('displayFrom'),
  displayTo: sortKey('displayTo'),
  links: statement("coalesce(c.thread_links, '')", CONTENTS),
} as const satisfies Record<SortColumn | 'links', string>;
