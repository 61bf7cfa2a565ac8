import { type Arguments, ParseError } from '@postel/imap-wire';
import { HIERARCHY_DELIMITER } from '@postel/storage';
import { type ListedMailbox, listMailboxes } from './list-mailboxes.ts';
import { parseMailboxName } from './mailbox-name.ts';
import type { Session } from './session.ts';

/** Which mailboxes a command is about: filter-mailboxes of RFC 5465 §6, with subtree-one of RFC 7377 §2.2. */
export type MailboxFilter =
  | { readonly type: 'selected' | 'inboxes' | 'personal' | 'subscribed' }
  | { readonly type: 'subtree' | 'subtree-one' | 'mailboxes'; readonly names: readonly string[] };

export function parseMailboxFilter(args: Arguments): MailboxFilter {
  const name = args.label();
  switch (name) {
    case 'SELECTED':
      return { type: 'selected' };
    case 'INBOXES':
      return { type: 'inboxes' };
    case 'PERSONAL':
      return { type: 'personal' };
    case 'SUBSCRIBED':
      return { type: 'subscribed' };
    case 'SUBTREE':
      return { type: 'subtree', names: parseNames(args.sp()) };
    case 'SUBTREE-ONE':
      return { type: 'subtree-one', names: parseNames(args.sp()) };
    case 'MAILBOXES':
      return { type: 'mailboxes', names: parseNames(args.sp()) };
    default:
      throw new ParseError('Unknown way to name mailboxes');
  }
}

/** one-or-more-mailbox. */
function parseNames(args: Arguments): readonly string[] {
  if (!args.peek('(')) return [parseMailboxName(args)];
  const names = args.list(parseMailboxName);
  if (names.length === 0) throw new ParseError('Empty list of mailboxes');
  return names;
}

/**
 * The names of those that are there, but for the selected one, which has no name here; each once, in the order of the filters.
 *
 * @param keep which of them, by what was counted when they were listed
 */
export async function namesThatMeet(
  session: Session,
  filters: readonly MailboxFilter[],
  keep: (mailbox: ListedMailbox) => boolean,
): Promise<readonly string[]> {
  const { store, account } = session;
  const mailboxes = (await listMailboxes(session, null)).filter(keep);
  const asksForSubscribed = filters.some(({ type }) => type === 'subscribed');
  const subscribed = new Set(asksForSubscribed ? await store.listSubscriptions(account.accountId) : []);
  const isIn = (filter: MailboxFilter): ((mailbox: ListedMailbox) => boolean) => {
    switch (filter.type) {
      case 'selected':
        return () => false;
      case 'inboxes':
        return ({ name }) => name === 'INBOX'; // nothing is delivered elsewhere
      case 'personal':
        return (mailbox) => mailbox.account === account.accountId;
      case 'subscribed':
        return ({ name }) => subscribed.has(name);
      case 'subtree':
      case 'subtree-one': {
        const tops = new Set(filter.names);
        return ({ name }) => isBelow(name, tops, filter.type === 'subtree');
      }
      case 'mailboxes': {
        const names = new Set(filter.names);
        return ({ name }) => names.has(name);
      }
      default:
        return filter satisfies never;
    }
  };
  return [...new Set(filters.flatMap((filter) => mailboxes.filter(isIn(filter)).map(({ name }) => name)))];
}

/** Whether it is one of these, or below one: at any depth, or next to it. */
function isBelow(name: string, tops: ReadonlySet<string>, atAnyDepth: boolean): boolean {
  if (tops.has(name)) return true;
  for (let at = name.lastIndexOf(HIERARCHY_DELIMITER); at > 0; at = name.lastIndexOf(HIERARCHY_DELIMITER, at - 1)) {
    if (tops.has(name.slice(0, at))) return true;
    if (!atAnyDepth) return false;
  }
  return false;
}
