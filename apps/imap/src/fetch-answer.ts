import { formatDateTime } from '@postel/imap-wire';
import { BlobDamaged, type FetchColumns, type FetchedMessage } from '@postel/storage';
import type { AnswerCache, CachedItem } from './answer-cache.ts';
import { ARRAY_ITEMS, ARRAY_LINE_OCTETS, ArrayLines } from './array-lines.ts';
import { type BinaryItem, BinaryItems, type BinaryValues, isBinary } from './fetch-binary.ts';
import type { FetchItem } from './fetch-items.ts';
import { type SectionItem, SectionItems } from './fetch-sections.ts';
import { flagListOctets, keywordFlagList } from './flags.ts';
import {
  BODIES_ONE_BY_ONE,
  FETCH_BATCH,
  FETCH_BATCH_OCTETS,
  FETCH_CONTENT_BATCH,
  OUTPUT_HIGH_WATER_OCTETS,
} from './limits.ts';
import type { MailboxView } from './mailbox-view.ts';
import { columnsFor, MessageOctets } from './message-sections.ts';
import { formatObjectId } from './object-id.ts';
import { writeReceivedEnvelope } from './received-envelope.ts';
import type { Session } from './session.ts';
import { beginFetch, tellKeywords } from './tell-flags.ts';
import { ToldFlags } from './told-flags.ts';

type SimpleItem = Exclude<FetchItem, SectionItem | BinaryItem>;

/** A message with more items than this is written slowly: a section may be asked for a hundred times over. */
const ITEMS_AT_ONCE = 10;
/** An answer up to here is not sent before the command is done: a chunk of 64 kB and what stands around it, for instance. */
const SMALL_ANSWER_OCTETS = 128 * 1024;
/** What is read of a blob before the answer begins; more is read as it is sent. */
const READ_BEFORE_OCTETS = 128 * 1024;
/** Octets of messages in memory that are looked through or decoded before others get their turn: 128 kB take up to 4 ms. */
const OCTETS_A_TURN = 256 * 1024;
/** Messages read in the first batch; later ones go by the size of those before. */
const FIRST_BATCH = 16;

/** One message in a blob is remembered if what its row says of it is no more. */
const REMEMBERED_OCTETS = 16 * 1024;
const COLUMNS = [
  'envelope',
  'bodyStructure',
  'body',
  'partIndex',
  'preview',
  'threadId',
  'arrival',
  'header',
  'octets',
] as const satisfies readonly (keyof FetchColumns)[];

/** What the arrays answer. */
const IN_ARRAYS: ReadonlySet<FetchItem['type']> = new Set(ARRAY_ITEMS);
/** A chunk of the output has room for many times as many. */
const LINES_AT_ONCE = 16;
/** What never changes and is not long, beside sections of the header. Previews and threads may be filled in later. */
const LASTING: ReadonlySet<FetchItem['type']> = new Set([
  'internaldate',
  'savedate',
  'size',
  'envelope',
  'bodystructure',
  'body',
  'emailid',
]);
/** Fewer known messages in a row are read again with those around them, rather than by two statements. */
const KNOWN_ROW = 16;
/** So many are looked at before some are read. */
const LACKING_ROW = 20_000;
/** A longer name, of a section with a list of fields, is asked for once. */
const CACHED_NAME_OCTETS = 1_000;

const NIL = Buffer.from('NIL');
const NOTHING_READ: ReadonlyMap<FetchItem, Buffer> = new Map();

/** What was read of a message in a blob before its answer begins. */
interface ReadBefore {
  readonly read: ReadonlyMap<FetchItem, Buffer>;
  readonly decoded: BinaryValues | 'unknown-encoding';
}

/** Messages that could not be told of, and why. */
interface NotTold {
  readonly gone: number;
  readonly unreadable: number;
  /** The octets are not those that were stored. */
  readonly damaged: number;
  /** A part has a content transfer encoding that we do not know. */
  readonly undecodable: number;
}

