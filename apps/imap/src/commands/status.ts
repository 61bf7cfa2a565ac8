import type { Arguments, ResponseWriter } from '@postel/imap-wire';
import type { Mailbox } from '@postel/storage';
import { Bad, type Command, ok } from '../command.ts';
import { requireMailbox } from '../find-mailbox.ts';
import { parseMailboxName } from '../mailbox-name.ts';
import { mailboxObjectId } from '../object-id.ts';
import type { Services } from '../services.ts';
import type { Session } from '../session.ts';

/** What is told of a mailbox, each by the function that writes its value. */
const ITEMS = new Map<string, (out: ResponseWriter, mailbox: Mailbox, services: Services) => void>([
  // RFC 7889 §3.1, and not less where there is less room (§3.3).
  ['APPENDLIMIT', (out, _, { messageOctets }) => out.number(messageOctets)],
  // RFC 9208 §4.1.4: what EXPUNGE would take off, exactly; in octets, as RFC822.SIZE is.
  ['DELETED', (out, { deleted }) => out.number(deleted)],
  ['DELETED-STORAGE', (out, { deletedOctets }) => out.number(deletedOctets)],
  ['HIGHESTMODSEQ', (out, { highestModSeq }) => out.number(highestModSeq)],
  ['MESSAGES', (out, { messages }) => out.number(messages)],
  ['RECENT', (out, { recent }) => out.number(recent)],
  ['UIDNEXT', (out, { uidNext }) => out.number(uidNext)],
  ['UIDVALIDITY', (out, { uidvalidity }) => out.number(uidvalidity)],
  ['UNSEEN', (out, { unseen }) => out.number(unseen)],
  ['SIZE', (out, { octets }) => out.number(octets)], // RFC 8438 §3
  ['MAILBOXID', (out, mailbox) => out.text('(').text(mailboxObjectId(mailbox)).text(')')], // RFC 8474 §4.3
]);

interface StatusArgs {
  readonly mailboxName: string;
  readonly items: readonly string[];
}

/** STATUS: RFC 9051 §6.3.11, RFC 3501 §6.3.10; HIGHESTMODSEQ: RFC 7162 §3.1.7. */
export const status: Command<StatusArgs> = {
  name: 'STATUS',
  state: 'authenticated',
  parse(args, session) {
    const mailboxName = parseMailboxName(args.sp());
    return { mailboxName, items: parseStatusItems(args.sp(), session) };
  },
  async run(session, { mailboxName, items }) {
    if (items.includes('HIGHESTMODSEQ')) session.enableCondstore();
    const mailbox = await requireMailbox(session, mailboxName, 'r');
    writeStatus(session, mailbox, items);
    // RFC 9051 §6.3.11: a client should not ask this of the mailbox that it has selected.
    const isSelected = session.selected?.mailbox.id === mailbox.id;
    return ok('Status told', isSelected ? 'CLIENTBUG' : null);
  },
};

/** What to tell of a mailbox: status-att in parentheses, each once. Also of LIST (RFC 5819 §2). RECENT is none of IMAP4rev2. */
export function parseStatusItems(args: Arguments, session: Session): readonly string[] {
  const items = args.list((item) => item.label());
  const isKnown = (item: string) => ITEMS.has(item) && !(item === 'RECENT' && session.hasEnabled('IMAP4rev2'));
  if (items.length === 0 || !items.every(isKnown)) throw new Bad('Unknown STATUS item');
  return [...new Set(items)];
}

export function writeStatus(session: Session, mailbox: Mailbox, items: readonly string[]): void {
  const { out } = session;
  out.text('* STATUS ');
  session.writeMailboxName(mailbox.name).text(' (');
  items.forEach((item, index) => {
    if (index > 0) out.sp();
    ITEMS.get(item)?.(out.text(item).sp(), mailbox, session.services);
  });
  out.text(')').crlf();
}
