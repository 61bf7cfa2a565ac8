import type { Arguments } from '@postel/imap-wire';
import { HIERARCHY_DELIMITER } from '@postel/storage';
import { Bad, No } from './command.ts';
import { type FetchItem, parseFetchItems } from './fetch-items.ts';
import { NOTIFY_GROUPS, NOTIFY_NAMES } from './limits.ts';
import { parseMailboxName } from './mailbox-name.ts';

const MESSAGE_EVENTS = ['MessageNew', 'MessageExpunge', 'FlagChange'] as const;
const OTHER_EVENTS = ['MailboxName', 'SubscriptionChange', 'MailboxMetadataChange', 'ServerMetadataChange'] as const;
type MessageEvent = (typeof MESSAGE_EVENTS)[number];
/** RFC 5465 §5; there are no message annotations (RFC 5257). */
export type EventName = MessageEvent | (typeof OTHER_EVENTS)[number];

const EVENTS = new Map<string, EventName>(
  [...MESSAGE_EVENTS, ...OTHER_EVENTS].map((name): [string, EventName] => [name.toUpperCase(), name]),
);

/** Which mailboxes are watched: RFC 5465 §6. */
type MailboxFilter =
  | { readonly type: 'SELECTED' | 'SELECTED-DELAYED' | 'INBOXES' | 'PERSONAL' | 'SUBSCRIBED' }
  | { readonly type: 'SUBTREE' | 'MAILBOXES'; readonly names: ReadonlySet<string> };

interface EventGroup {
  readonly filter: MailboxFilter;
  readonly events: ReadonlySet<EventName>;
  /** What is told of new messages in the selected mailbox; null for nothing. */
  readonly fetch: readonly FetchItem[] | null;
}

/** What is told of the selected mailbox. */
export interface SelectedEvents {
  readonly messages: boolean;
  readonly flags: boolean;
  /** Removals wait for a command that may tell them. */
  readonly isDelayed: boolean;
  readonly fetch: readonly FetchItem[] | null;
}

const NO_EVENTS: SelectedEvents = { messages: false, flags: false, isDelayed: true, fetch: null };

/** What NOTIFY SET asks for. */
export class EventGroups {
  readonly selected: SelectedEvents;
  /** Whether anything is asked for of other mailboxes, or of the account. */
  readonly watchesOthers: boolean;
  readonly #others: readonly EventGroup[];

  constructor(groups: readonly EventGroup[]) {
    const selected = groups.find(isOfSelected);
    this.selected =
      selected === undefined
        ? NO_EVENTS
        : {
            messages: selected.events.has('MessageNew'),
            flags: selected.events.has('FlagChange'),
            isDelayed: selected.filter.type === 'SELECTED-DELAYED',
            fetch: selected.fetch,
          };
    this.#others = groups.filter((group) => !isOfSelected(group));
    this.watchesOthers = this.#others.length > 0;
  }

  /** Whether the event of a mailbox is asked for: of any but the selected one, if it is about messages. */
  wants(event: EventName, mailboxName: string, subscriptions: ReadonlySet<string>): boolean {
    return this.#others.some(({ filter, events }) => events.has(event) && isNamed(filter, mailboxName, subscriptions));
  }

  /** Whether the event is asked for of any mailbox at all. */
  hasAny(event: EventName): boolean {
    return this.#others.some(({ events }) => events.has(event));
  }
}

const isOfSelected = ({ filter: { type } }: EventGroup) => type === 'SELECTED' || type === 'SELECTED-DELAYED';

function isNamed(filter: MailboxFilter, name: string, subscriptions: ReadonlySet<string>): boolean {
  switch (filter.type) {
    case 'INBOXES':
      return name === 'INBOX'; // where all deliveries go
    case 'PERSONAL':
      return true;
    case 'SUBSCRIBED':
      return subscriptions.has(name);
    case 'MAILBOXES':
      return filter.names.has(name);
    case 'SUBTREE':
      return isUnder(name, filter.names);
    default:
      return false;
  }
}

function isUnder(name: string, roots: ReadonlySet<string>): boolean {
  if (roots.has(name)) return true;
  for (let at = name.lastIndexOf(HIERARCHY_DELIMITER); at > 0; at = name.lastIndexOf(HIERARCHY_DELIMITER, at - 1))
    if (roots.has(name.slice(0, at))) return true;
  return false;
}

/**
 * event-groups: RFC 5465 §8.
 *
 * @throws {No} [BADEVENT] for an event that is not known, [NOTIFICATIONOVERFLOW] for too much of it
 */
export function parseEventGroups(args: Arguments): EventGroups {
  const groups: EventGroup[] = [];
  let names = 0;
  for (;;) {
    const group = parseGroup(args);
    names += 'names' in group.filter ? group.filter.names.size : 0;
    if (groups.push(group) > NOTIFY_GROUPS || names > NOTIFY_NAMES)
      throw new No('Too much to watch', 'NOTIFICATIONOVERFLOW');
    if (args.isAtEnd()) break;
    args.sp();
  }
  if (groups.filter(isOfSelected).length > 1) throw new Bad('The selected mailbox stands there twice');
  return new EventGroups(groups);
}

function parseGroup(args: Arguments): EventGroup {
  const filter = parseFilter(args.expect('('));
  args.sp();
  const group = args.peek('(') ? { filter, ...parseEvents(args) } : noEvents(filter, args);
  args.expect(')');
  const { events, fetch } = group;
  if (events.has('MessageNew') !== events.has('MessageExpunge'))
    throw new Bad('MessageNew and MessageExpunge come together');
  if (events.has('FlagChange') && !events.has('MessageNew')) throw new Bad('FlagChange comes with MessageNew');
  if (isOfSelected(group) && OTHER_EVENTS.some((event) => events.has(event)))
    throw new Bad('Of the selected mailbox only its messages can be watched');
  if (fetch !== null && !isOfSelected(group)) throw new Bad('Only of the selected mailbox messages can be fetched');
  return group;
}

function noEvents(filter: MailboxFilter, args: Arguments): EventGroup {
  args.expect('NONE');
  return { filter, events: new Set(), fetch: null };
}

function parseFilter(args: Arguments): MailboxFilter {
  const type = args.atom().toUpperCase();
  switch (type) {
    case 'SELECTED':
    case 'SELECTED-DELAYED':
    case 'INBOXES':
    case 'PERSONAL':
    case 'SUBSCRIBED':
      return { type };
    case 'SUBTREE':
    case 'MAILBOXES': {
      args.sp();
      const names = args.peek('(') ? args.list(parseMailboxName) : [parseMailboxName(args)];
      if (names.length === 0) throw new Bad('The name of a mailbox is missing');
      return { type, names: new Set(names) };
    }
    default:
      throw new Bad('Unknown kind of mailboxes');
  }
}

function parseEvents(args: Arguments): Pick<EventGroup, 'events' | 'fetch'> {
  const events = new Set<EventName>();
  let fetch: readonly FetchItem[] | null = null;
  let isUnknown = false;
  const count = args.list((item) => {
    const event = EVENTS.get(item.atom().toUpperCase());
    if (event === undefined) isUnknown = true;
    else events.add(event);
    if (event === 'MessageNew' && item.peek(' (')) fetch = parseFetchItems(item.sp(), 'uid').items;
  }).length;
  if (count === 0) throw new Bad('An event is missing');
  if (isUnknown) throw new No('Not an event that is told here', `BADEVENT (${[...EVENTS.values()].join(' ')})`);
  return { events, fetch };
}
