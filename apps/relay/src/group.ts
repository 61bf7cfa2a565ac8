import type { Route } from '@postel/directory';
import type { LeasedRecipient, QueuedMessage } from '@postel/queue';
import type { Routing } from './routing.ts';

/** Recipients of one message who are sent to together. */
export interface Group {
  readonly message: QueuedMessage;
  /** What has a number of transactions of its own at the same time: a domain, or the smarthosts of a route. */
  readonly lane: string;
  /** Of all, or, where they go by a smarthost, of the first. */
  readonly domain: string;
  readonly routeName: string;
  /** Null: there is none of that name. */
  readonly route: Route | null;
  /** Who all came by the same alias, and list. */
  readonly recipients: readonly [LeasedRecipient, ...LeasedRecipient[]];
  /** Those of them who turn out to be here. */
  readonly here: Set<LeasedRecipient>;
}

/** Those of one message and lane go together, and apart by the alias that brought them: it is told them. */
export function groupsOf(rows: readonly LeasedRecipient[], routing: Pick<Routing, 'of'>): readonly Group[] {
  const routed = rows.map((row) => {
    const { name, route } = routing.of(row);
    // No domain has a space. Reports, most of which are for people here, stand in no line with other mail of the smarthost.
    const reports = row.message.envelope.reversePath === '' ? ' reports' : '';
    const lane = (route?.settings.hosts.length ?? 0) > 0 ? `route ${name}${reports}` : row.domain;
    return { row, lane, name, route };
  });
  const groups = Map.groupBy(routed, ({ row: { message, alias, listFields }, lane, name }) =>
    [message.id, lane, name, alias, listFields].join('\n'),
  );
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const { row, lane, name, route } = first;
    const { message, domain } = row;
    const recipients = [row, ...others.map((other) => other.row)] as const;
    return [{ message, lane, domain, routeName: name, route, recipients, here: new Set<LeasedRecipient>() }];
  });
}

/** It waits for the servers of its domain, not for a smarthost. */
export function isOfOneDomain({ lane, domain }: Pick<Group, 'lane' | 'domain'>): boolean {
  return lane === domain;
}
