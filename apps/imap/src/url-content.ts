import { HeaderFieldSelector, transferEncoding } from '@postel/mime';
import type { FetchColumns, FoundMailbox, Store } from '@postel/storage';
import { DecodedPart } from './decoded-part.ts';
import { beginning, bounds, columnsFor, gather, MessageOctets } from './message-sections.ts';
import type { MessageUrl } from './message-url.ts';
import { partStructure } from './part-structure.ts';

/** What a URL of a message stands for. */
export interface UrlContent {
  readonly sizeOctets: number;
  /** @throws if they cannot be read */
  read(): AsyncIterable<Buffer>;
}

/** As RFC 3516 has it: without the encoding that the part was sent in. */
export interface DecodedContent extends UrlContent {
  readonly hasNul: boolean;
}

/** The URL stands for nothing; the message says why. */
export class NoUrlContent extends Error {}

/**
 * A message that was expunged is none, also where its removal is not told yet.
 *
 * @param mailbox in which the URL's is
 * @throws {NoUrlContent}
 */
export async function openUrl(store: Store, mailbox: FoundMailbox, url: MessageUrl): Promise<UrlContent> {
  const octets = await openMessage(store, mailbox, url);
  const { section } = url;
  const found = octets.locate(section);
  if (found === null) throw new NoUrlContent('The message has no such part');
  if (section.type === 'header-fields') {
    const selector = new HeaderFieldSelector(section.names, section.not ? 'except' : 'only');
    const fields = selector.select(await gather(octets.readAny(beginning(found))));
    return held(fields.subarray(...bounds(url, 0, fields.length)));
  }
  const [start, end] = bounds(url, found.start, found.end);
  return { sizeOctets: end - start, read: () => octets.readAny({ start, end }) };
}

/**
 * As `openUrl`; what is no part of its own, but a header or the whole message, is as it is.
 *
 * @returns null if the encoding is none that we know
 */
export async function openDecodedUrl(
  store: Store,
  mailbox: FoundMailbox,
  url: MessageUrl,
): Promise<DecodedContent | null> {
  const { section } = url;
  const octets = await openMessage(store, mailbox, url);
  const found = section.type === 'body' ? octets.locateEncoded(section.part) : null;
  if (found?.header == null) return { ...(await openUrl(store, mailbox, url)), hasNul: false };
  const encoding = transferEncoding(await gather(octets.readAny(beginning(found.header))));
  const part = DecodedPart.of(octets, found.body, encoding);
  if (part === null) return null;
  if (octets.isInMemory) {
    const decoded = part.inMemory();
    const range = decoded.subarray(...bounds(url, 0, decoded.length));
    return { ...held(range), hasNul: range.includes(0) };
  }
  const { from, sizeOctets, hasNul } = await part.measure(...bounds(url, 0, Number.POSITIVE_INFINITY), 0);
  return { sizeOctets, hasNul, read: () => part.read(from, from + sizeOctets) };
}

/**
 * BODYSTRUCTURE of the part that a URL is about (RFC 5524), in wire form.
 *
 * @throws {NoUrlContent}
 */
export async function readUrlStructure(store: Store, mailbox: FoundMailbox, url: MessageUrl): Promise<Buffer> {
  const { bodyStructure } = await readMessage(store, mailbox, url, { bodyStructure: true });
  const structure = bodyStructure === null ? null : partStructure(bodyStructure, url.section.part);
  if (structure === null) throw new NoUrlContent('The message has no such part');
  return structure;
}

/** @throws {NoUrlContent} */
async function openMessage(store: Store, mailbox: FoundMailbox, url: MessageUrl): Promise<MessageOctets> {
  return new MessageOctets(store, await readMessage(store, mailbox, url, columnsFor(url.section)));
}

async function readMessage(store: Store, mailbox: FoundMailbox, url: MessageUrl, columns: FetchColumns) {
  if (url.uidvalidity !== null && url.uidvalidity !== mailbox.uidvalidity)
    throw new NoUrlContent('The mailbox has another UIDVALIDITY');
  const [message] = await store.fetchPresentMessages(mailbox.account, mailbox.id, [url.uid], columns);
  if (message === undefined) throw new NoUrlContent('No such message');
  return message;
}

function held(octets: Buffer): UrlContent {
  return {
    sizeOctets: octets.length,
    async *read() {
      yield octets;
    },
  };
}
