import type { Arguments } from '@postel/imap-wire';
import { Bad, No } from './command.ts';
import { type FetchItem, parseFetchItems } from './fetch-items.ts';
import { NOTIFY_GROUPS, NOTIFY_NAMES } from './limits.ts';
import { isNamedBy, type MailboxFilter, parseMailboxFilter } from './mailbox-filter.ts';
import { isOfOtherUsers, mayStandBelow } from './other-users.ts';

const MESSAGE_EVENTS = ['MessageNew', 'MessageExpunge', 'FlagChange'] as const;
const OTHER_EVENTS = ['MailboxName', 'SubscriptionChange', 'MailboxMetadataChange', 'ServerMetadataChange'] as const;
type MessageEvent = (typeof MESSAGE_EVENTS)[number];
/** RFC 5465 §5; there are no message annotations (RFC 5257). */
export type EventName = MessageEvent | (typeof OTHER_EVENTS)[number];

const EVENTS = new Map<string, EventName>(
  [...MESSAGE_EVENTS, ...OTHER_EVENTS].map((name): [string, EventName] => [name.toUpperCase(), name]),
);

interface EventGroup {
  readonly filter: MailboxFilter;
  /** Removals wait for a command that may tell them: SELECTED-DELAYED of RFC 5465 §6.2. */
  readonly isDelayed: boolean;
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

const SELECTED: MailboxFilter = { type: 'selected' };
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
            isDelayed: selected.isDelayed,
            fetch: selected.fetch,
          };
    this.#others = groups.filter((group) => !isOfSelected(group));
    this.watchesOthers = this.#others.length > 0;
  }

  /** Whether the event of a mailbox is asked for: of any but the selected one, if it is about messages. */
  wants(event: EventName, mailboxName: string, subscriptions: ReadonlySet<string>): boolean {
    const mailbox = { name: mailboxName, isOwn: !isOfOtherUsers(mailboxName) };
    return this.#others.some(({ filter, events }) => events.has(event) && isNamedBy(filter, mailbox, subscriptions));
  }

  /** Whether any event of the mailbox is asked for. */
  wantsAny(mailboxName: string, subscriptions: ReadonlySet<string>): boolean {
    return [...EVENTS.values()].some((event) => this.wants(event, mailboxName, subscriptions));
  }

  /** Whether mailboxes of other accounts may be asked for, of whatever account. */
  get mayWantOthers(): boolean {
    return this.#others.some(({ filter }) => filter.type === 'subscribed' || namesOf(filter).some(isOfOtherUsers));
  }

  /** Whether mailboxes of another account, by its name, may be asked for. */
  mayWantOf(owner: string, subscriptions: ReadonlySet<string>): boolean {
    return this.#others.some(({ filter }) => {
      const names = filter.type === 'subscribed' ? [...subscriptions] : namesOf(filter);
      return names.some((name) => mayStandBelow(owner, name));
    });
  }

  /** Whether the event is asked for of any mailbox at all. */
  hasAny(event: EventName): boolean {
    return this.#others.some(({ events }) => events.has(event));
  }
}

const namesOf = (filter: MailboxFilter): readonly string[] => ('names' in filter ? [...filter.names] : []);

const isOfSelected = ({ filter: { type } }: EventGroup) => type === 'selected';

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
  const label = args.expect('(').label();
  const isDelayed = label === 'SELECTED-DELAYED';
  const filter = isDelayed ? SELECTED : parseMailboxFilter(args, label);
  args.sp();
  const group = { filter, isDelayed, ...(args.peek('(') ? parseEvents(args) : parseNoEvents(args)) };
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

function parseNoEvents(args: Arguments): Pick<EventGroup, 'events' | 'fetch'> {
  args.expect('NONE');
  return { events: new Set(), fetch: null };
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
