import { encodeBinary } from '@postel/mime';
import {
  type Content,
  type ContentWriter,
  heldOctets,
  type NewMessage,
  type Rights,
  StorageError,
} from '@postel/storage';
import { type AppendItem, type AppendSegment, parseAppendSegment, takesMessage } from './append-data.ts';
import { parseAuthorizedUrl } from './authorized-url.ts';
import { Bad, No } from './command.ts';
import { findAuthorizedMailbox } from './find-authorized-mailbox.ts';
import { findMailbox } from './find-mailbox.ts';
import { APPEND_HELD_OCTETS, APPEND_INLINE_OCTETS, APPEND_MS, CATENATE_PARTS, MESSAGES_AN_APPEND } from './limits.ts';
import { parseMessageUrl } from './message-url.ts';
import { appendableFlags } from './rights.ts';
import type { Session } from './session.ts';
import { NoUrlContent, openUrl, type UrlContent } from './url-content.ts';

const NUL = 0x00;

interface Written {
  readonly writer: ContentWriter;
  readonly head: Extract<AppendItem, { type: 'message' }>;
  parts: number;
  /** Of it so far. */
  sizeOctets: number;
  hasNul: boolean;
}

interface IncomingOptions {
  readonly mailbox: NewMessage['mailbox'];
  /** To that mailbox: flags that may not be set there are left out (RFC 4314 §4). */
  readonly rights: Rights;
  /** What the quota leaves for them; null if it has no limit. */
  readonly roomOctets: number | null;
  readonly mostMessages?: number;
}

/**
 * The messages of one command, as they stream to storage; in no mailbox yet. What can be refused is refused before the client
 * is told to send its octets.
 */
export class IncomingMessages implements AsyncDisposable {
  readonly #session: Session;
  readonly #mailbox: NewMessage['mailbox'];
  readonly #rights: Rights;
  readonly #roomOctets: number | null;
  readonly #mostMessages: number;
  readonly #messages: NewMessage[] = [];
  #written: Written | null = null;
  /** Of messages that are complete. */
  #sizeOctets = 0;
  #heldOctets = 0;
  /** When the first one was complete. */
  #waitingSince: number | null = null;

  constructor(session: Session, { mailbox, rights, roomOctets, mostMessages = MESSAGES_AN_APPEND }: IncomingOptions) {
    this.#session = session;
    this.#mailbox = mailbox;
    this.#rights = rights;
    this.#roomOctets = roomOctets;
    this.#mostMessages = mostMessages;
  }

  /** Reads the rest of the command. @returns the messages, of which there is one at least */
  async receive(first: AppendSegment): Promise<readonly NewMessage[]> {
    const { transport } = this.#session;
    for (let segment = first; ; ) {
      for (const item of segment.items) await this.#take(item);
      const literal = segment.next;
      if (literal === null) break;
      if (literal === 'url') throw new Error('a URL was to be an argument');
      const args = await transport.readOn((partial) => takesMessage(partial, literal));
      segment = parseAppendSegment(args, literal);
      if (segment.next === null) args.end();
    }
    await this.#finish();
    this.#requireTime();
    return this.#messages;
  }

  /** What they come to. */
  get added(): { readonly octets: number; readonly messages: number } {
    return { octets: this.#sizeOctets, messages: this.#messages.length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#written?.writer.abort();
    for (const { content } of this.#messages) await content.discard();
  }

  async #take(item: AppendItem): Promise<void> {
    switch (item.type) {
      case 'message':
        await this.#finish();
        this.#begin(item);
        break;
      case 'literal':
        await this.#takeLiteral(item);
        break;
      case 'url':
        await this.#takeUrl(item.url);
        break;
      default:
        item satisfies never;
    }
  }

  #begin(head: Written['head']): void {
    this.#requireTime();
    if (this.#messages.length === this.#mostMessages) throw tooMany(this.#mostMessages);
    if (this.#heldOctets > APPEND_HELD_OCTETS) throw new No('So many messages cannot be taken at once', 'LIMIT');
    this.#written = { writer: this.#writer(), head, parts: 0, sizeOctets: 0, hasNul: false };
  }

  #requireTime(): void {
    if (this.#waitingSince !== null && Date.now() - this.#waitingSince > APPEND_MS) {
      throw new No('The messages took too long to come: send fewer at once', 'LIMIT');
    }
  }

  #writer(): ContentWriter {
    const { store, services } = this.#session;
    const inlineOctets = this.#heldOctets > APPEND_INLINE_OCTETS ? 0 : undefined;
    return store.arrivals.receive(services.messageOctets, inlineOctets);
  }

