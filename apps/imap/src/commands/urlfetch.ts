import type { Arguments } from '@postel/imap-wire';
import type { FoundMailbox } from '@postel/storage';
import { parseAuthorizedUrl } from '../authorized-url.ts';
import { Bad, type Command, ok } from '../command.ts';
import { findAuthorizedMailbox } from '../find-authorized-mailbox.ts';
import { URLS_A_COMMAND } from '../limits.ts';
import type { MessageUrl } from '../message-url.ts';
import type { Session } from '../session.ts';
import { streamLiteral } from '../stream-literal.ts';
import { NoUrlContent, openDecodedUrl, openUrl, readUrlStructure, type UrlContent } from '../url-content.ts';

/** What is wanted of a URL. */
interface UrlFetch {
  readonly url: string;
  /** `text`: as RFC 4467 has it. The others are named in the answer: RFC 5524. */
  readonly content: 'text' | 'BODY' | 'BINARY' | null;
  readonly hasStructure: boolean;
}

/** What there is of a good one. */
interface FetchedUrl {
  readonly structure: Buffer | null;
  /** Null: nothing was wanted, or BINARY of an encoding that is not known. */
  readonly content: (UrlContent & { readonly hasNul?: boolean }) | null;
}

/**
 * URLFETCH: RFC 4467 §7; with parameters RFC 5524. Each URL has a response of its own, so that octets go as they are read. A URL that
 * is not good is NIL, whatever is wrong with it.
 */
export const urlFetch: Command<readonly UrlFetch[]> = {
  name: 'URLFETCH',
  state: 'authenticated',
  parse(args) {
    const wanted: UrlFetch[] = [];
    do {
      if (wanted.length === URLS_A_COMMAND) throw new Bad('So many URLs are not fetched at once', 'LIMIT');
      wanted.push(parseUrlFetch(args.sp()));
    } while (!args.isAtEnd());
    return wanted;
  },
  async run(session, wanted) {
    const { out, transport } = session;
    for (const one of wanted) {
      const fetched = await fetchUrl(session, one);
      out.text('* URLFETCH ').string(one.url).sp();
      if (fetched === null) out.text('NIL');
      else await write(session, one, fetched);
      out.crlf();
      await transport.flushMuch();
    }
    return ok('URLs fetched');
  },
};

function parseUrlFetch(args: Arguments): UrlFetch {
  if (!args.skip('(')) return { url: args.astring(), content: 'text', hasStructure: false };
  const url = args.astring();
  const names = new Set<string>();
  while (args.skip(' ')) {
    const name = args.label();
    if (names.has(name)) throw new Bad('A parameter is named twice');
    names.add(name);
  }
  args.expect(')');
  const hasStructure = names.delete('BODYPARTSTRUCTURE');
  const [name, another] = names;
  if (another !== undefined) throw new Bad('One of BODY and BINARY');
  if (name !== undefined && name !== 'BODY' && name !== 'BINARY') throw new Bad('Unknown parameter');
  return { url, content: name ?? (hasStructure ? null : 'text'), hasStructure };
}

/** Null if the URL is not good. */
async function fetchUrl(session: Session, { url: text, content, hasStructure }: UrlFetch): Promise<FetchedUrl | null> {
  const { store } = session;
  const url = parseAuthorizedUrl(text);
  const mailbox = url === null ? null : await findAuthorizedMailbox(session, url);
  if (url === null || mailbox === null) return null;
  const { message } = url.rump;
  try {
    const structure = hasStructure ? await readUrlStructure(store, mailbox, message) : null;
    return { structure, content: content === null ? null : await open(session, mailbox, message, content) };
  } catch (error) {
    if (error instanceof NoUrlContent) return null;
    throw error;
  }
}

function open(
  { store }: Session,
  mailbox: FoundMailbox,
  message: MessageUrl,
  content: 'text' | 'BODY' | 'BINARY',
): Promise<FetchedUrl['content']> {
  return content === 'BINARY' ? openDecodedUrl(store, mailbox, message) : openUrl(store, mailbox, message);
}

async function write(session: Session, wanted: UrlFetch, { structure, content }: FetchedUrl): Promise<void> {
  const { out } = session;
  if (structure !== null) out.text('(BODYPARTSTRUCTURE ').octets(structure).text(')');
  if (structure !== null && wanted.content !== null) out.sp();
  if (wanted.content === null) return;
  const isNamed = wanted.content !== 'text';
  if (isNamed) out.text('(').text(wanted.content).sp();
  if (content === null) out.text('NIL');
  else {
    if (content.hasNul === true) out.literal8Header(content.sizeOctets);
    else out.literalHeader(content.sizeOctets);
    await streamLiteral(session, content.read());
  }
  if (isNamed) out.text(')');
}
