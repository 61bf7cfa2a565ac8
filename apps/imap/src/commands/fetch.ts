import { formatDateTime, type SequenceSet, writeSection } from '@postel/imap-wire';
import { HeaderFieldSelector } from '@postel/mime';
import { type FetchColumns, type FetchedMessage, rangesOf, SystemFlag } from '@postel/storage';
import { Abandoned, Bad, type Command, No, ok } from '../command.ts';
import { type FetchItem, type FetchItems, parseFetchItems } from '../fetch-items.ts';
import { flagListOctets, keywordFlagList } from '../flags.ts';
import { FETCH_BATCH, FETCH_CONTENT_BATCH, OUTPUT_HIGH_WATER_OCTETS } from '../limits.ts';
import type { MailboxView } from '../mailbox-view.ts';
import { columnsFor, MessageOctets } from '../message-sections.ts';
import type { Session } from '../session.ts';

interface FetchArgs extends FetchItems {
  readonly messages: SequenceSet;
}

type SectionItem = Extract<FetchItem, { type: 'section' }>;

/** FETCH and UID FETCH: RFC 9051 §6.4.5, RFC 3501 §6.4.5. */
function fetchCommand(name: 'FETCH' | 'UID FETCH', kind: 'sequence' | 'uid'): Command<FetchArgs> {
  return {
    name,
    state: 'selected',
    parse(args) {
      const messages = args.sp().sequenceSet();
      return { messages, ...parseFetchItems(args.sp(), kind) };
    },

    async run(session, { messages, items, setsSeen }) {
      const { view } = session;
      await session.sync({ ask: 'memory', expunges: kind === 'uid' });
      const uids = view.resolve(messages, kind);
      if (uids === null) throw new Bad('No message of that number');
      if (setsSeen && !view.isReadOnly) await setSeen(session, uids);
      const missing = await new Fetch(session, items).run(uids);
      await session.sync({ ask: 'memory', expunges: kind === 'uid' });
      // RFC 2180 §4.1: they went, and so long ago that nothing is left to show.
      if (missing > 0) throw new No('Some messages were expunged', 'EXPUNGEISSUED');
      return ok('Fetched');
    },
  };
}

export const fetch = fetchCommand('FETCH', 'sequence');
export const uidFetch = fetchCommand('UID FETCH', 'uid');

/** The answers then carry the new flags: the mailbox is as new as the change. */
async function setSeen(session: Session, uids: Uint32Array): Promise<void> {
  const { mailbox } = session.view;
  const unseen = uids.filter((uid) => {
    const at = mailbox.table.position(uid);
    return at >= 0 && (mailbox.table.flags(at) & SystemFlag.seen) === 0;
  });
  if (unseen.length === 0) return;
  const edit = { mode: 'add', system: SystemFlag.seen, keywords: [] } as const;
  await session.store.changeFlags(mailbox.account, mailbox.id, rangesOf(unseen), edit, null);
  await mailbox.refreshTo(session.store.newestModSeq(mailbox.account));
}

/** One FETCH: what it reads from the database and how it writes its answers. */
class Fetch {
  readonly #session: Session;
  readonly #view: MailboxView;
  readonly #items: readonly FetchItem[];
  readonly #columns: FetchColumns;
  readonly #selectors = new Map<FetchItem, HeaderFieldSelector>();

  constructor(session: Session, items: readonly FetchItem[]) {
    this.#session = session;
    this.#view = session.view;
    this.#items = items;
    this.#columns = columnsOf(items);
    for (const item of items) {
      if (item.type !== 'section' || item.section.type !== 'header-fields') continue;
      const { names, not } = item.section;
      this.#selectors.set(item, new HeaderFieldSelector(names, not ? 'except' : 'only'));
    }
  }