/**
 * The FETCH responses of one command: what they read from the database and how they are written. An error always finds whole
 * lines written: what can fail is done before a response begins, or ends the connection.
 */
export class FetchAnswer {
  readonly #session: Session;
  readonly #view: MailboxView;
  readonly #items: readonly FetchItem[];
  readonly #columns: FetchColumns;
  /** Of items whose answers are remembered. */
  readonly #cached = new Map<FetchItem, CachedItem>();
  readonly #sections: SectionItems;
  readonly #binary: BinaryItems;
  readonly #toldFlags: ToldFlags;
  /** Of an answer that has nothing but what the arrays hold. */
  readonly #lines: ArrayLines | null;
  /** What comes with a message whose flags the command changed, unless it is asked for anyway. */
  readonly #unasked: readonly ('uid' | 'flags' | 'modseq')[];
  /** Messages of which not even a tombstone is left. */
  #gone = 0;
  #unreadable = 0;
  #undecodable = 0;
  #damaged = 0;
  /** Octets looked through or decoded since others had their turn. */
  #octetsInTurn = 0;

  /** @param marked UIDs, ascending, of messages whose flags the command changed: FLAGS comes with them (RFC 3501 §6.4.5) */
  constructor(session: Session, items: readonly FetchItem[], marked: Uint32Array) {
    this.#session = session;
    this.#view = session.view;
    this.#items = items;
    this.#sections = new SectionItems(session, items);
    this.#binary = new BinaryItems(session, items);
    this.#toldFlags = new ToldFlags(marked);
    this.#lines = marked.length > 0 || session.hasEnabled('UIDONLY') ? null : ArrayLines.of(items);
    // RFC 3501 §6.4.5, RFC 7162 §3.2.4.
    const changed = session.hasEnabled('CONDSTORE') ? (['uid', 'flags', 'modseq'] as const) : (['flags'] as const);
    this.#unasked = changed.filter((what) => !items.some(({ type }) => type === what));
    this.#columns = columnsOf(items);
  }

