import { HeaderFieldSelector } from '@postel/mime';
import type { FoundMailbox, Store } from '@postel/storage';
import { beginning, bounds, columnsFor, gather, MessageOctets } from './message-sections.ts';
import type { MessageUrl } from './message-url.ts';

/** What a URL of a message stands for. */
export interface UrlContent {
  readonly sizeOctets: number;
  /** @throws if they cannot be read */
  read(): AsyncIterable<Buffer>;
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

/** @throws {NoUrlContent} */
async function openMessage(store: Store, mailbox: FoundMailbox, url: MessageUrl): Promise<MessageOctets> {
  if (url.uidvalidity !== null && url.uidvalidity !== mailbox.uidvalidity)
    throw new NoUrlContent('The mailbox has another UIDVALIDITY');
  const { account, id } = mailbox;
  const [message] = await store.fetchPresentMessages(account, id, [url.uid], columnsFor(url.section));
  if (message === undefined) throw new NoUrlContent('No such message');
  return new MessageOctets(store, message);
}

function held(octets: Buffer): UrlContent {
  return {
    sizeOctets: octets.length,
    async *read() {
      yield octets;
    },
  };
}
