import { DEFAULT_SMARTHOST_CONNECTIONS } from '@postel/directory';
import { type Group, groupsOf, isOfOneDomain } from './group.ts';
import { TRANSACTIONS_A_DOMAIN, WAITING_FOR_A_HOST, WAITING_FOR_A_SMARTHOST } from './limits.ts';
import type { Routing } from './routing.ts';

/** What the relay has in hand, lane by lane: groups that wait for their turn or for a host, and how many are being sent. */
export class Lanes {
  /** Groups that wait for their turn, by lane. */
  readonly #waiting = new Map<string, Group[]>();
  /** The same, for whom a host has to be free, by that. */
  readonly #parked = new Map<string, Group[]>();
  /** By lane, and by the name of a route. */
  readonly #running = new Map<string, number>();
  readonly #byRoute = new Map<string, number>();
  /** Recipients that went back to the queue because a lane was full, until it has room. */
  readonly #turnedAway = new Map<string, number>();

  /** @returns those for whose lane there is no room */
  add(groups: readonly Group[]): readonly Group[] {
    return groups.filter((group) => {
      const others = this.#waiting.get(group.lane);
      // Of one domain no more is taken while it is busy; what goes to a smarthost nobody can tell before it is taken.
      if (!isOfOneDomain(group) && isFullFor(group, others ?? [])) return true;
      if (others === undefined) this.#waiting.set(group.lane, [group]);
      else others.push(group);
      return false;
    });
  }

  /** Rules have changed: what waits in hand goes by the new ones. */
  rearrange(routing: Pick<Routing, 'of'>): void {
    const recipients = this.clear().flatMap((group) => group.recipients);
    for (const group of groupsOf(recipients, routing)) {
      this.#waiting.set(group.lane, [...(this.#waiting.get(group.lane) ?? []), group]);
    }
  }

  /** Lets go of all that waits. */
  clear(): readonly Group[] {
    const groups = [...this.#waiting.values(), ...this.#parked.values()].flat();
    this.#waiting.clear();
    this.#parked.clear();
    return groups;
  }

  /** Notes that recipients of a lane went back. @returns how many had before, since it was full */
  turnAway(lane: string, recipients: number): number {
    const before = this.#turnedAway.get(lane) ?? 0;
    this.#turnedAway.set(lane, before + recipients);
    return before;
  }

  /** Those that have enough to do, or wait for a host. */
  full(): ReadonlySet<string> {
    const busy = [...this.#running].filter(([lane, count]) => this.#isBusy(lane, count)).map(([lane]) => lane);
    const parked = [...this.#parked.values()].flat().filter(isOfOneDomain);
    return new Set([...busy, ...parked.map(({ lane }) => lane)]);
  }

  /** Whether one of them has neither enough to do nor a group that waits for a host. */
  isOneFree(lanes: ReadonlySet<string>): boolean {
    if (lanes.size === 0) return false;
    const parked = new Set([...this.#parked.values()].flat().map(({ lane }) => lane));
    const isFree = (lane: string) => !parked.has(lane) && !this.#isBusy(lane, this.#running.get(lane) ?? 0);
    return [...lanes].some(isFree);
  }

  /** It has its fill of transactions, and others in hand for when one ends. */
  #isBusy(lane: string, count: number): boolean {
    return count >= TRANSACTIONS_A_DOMAIN && (this.#waiting.get(lane)?.length ?? 0) >= TRANSACTIONS_A_DOMAIN;
  }

  /**
   * Begins what may begin, one after the other; `ended` is to be called for each. Whoever has begun one is behind the others: lanes that
   * never end keep none waiting.
   */
  *begin(isBulk: boolean): Generator<Group, void> {
    for (const [lane, groups] of this.#waiting) {
      const at = groups.findIndex((group) => group.recipients[0].isBulk === isBulk && this.#hasRoom(group));
      const [group] = at === -1 ? [] : groups.splice(at, 1);
      if (group === undefined) continue;
      this.#waiting.delete(lane);
      if (groups.length > 0) this.#waiting.set(lane, groups);
      count(this.#running, lane, 1);
      count(this.#byRoute, group.routeName, 1);
      yield group;
    }
  }

  ended({ lane, routeName }: Group): void {
    count(this.#running, lane, -1);
    count(this.#byRoute, routeName, -1);
  }

  /** Lanes that have room again turn nobody away. */
  forgetTurnedAway(): void {
    for (const lane of this.#turnedAway.keys()) {
      if ((this.#waiting.get(lane)?.length ?? 0) < WAITING_FOR_A_SMARTHOST / 2) this.#turnedAway.delete(lane);
    }
  }

  #hasRoom({ lane, routeName, route, recipients: [{ isBulk }] }: Group): boolean {
    const { connections = null, hosts = [] } = route?.settings ?? {};
    const byRoute = this.#byRoute.get(routeName) ?? 0;
    if (hosts.length > 0) {
      const most = connections ?? DEFAULT_SMARTHOST_CONNECTIONS;
      // One is left for what does not go to many, if there are several.
      return byRoute < (isBulk ? Math.max(1, most - 1) : most);
    }
    if (connections !== null && byRoute >= connections) return false;
    // Each of the hosts of a domain has its own limit beside this one; a smarthost has what its route says.
    return (this.#running.get(lane) ?? 0) < TRANSACTIONS_A_DOMAIN;
  }

  /** Has it wait for a host. @returns false if many do: it does not */
  park(host: string, group: Group): boolean {
    const others = this.#parked.get(host) ?? [];
    if (others.length >= WAITING_FOR_A_HOST) return false;
    this.#parked.set(host, [...others, group]);
    return true;
  }

  /** As many as a host has room for. */
  unpark(host: string, room: number): void {
    const groups = this.#parked.get(host) ?? [];
    const free = groups.splice(0, room);
    if (groups.length === 0) this.#parked.delete(host);
    for (const group of free) this.#waiting.set(group.lane, [group, ...(this.#waiting.get(group.lane) ?? [])]);
  }
}

/** What goes to many keeps nothing else from waiting in hand, where its turn comes first. */
function isFullFor({ recipients: [{ isBulk }] }: Group, others: readonly Group[]): boolean {
  if (others.length < WAITING_FOR_A_SMARTHOST) return false;
  return isBulk || others.filter(({ recipients: [first] }) => !first.isBulk).length >= WAITING_FOR_A_SMARTHOST;
}

function count(counts: Map<string, number>, of: string, more: 1 | -1): void {
  const left = (counts.get(of) ?? 0) + more;
  if (left === 0) counts.delete(of);
  else counts.set(of, left);
}