  async #takeLiteral({ literal, isUtf8 }: Extract<AppendItem, { type: 'literal' }>): Promise<void> {
    const written = this.#current;
    if (isUtf8 && !literal.binary) throw new Bad('Expected a literal8');
    if (isUtf8 && !this.#session.hasEnabled('UTF8=ACCEPT')) throw new Bad('UTF8 comes with ENABLE UTF8=ACCEPT'); // RFC 6855 §4
    // RFC 9051 §6.3.12: with this a client thinks better of it.
    if (literal.size === 0 && !written.head.isCatenated) throw new No('A message has at least one octet', 'CANNOT');
    await this.#requireRoom(literal.size);
    for await (const octets of this.#session.transport.receiveMessage(literal)) {
      if (octets.includes(NUL)) {
        if (!literal.binary) throw new Bad('NUL in the message'); // RFC 9051 §4.3: only in literal8
        written.hasNul = true;
      }
      await written.writer.write(octets);
    }
  }

  /** Before octets are taken that the message is to have more. */
  async #requireRoom(octets: number): Promise<void> {
    const written = this.#current;
    const { store, services } = this.#session;
    if (++written.parts > CATENATE_PARTS) throw new No('A message cannot be put together of so many parts', 'LIMIT');
    written.sizeOctets += octets;
    if (written.sizeOctets > services.messageOctets) {
      throw new No(`A message may have ${services.messageOctets} octets`, 'TOOBIG');
    }
    if (this.#roomOctets !== null && this.#sizeOctets + written.sizeOctets > this.#roomOctets) {
      throw new No('The account is over its quota', 'OVERQUOTA');
    }
    await store.arrivals.requireDiskRoom(octets);
  }

  /** RFC 4469 §3. */
  async #takeUrl(text: string): Promise<void> {
    const { uid, content } = await this.#openUrl(text);
    try {
      await this.#copy(content.read(), content.sizeOctets);
    } catch (error) {
      if (error instanceof No) throw error;
      this.#session.log.error({ err: error, uid }, 'a message cannot be copied from');
      throw new No('The message that a URL names cannot be read now', 'UNAVAILABLE');
    }
  }

  /** @throws {No} [BADURL], [UNAVAILABLE] */
  async #openUrl(text: string): Promise<{ readonly uid: number; readonly content: UrlContent }> {
    const { store, selected } = this.#session;
    const bad = (why: string) => new No(why, { type: 'BADURL', url: text });
    const authorized = parseAuthorizedUrl(text);
    const url = authorized?.rump.message ?? parseMessageUrl(text, selected?.name ?? null);
    if (url === null) throw bad('Not the URL of a message here');
    const mailbox =
      authorized === null
        ? await findMailbox(this.#session, url.mailboxName, 'r')
        : await findAuthorizedMailbox(this.#session, authorized);
    if (mailbox === null) throw bad('No such mailbox');
    try {
      return { uid: url.uid, content: await openUrl(store, mailbox, url) };
    } catch (error) {
      if (error instanceof NoUrlContent) throw bad(error.message);
      if (error instanceof StorageError) throw error;
      this.#session.log.error({ err: error, uid: url.uid }, 'a message cannot be copied from');
      throw new No('The message that a URL names cannot be read now', 'UNAVAILABLE');
    }
  }

  async #copy(pieces: Iterable<Buffer> | AsyncIterable<Buffer>, octets: number): Promise<void> {
    await this.#requireRoom(octets);
    for await (const piece of pieces) await this.#current.writer.write(piece);
  }

  async #finish(): Promise<void> {
    if (this.#written === null) return;
    const { writer, head, sizeOctets, hasNul } = this.#written;
    if (sizeOctets === 0) throw new No('A message has at least one octet', 'CANNOT');
    let content = await writer.finish();
    this.#written = null;
    if (hasNul) content = await this.#withoutNul(content);
    const mailbox = this.#mailbox;
    const flags = appendableFlags(head.flags, this.#rights);
    const internalDate = head.date?.epochMs ?? Date.now();
    this.#messages.push({ mailbox, content, flags, internalDate, arrival: null });
    this.#sizeOctets += content.sizeOctets;
    this.#heldOctets += heldOctets(content);
    this.#waitingSince ??= Date.now();
  }

  async #withoutNul(content: Content): Promise<Content> {
    await using binary = content;
    const writer = this.#writer();
    try {
      if (!(await encodeBinary(binary, writer))) throw new No('NUL stands where base64 cannot hide it', 'UNKNOWN-CTE');
      return await writer.finish();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  get #current(): Written {
    if (this.#written === null) throw new Error('no message was begun');
    return this.#written;
  }
}

function tooMany(most: number): Error {
  return most === 1
    ? new Bad('One message at a time')
    : new No(`One APPEND takes no more than ${most} messages`, 'LIMIT');
}
