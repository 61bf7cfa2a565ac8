import { parseAuthorizedUrl } from '../authorized-url.ts';
import { Bad, type Command, ok } from '../command.ts';
import { findAuthorizedMailbox } from '../find-authorized-mailbox.ts';
import { URLS_A_COMMAND } from '../limits.ts';
import type { Session } from '../session.ts';
import { streamLiteral } from '../stream-literal.ts';
import { NoUrlContent, openUrl, type UrlContent } from '../url-content.ts';

/**
 * URLFETCH: RFC 4467 §7. Each URL has a response of its own, so that octets go as they are read. A URL that is not good is NIL,
 * whatever is wrong with it.
 */
export const urlFetch: Command<readonly string[]> = {
  name: 'URLFETCH',
  state: 'authenticated',
  parse(args) {
    const urls: string[] = [];
    do {
      if (urls.length === URLS_A_COMMAND) throw new Bad('So many URLs are not fetched at once', 'LIMIT');
      urls.push(args.sp().astring());
    } while (!args.isAtEnd());
    return urls;
  },
  async run(session, urls) {
    const { out, transport } = session;
    for (const url of urls) {
      const content = await openAuthorized(session, url);
      out.text('* URLFETCH ').string(url).sp();
      if (content === null) out.text('NIL');
      else {
        out.literalHeader(content.sizeOctets);
        await streamLiteral(session, content.read());
      }
      out.crlf();
      await transport.flushMuch();
    }
    return ok('URLs fetched');
  },
};

async function openAuthorized(session: Session, text: string): Promise<UrlContent | null> {
  const url = parseAuthorizedUrl(text);
  const mailbox = url === null ? null : await findAuthorizedMailbox(session, url);
  if (url === null || mailbox === null) return null;
  try {
    return await openUrl(session.store, mailbox, url.rump.message);
  } catch (error) {
    if (error instanceof NoUrlContent) return null;
    throw error;
  }
}
