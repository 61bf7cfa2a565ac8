import type { Arguments } from '@postel/imap-wire';
import { authorize, isInternal, parseUrlRump, type UrlRump } from '../authorized-url.ts';
import { Bad, type Command, No, ok } from '../command.ts';
import { findMailbox } from '../find-mailbox.ts';
import { URLS_A_COMMAND } from '../limits.ts';
import type { Session } from '../session.ts';

/**
 * GENURLAUTH: RFC 4467 §7. What is wrong with a URL is BAD, as the RFC has it. Whether there is a user whom it lets in is not looked
 * at: who asks could learn who has an account.
 */
export const genUrlAuth: Command<readonly UrlRump[]> = {
  name: 'GENURLAUTH',
  state: 'authenticated',
  parse(args) {
    const rumps: UrlRump[] = [];
    do {
      if (rumps.length === URLS_A_COMMAND) throw new Bad('So many URLs are not authorized at once', 'LIMIT');
      rumps.push(parseRump(args.sp()));
    } while (!args.isAtEnd());
    return rumps;
  },
  async run(session, rumps) {
    const { out, account } = session;
    if (account.credential.type === 'anonymous') throw new No('Not for everybody', 'NOPERM');
    const urls: string[] = [];
    for (const rump of rumps) urls.push(await authorizeRump(session, rump));
    out.text('* GENURLAUTH');
    for (const url of urls) out.sp().string(url);
    out.crlf();
    return ok('URLs authorized');
  },
};

function parseRump(args: Arguments): UrlRump {
  const rump = parseUrlRump(args.astring());
  if (rump === null) throw new Bad('Not the URL of a message, with ;URLAUTH= at its end');
  if (!isInternal(args.sp().atom())) throw new Bad('There is no mechanism but INTERNAL');
  return rump;
}

async function authorizeRump(session: Session, rump: UrlRump): Promise<string> {
  const { store, account, services } = session;
  if (rump.expiresAt !== null && rump.expiresAt.getTime() <= Date.now()) throw new Bad('The URL has expired already');
  const user = await services.directory.identify(rump.user);
  if (user?.accountId !== account.accountId) throw new Bad('The user of the URL is not you');
  const mailbox = await findMailbox(session, rump.message.mailboxName, 'r');
  if (mailbox === null) throw new Bad('No such mailbox');
  return authorize(rump, await store.urlKeys.ensure(account.accountId, mailbox));
}