  #rememberItems(messages: number): void {
    for (const item of this.#items) {
      const cache = this.#cacheFor(item, messages);
      const name = item.type === 'section' ? this.#sections.nameOf(item).toString('latin1') : item.type;
      if (cache === null || name.length > CACHED_NAME_OCTETS) continue;
      this.#cached.set(item, cache.item(this.#view.mailbox, name));
    }
  }

  /** Null: it may change, or its name does not say all that was asked for, or it is not worth it. */
  #cacheFor(item: FetchItem, messages: number): AnswerCache | null {
    const { answers, bodies } = this.#session.services;
    if (item.type !== 'section') return LASTING.has(item.type) ? answers : null;
    if (item.partial !== null) return null;
    if (isOfHeader(item)) return answers;
    return messages <= BODIES_ONE_BY_ONE ? bodies : null;
  }

  async write(uids: Uint32Array): Promise<NotTold> {
    this.#rememberItems(uids.length);
    const inMemory = (item: FetchItem) => IN_ARRAYS.has(item.type) || this.#cached.has(item);
    const maySuffice = this.#items.length <= ITEMS_AT_ONCE && this.#items.every(inMemory);
    if (this.#items.some((item) => item.type === 'preview' && !item.isLazy)) await this.#fillPreviews(uids);
    for (let from = 0; from < uids.length; ) {
      const lacking = maySuffice ? await this.#fromMemory(uids, from) : from;
      from = maySuffice ? this.#endOfLacking(uids, lacking) : uids.length;
      if (from > lacking) await this.#fromDatabase(uids.subarray(lacking, from));
    }
    return { gone: this.#gone, unreadable: this.#unreadable, undecodable: this.#undecodable, damaged: this.#damaged };
  }

  /** Whether the flags of a message that the command marked are those that were told of it. */
  hasToldFlags(uid: number, at: number): boolean {
    const { table } = this.#view.mailbox;
    return this.#toldFlags.has(uid, table.flags(at), table.keywordSet(at), table.modSeq(at));
  }

  /** Writes messages from the arrays and from memory, as long as these suffice. @returns the position of the first for which they do not */
  async #fromMemory(uids: Uint32Array, from: number): Promise<number> {
    const { table } = this.#view.mailbox;
    const { out, transport } = this.#session;
    let at = 0;
    let next = from;
    while (next < uids.length) {
      const lines = this.#writeLines(uids, next);
      next += lines;
      at += lines;
      if (lines === 0) {
        const uid = uids[next] ?? 0;
        if (table.uid(at) !== uid || at >= table.length) at = table.position(uid);
        if (at < 0 || !this.#isKnown(uid)) break;
        this.#begin(uid, at);
        let separator = '';
        for (const item of this.#items) {
          out.text(separator);
          separator = ' ';
          if (item.type === 'uid') out.text('UID ').number(uid);
          else if (item.type === 'flags') this.#flags(uid, at);
          else if (item.type === 'modseq') this.#session.writeModSeq(table.modSeq(at));
          else this.#cached.get(item)?.write(uid, out);
        }
        out.text(')\r\n');
        next++;
        at++;
      }
      if (out.length > OUTPUT_HIGH_WATER_OCTETS) await transport.flushMuch();
    }
    this.#session.services.metrics.fetched.inc({ source: 'memory' }, next - from);
    return next;
  }

  /** Writes some messages without keywords, if the arrays answer all. @returns how many */
  #writeLines(uids: Uint32Array, from: number): number {
    const lines = this.#lines;
    if (lines === null) return 0;
    const view = this.#view;
    const { mailbox } = view;
    const { table } = mailbox;
    const end = Math.min(uids.length, from + LINES_AT_ONCE);
    let next = from;
    let highest = 0;
    this.#session.out.fill((end - from) * ARRAY_LINE_OCTETS, (chunk, start) => {
      let to = start;
      for (let at = table.position(uids[from] ?? 0); next < end; next++, at++) {
        const uid = uids[next] ?? 0;
        if (table.uid(at) !== uid || at >= table.length) at = table.position(uid);
        if (at < 0 || table.keywordSet(at) !== 0) break;
        const sequenceNumber = view.sequenceNumber(uid, at);
        const flags = flagListOctets(mailbox, table.flags(at), 0, view.isRecent(uid));
        const modSeq = table.modSeq(at);
        highest = Math.max(highest, modSeq);
        to = lines.write(chunk, to, { sequenceNumber, uid, flags, modSeq });
      }
      return to;
    });
    if (lines.tellsModSeq) this.#session.noteModSeq(highest);
    return next - from;
  }

  /** Where the next row of messages begins that need no database: a short one goes with what is read around it. */
  #endOfLacking(uids: Uint32Array, from: number): number {
    const { table } = this.#view.mailbox;
    const end = Math.min(uids.length, from + LACKING_ROW);
    let known = 0;
    for (let next = from; next < end; next++) {
      const uid = uids[next] ?? 0;
      known = this.#isKnown(uid) && table.position(uid) >= 0 ? known + 1 : 0;
      if (known === KNOWN_ROW) return next + 1 - known;
    }
    return end - known;
  }

  #isKnown(uid: number): boolean {
    for (const item of this.#cached.values()) if (!item.has(uid)) return false;
    return true;
  }

  /** Of messages of a Postel that made none. */
  async #fillPreviews(uids: Uint32Array): Promise<void> {
    const { store, transport, log } = this.#session;
    const { account, id } = this.#view.mailbox;
    const filling = store.search.fillTexts(account, id, uids, {
      signal: transport.gone,
      onProgress: (read, left) => log.info({ read, left }, 'reading the text of older messages, for previews'),
    });
    await transport.whileSilent(filling, null);
  }

  /** While one batch is written the next is read. */
  async #fromDatabase(uids: Uint32Array): Promise<void> {
    const { mailbox } = this.#view;
    const { out, services, store, transport } = this.#session;
    let size = FIRST_BATCH;
    const read = (from: number) => {
      const asked = uids.subarray(from, from + size);
      const messages = this.#readLast(asked) ?? store.fetchMessages(mailbox.account, mailbox.id, asked, this.#columns);
      messages.catch(() => {}); // told when it is awaited, which a lost client may prevent
      return { asked, messages };
    };
    let next = uids.length > 0 ? read(0) : null;
    for (let from = 0; next !== null; ) {
      const { asked, messages } = next;
      const batch = await messages;
      this.#rememberLast(batch);
      from += asked.length;
      size = this.#batchAfter(batch);
      next = from < uids.length ? read(from) : null;
      this.#gone += asked.length - batch.length;
      services.metrics.fetched.inc({ source: 'database' }, batch.length);
      for (const message of batch) {
        const written = this.#message(message);
        if (written !== undefined) await written;
        if (this.#octetsInTurn > OCTETS_A_TURN) await this.#takeTurn();
        if (out.length > OUTPUT_HIGH_WATER_OCTETS / 4) await transport.flush();
      }
      for (const item of this.#cached.values()) item.settle();
      // A small answer goes with the tagged response, in one write.
      if (next !== null || out.length > SMALL_ANSWER_OCTETS) await transport.flushMuch();
    }
  }

  /** The message that is asked for, if it is the one read last: clients fetch a large one in chunks, each with a command. */
  #readLast(uids: Uint32Array): Promise<readonly FetchedMessage[]> | null {
    const { lastInBlob, mailbox } = this.#view;
    const [uid] = uids;
    if (lastInBlob === null || uids.length !== 1 || uid !== lastInBlob.message.uid) return null;
    const { message, columns } = lastInBlob;
    if (this.#columns.preview === true && message.preview === null) return null; // it may have been filled in since
    const isEnough = COLUMNS.every((column) => columns[column] === true || this.#columns[column] !== true);
    // One that went is read from its tombstone, which does not stay for ever.
    return isEnough && mailbox.table.position(uid) >= 0 ? Promise.resolve([message]) : null;
  }

  #rememberLast(batch: readonly FetchedMessage[]): void {
    const [message] = batch;
    if (message === undefined || batch.length > 1 || message.blob === null) return;
    if (heldOctets(message) > REMEMBERED_OCTETS || message === this.#view.lastInBlob?.message) return;
    this.#view.lastInBlob = { message, columns: this.#columns };
  }

  /** How many messages like these make a batch of the right size. */
  #batchAfter(batch: readonly FetchedMessage[]): number {
    const most = this.#columns.octets === true ? FETCH_CONTENT_BATCH : FETCH_BATCH;
    const octets = batch.reduce((sum, message) => sum + heldOctets(message), 0);
    return Math.max(1, Math.min(most, Math.floor((FETCH_BATCH_OCTETS * batch.length) / Math.max(octets, 1))));
  }

  /** Little may be written of much that is decoded. */
  #takeTurn(): Promise<void> {
    this.#octetsInTurn = 0;
    return this.#session.transport.flushMuch();
  }

  /** Nothing to wait for, but for a message in a blob, or for a client that asks for much of each message. */
  #message(message: FetchedMessage): Promise<void> | undefined {
    const octets = new MessageOctets(this.#session.store, message);
    if (!octets.isInMemory || this.#items.length > ITEMS_AT_ONCE) return this.#slowly(message, octets);
    const decoded = this.#binary.inMemory(octets);
    if (decoded === 'unknown-encoding') {
      this.#undecodable++;
      return undefined;
    }
    this.#begin(message.uid);
    this.#items.forEach((item, index) => {
      if (index > 0) this.#session.out.sp();
      if (item.type === 'section') this.#remembering(item, message.uid, () => this.#section(item, octets));
      else if (isBinary(item)) this.#decoded(item, message, decoded);
      else this.#remembering(item, message.uid, () => this.#item(item, message));
    });
    this.#session.out.text(')\r\n');
    return undefined;
  }

  /** Writes an item of a message, and remembers what was written if that is worth it. */
  #remembering(item: FetchItem, uid: number, write: () => void): void {
    const { out } = this.#session;
    const before = out.length;
    write();
    this.#cached.get(item)?.keep(uid, out, out.length - before);
  }

  async #slowly(message: FetchedMessage, octets: MessageOctets): Promise<void> {
    const { out, transport } = this.#session;
    const before = octets.isInMemory
      ? { read: NOTHING_READ, decoded: this.#binary.inMemory(octets) }
      : await this.#readBefore(message, octets);
    if (before === null) return;
    const { read, decoded } = before;
    if (decoded === 'unknown-encoding') {
      this.#undecodable++;
      return;
    }
    this.#begin(message.uid);
    for (const [index, item] of this.#items.entries()) {
      if (index > 0) out.sp();
      const known = read.get(item);
      if (isBinary(item) && octets.isInMemory) this.#decoded(item, message, decoded);
      else if (isBinary(item)) await this.#binary.writeMuch(item, decoded.get(item) ?? null);
      else if (item.type !== 'section') this.#remembering(item, message.uid, () => this.#item(item, message));
      else if (octets.isInMemory) this.#remembering(item, message.uid, () => this.#section(item, octets));
      else if (known !== undefined) this.#remembering(item, message.uid, () => this.#sections.writeRead(item, known));
      else await this.#sections.writeOfBlob(item, octets);
      if (this.#octetsInTurn > OCTETS_A_TURN) await this.#takeTurn();
      if (out.length > OUTPUT_HIGH_WATER_OCTETS) await transport.flushMuch();
    }
    out.text(')\r\n');
  }

  /**
   * Reads what HEADER.FIELDS will tell, and sections that are small, and decodes what BINARY will.
   *
   * @returns what to write of these items; null if the blob cannot be read: nothing is said of the message then
   */
  async #readBefore(message: FetchedMessage, octets: MessageOctets): Promise<ReadBefore | null> {
    try {
      const { read, leftOctets, hasMore } = await this.#sections.readBefore(octets, READ_BEFORE_OCTETS);
      if (hasMore) await octets.probe();
      return { read, decoded: await this.#binary.ofBlob(message.uid, octets, leftOctets) };
    } catch (error) {
      this.#session.log.error({ err: error, uid: message.uid }, 'a blob cannot be read');
      if (error instanceof BlobDamaged) this.#damaged++;
      else this.#unreadable++;
      return null;
    }
  }

  /** `* n FETCH (`, and what changed if the command did that. @param at position of the message in the arrays, if the caller knows it */
  #begin(uid: number, at = this.#view.mailbox.table.position(uid)): void {
    if (at >= 0) tellKeywords(this.#session, this.#view.mailbox.table.keywordSet(at));
    const out = beginFetch(this.#session, uid, at);
    if (at < 0 || !this.#toldFlags.concerns(uid)) return;
    for (const what of this.#unasked) {
      if (what === 'uid') out.text('UID ').number(uid);
      else if (what === 'flags') this.#flags(uid, at);
      else this.#session.writeModSeq(this.#view.mailbox.table.modSeq(at));
      out.sp();
    }
  }

  #item(item: SimpleItem, message: FetchedMessage): void {
    const { out } = this.#session;
    const { account } = this.#view.mailbox;
    switch (item.type) {
      case 'uid':
        out.text('UID ').number(message.uid);
        break;
      case 'flags':
        this.#flagsOf(message);
        break;
      case 'modseq':
        this.#modSeqOf(message);
        break;
      case 'internaldate':
        out.text('INTERNALDATE ').text(formatDateTime(message.internalDate, 0));
        break;
      case 'savedate':
        out.text('SAVEDATE ').text(formatDateTime(message.saveDate, 0));
        break;
      case 'emailid':
        out
          .text('EMAILID (')
          .text(formatObjectId('email', { account, id: message.emailId }))
          .text(')');
        break;
      case 'threadid':
        this.#threadId(message);
        break;
      case 'received-envelope':
        writeReceivedEnvelope(out, message.arrival);
        break;
      case 'preview':
        // Without LAZY it is never NIL (RFC 8970 §3.2): it was filled in before, or its content cannot be read.
        out.text('PREVIEW ').nstring(message.preview ?? (item.isLazy ? null : ''));
        break;
      case 'size':
        out.text('RFC822.SIZE ').number(message.sizeOctets);
        break;
      case 'envelope':
        out.text('ENVELOPE ').octets(message.envelope ?? NIL);
        break;
      case 'bodystructure':
        out.text('BODYSTRUCTURE ').octets(message.bodyStructure ?? NIL);
        break;
      case 'body':
        out.text('BODY ').octets(message.body ?? NIL);
        break;
      default:
        item satisfies never;
    }
  }

  #threadId({ threadId }: FetchedMessage): void {
    const { out } = this.#session;
    const { account } = this.#view.mailbox;
    if (threadId === null) out.text('THREADID NIL');
    else
      out
        .text('THREADID (')
        .text(formatObjectId('thread', { account, id: threadId }))
        .text(')');
  }

  #flags(uid: number, at: number): void {
    const { mailbox } = this.#view;
    const flags = mailbox.table.flags(at);
    const keywordSet = mailbox.table.keywordSet(at);
    this.#session.out.text('FLAGS ');
    this.#session.out.octets(flagListOctets(mailbox, flags, keywordSet, this.#view.isRecent(uid)));
    this.#toldFlags.told(uid, flags, keywordSet, mailbox.table.modSeq(at));
  }

  /** The arrays know best; a message that went has the flags it had then. */
  #flagsOf({ uid, flags, keywords }: FetchedMessage): void {
    const { mailbox } = this.#view;
    const at = mailbox.table.position(uid);
    if (at >= 0) this.#flags(uid, at);
    else this.#session.out.text('FLAGS ').octets(keywordFlagList(mailbox, flags, keywords, this.#view.isRecent(uid)));
  }

  /** Of a message that went, that of its removal. */
  #modSeqOf({ uid, modSeq }: FetchedMessage): void {
    const { table } = this.#view.mailbox;
    const at = table.position(uid);
    this.#session.writeModSeq(at >= 0 ? table.modSeq(at) : modSeq);
  }

  #section(item: SectionItem, octets: MessageOctets): void {
    this.#octetsInTurn += this.#sections.write(item, octets);
  }

  #decoded(item: BinaryItem, { sizeOctets }: FetchedMessage, values: BinaryValues): void {
    this.#octetsInTurn += sizeOctets;
    this.#binary.write(item, values.get(item) ?? null);
  }
}

