import { type Arguments, ParseError } from '@postel/imap-wire';
import { HIERARCHY_DELIMITER } from '@postel/storage';
import { NAMES_A_TURN } from './limits.ts';
import { type ListedMailbox, listMailboxes } from './list-mailboxes.ts';
import { parseMailboxName } from './mailbox-name.ts';
import type { Session } from './session.ts';

/** Which mailboxes a command is about: filter-mailboxes of RFC 5465 §6, with subtree-one of RFC 7377 §2.2. */
export type MailboxFilter =
  | { readonly type: 'selected' | 'inboxes' | 'personal' | 'subscribed' }
  | { readonly type: 'subtree' | 'subtree-one' | 'mailboxes'; readonly names: ReadonlySet<string> };

/** @param label the first word, if it was read already */
export function parseMailboxFilter(args: Arguments, label = args.label()): MailboxFilter {
  switch (label) {
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
function parseNames(args: Arguments): ReadonlySet<string> {
  if (!args.peek('(')) return new Set([parseMailboxName(args)]);
  const names = args.list(parseMailboxName);
  if (names.length === 0) throw new ParseError('Empty list of mailboxes');
  return new Set(names);
}

/**
 * Whether a filter names a mailbox; none that is selected by its being selected.
 *
 * @param isOwn whether it is the account's, and not somebody else's
 */
export function isNamedBy(
  filter: MailboxFilter,
  { name, isOwn }: { readonly name: string; readonly isOwn: boolean },
  subscriptions: ReadonlySet<string>,
): boolean {
  switch (filter.type) {
    case 'selected':
      return false;
    case 'inboxes':
      return name === 'INBOX'; // nothing is delivered elsewhere
    case 'personal':
      return isOwn;
    case 'subscribed':
      return subscriptions.has(name);
    case 'subtree':
    case 'subtree-one':
      return isBelow(name, filter.names, filter.type === 'subtree');
    case 'mailboxes':
      return filter.names.has(name);
    default:
      return filter satisfies never;
  }
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
  const { store, account, transport } = session;
  const mailboxes = (await listMailboxes(session, null)).filter(keep);
  const asksForSubscribed = filters.some(({ type }) => type === 'subscribed');
  const subscribed = new Set(asksForSubscribed ? await store.mailboxes.listSubscriptions(account.accountId) : []);
  const found = new Set<string>();
  let looks = 0;
  for (const filter of filters) {
    for (const { name, account: owner } of mailboxes) {
      if (isNamedBy(filter, { name, isOwn: owner === account.accountId }, subscribed)) found.add(name);
      if (++looks % NAMES_A_TURN === 0) await transport.flushMuch();
    }
  }
  return [...found];
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