  /** @returns how many messages could not be found any more */
  async run(uids: Uint32Array): Promise<number> {
    if (this.#items.some(({ type }) => type === 'flags')) this.#session.tellKeywords(this.#view);
    if (this.#items.every(({ type }) => type === 'uid' || type === 'flags')) return this.#fromMemory(uids);
    return this.#fromDatabase(uids);
  }

  /** UID and FLAGS come from the arrays; only messages that went meanwhile must be looked up. */
  async #fromMemory(uids: Uint32Array): Promise<number> {
    const { table } = this.#view.mailbox;
    const { out } = this.#session;
    const gone: number[] = [];
    let at = uids.length === 0 ? 0 : table.lowerBound(uids[0] ?? 0);
    for (const uid of uids) {
      if (table.uid(at) !== uid || at >= table.length) at = table.lowerBound(uid);
      if (at >= table.length || table.uid(at) !== uid) {
        gone.push(uid);
        continue;
      }
      this.#begin(uid);
      let separator = '';
      for (const { type } of this.#items) {
        out.text(separator);
        separator = ' ';
        if (type === 'uid') out.text('UID ').number(uid);
        else this.#flags(uid, at);
      }
      out.text(')\r\n');
      at++;
      if (out.length > OUTPUT_HIGH_WATER_OCTETS) {
        await this.#session.transport.flush();
        at = table.lowerBound(uid + 1); // the arrays may have moved
      }
    }
    return gone.length === 0 ? 0 : this.#fromDatabase(Uint32Array.from(gone));
  }

  /** While one batch is written the next is read. */
  async #fromDatabase(uids: Uint32Array): Promise<number> {
    const { mailbox } = this.#view;
    const { store } = this.#session;
    const size = this.#columns.octets === true ? FETCH_CONTENT_BATCH : FETCH_BATCH;
    const read = (from: number) => {
      const batch = store.fetchMessages(mailbox.account, mailbox.id, uids.subarray(from, from + size), this.#columns);
      batch.catch(() => {}); // told when it is awaited, which a lost client may prevent
      return batch;
    };
    let missing = 0;
    let next = uids.length > 0 ? read(0) : null;
    for (let from = 0; next !== null; from += size) {
      const batch = await next;
      next = from + size < uids.length ? read(from + size) : null;
      missing += Math.min(size, uids.length - from) - batch.length;
      for (const message of batch) {
        await this.#write(message);
        if (this.#session.out.length > OUTPUT_HIGH_WATER_OCTETS / 4) await this.#session.transport.flush();
      }
    }
    return missing;
  }

  async #write(message: FetchedMessage): Promise<void> {
    const { out } = this.#session;
    this.#begin(message.uid);
    let separator = '';
    let octets: MessageOctets | null = null;
    for (const item of this.#items) {
      out.text(separator);
      separator = ' ';
      switch (item.type) {
        case 'uid':
          out.text('UID ').number(message.uid);
          break;
        case 'flags':
          this.#flagsOf(message);
          break;
        case 'internaldate':
          out.text('INTERNALDATE ').text(formatDateTime(message.internalDate, 0));
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
        case 'section':
          octets ??= new MessageOctets(this.#session.store, message);
          await this.#section(item, octets);
          break;
        default:
          item satisfies never;
      }
    }
    out.text(')\r\n');
  }

  #begin(uid: number): void {
    this.#session.out.text('* ').number(this.#view.sequenceNumber(uid)).text(' FETCH (');
  }

  #flags(uid: number, at: number): void {
    const { mailbox } = this.#view;
    const { table } = mailbox;
    const { out } = this.#session;
    out.text('FLAGS ').octets(flagListOctets(mailbox, table.flags(at), table.keywordSet(at), this.#view.isRecent(uid)));
  }

  /** Flags of the arrays, which are what this connection was told of; those of the row if the message went. */
  #flagsOf({ uid, flags, keywords }: FetchedMessage): void {
    const { mailbox } = this.#view;
    const at = mailbox.table.position(uid);
    if (at >= 0) this.#flags(uid, at);
    else this.#session.out.text('FLAGS ').octets(keywordFlagList(mailbox, flags, keywords, this.#view.isRecent(uid)));
  }

  async #section(item: SectionItem, octets: MessageOctets): Promise<void> {
    const { out, transport } = this.#session;
    const { section, partial, name } = item;
    out.text(name);
    if (name === 'BODY') writeSection(out, section);
    if (partial !== null) out.text('<').number(partial.offset).text('>');
    out.sp();
    const found = octets.locate(section);
    if (found === null) {
      out.text('NIL');
      return;
    }
    const selector = this.#selectors.get(item);
    if (selector !== undefined) {
      const fields = await octets.selectFields(selector, found);
      out.literal(partial === null ? fields : fields.subarray(partial.offset, partial.offset + partial.count));
      return;
    }
    const start = partial === null ? found.start : Math.min(found.start + partial.offset, found.end);
    const end = partial === null ? found.end : Math.min(start + partial.count, found.end);
    out.literalHeader(end - start);
    const pieces = octets.inMemory({ start, end });
    if (pieces !== null) {
      for (const piece of pieces) out.octets(piece);
      return;
    }
    try {
      for await (const piece of octets.read({ start, end })) {
        out.octets(piece);
        await transport.flush();
      }
    } catch (error) {
      // The literal was announced: nothing but the end of the connection can be said now.
      if (!(error instanceof Abandoned)) this.#session.log.error({ err: error }, 'a blob cannot be read');
      throw new Abandoned('a literal broke off');
    }
  }
}

const NIL = Buffer.from('NIL');

function columnsOf(items: readonly FetchItem[]): FetchColumns {
  const columns: { -readonly [Name in keyof FetchColumns]: boolean } = {};
  for (const item of items) {
    if (item.type === 'envelope') columns.envelope = true;
    else if (item.type === 'bodystructure') columns.bodyStructure = true;
    else if (item.type === 'body') columns.body = true;
    else if (item.type === 'section') Object.assign(columns, columnsFor(item.section));
  }
  return columns;
}