/** Whether it is the header of the message, or fields of it. */
function isOfHeader({ section: { type, part } }: SectionItem): boolean {
  return part.length === 0 && (type === 'header' || type === 'header-fields');
}

/** Roughly what a message takes while it waits to be written. */
function heldOctets({ envelope, bodyStructure, partIndex, header, octets, blob }: FetchedMessage): number {
  let sum = 512 + (blob?.checksums?.length ?? 0);
  for (const column of [envelope, bodyStructure, partIndex, header, octets]) sum += column?.length ?? 0;
  return sum;
}

function columnsOf(items: readonly FetchItem[]): FetchColumns {
  const columns: { -readonly [Name in keyof FetchColumns]: boolean } = {};
  for (const item of items) {
    if (item.type === 'envelope') columns.envelope = true;
    else if (item.type === 'bodystructure') columns.bodyStructure = true;
    else if (item.type === 'body') columns.body = true;
    else if (isBinary(item)) Object.assign(columns, columnsFor({ type: 'body', part: item.part }));
    else if (item.type === 'preview') columns.preview = true;
    else if (item.type === 'threadid') columns.threadId = true;
    else if (item.type === 'received-envelope') columns.arrival = true;
    else if (item.type === 'section') Object.assign(columns, columnsFor(item.section));
  }
  return columns;
}
