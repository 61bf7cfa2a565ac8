import type { Arguments, ResponseWriter } from '@postel/imap-wire';
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
    return { mailboxName, items: parseStatusItems(args.sp()) };
  },
  async run(session, { mailboxName, items }) {
    const mailbox = await session.store.findMailbox(session.account.accountId, mailboxName);
    if (mailbox === null) throw new No('No such mailbox', 'NONEXISTENT');
    writeStatus(session.out, mailbox, items);
    return ok('Status told');
  },
};

/** What to tell of a mailbox: status-att in parentheses, each once. Also of LIST (RFC 5819 §2). */
export function parseStatusItems(args: Arguments): readonly string[] {
  const items = args.list((item) => item.label());
  if (items.length === 0 || items.some((item) => !ITEMS.has(item))) throw new Bad('Unknown STATUS item');
  return [...new Set(items)];
}

export function writeStatus(out: ResponseWriter, mailbox: Mailbox, items: readonly string[]): void {
  out.text('* STATUS ').mailboxName(mailbox.name, false).text(' (');
  items.forEach((item, index) => {
    if (index > 0) out.sp();
    out
      .text(item)
      .sp()
      .number(ITEMS.get(item)?.(mailbox) ?? 0);
  });
  out.text(')').crlf();
}
