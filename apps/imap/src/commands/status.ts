import type { Mailbox } from '@postel/storage';
import { Bad, type Command, No, ok } from '../command.ts';
import { parseMailboxName } from '../mailbox-name.ts';

const ITEMS = new Map<string, (mailbox: Mailbox) => number>([
  ['MESSAGES', (mailbox) => mailbox.messages],
  ['RECENT', (mailbox) => mailbox.recent],
  ['UIDNEXT', (mailbox) => mailbox.uidNext],
  ['UIDVALIDITY', (mailbox) => mailbox.uidvalidity],
  ['UNSEEN', (mailbox) => mailbox.unseen],
]);

interface StatusArgs {
  readonly mailboxName: string;
  readonly items: readonly string[];
}

/** STATUS: RFC 9051 §6.3.11, RFC 3501 §6.3.10. */
export const status: Command<StatusArgs> = {
  name: 'STATUS',
  state: 'authenticated',
  parse(args) {
    const mailboxName = parseMailboxName(args.sp());
    const items = args.sp().list((item) => item.label());
    if (items.length === 0 || items.some((item) => !ITEMS.has(item))) throw new Bad('Unknown STATUS item');
    return { mailboxName, items: [...new Set(items)] };
  },
  async run(session, { mailboxName, items }) {
    const mailbox = await session.store.findMailbox(session.account.accountId, mailboxName);
    if (mailbox === null) throw new No('No such mailbox', 'NONEXISTENT');
    const { out } = session;
    out.text('* STATUS ').mailboxName(mailboxName, false).text(' (');
    items.forEach((item, index) => {
      if (index > 0) out.sp();
      out
        .text(item)
        .sp()
        .number(ITEMS.get(item)?.(mailbox) ?? 0);
    });
    out.text(')').crlf();
    return ok('Status told');
  },
};
