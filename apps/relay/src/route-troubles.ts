import type { Logger } from '@postel/supervision';
import { ROUTE_TROUBLE_MS } from './limits.ts';
import type { RelayMetrics } from './relay-metrics.ts';

/** What stands in the way of a route. */
export type RouteTrouble = 'login' | 'tls' | 'secrets' | 'source' | 'unreachable' | 'protocol' | 'missing';

/** Tells the operator of routes that do not work: they are theirs to repair, and mail waits meanwhile. */
export class RouteTroubles {
  readonly #log: Logger;
  readonly #metrics: Pick<RelayMetrics, 'routeFailures'>;
  readonly #now: () => number;
  /** By the name of the route. */
  readonly #told = new Map<string, { readonly trouble: RouteTrouble; readonly atMs: number }>();

  constructor(log: Logger, metrics: Pick<RelayMetrics, 'routeFailures'>, now: () => number) {
    this.#log = log;
    this.#metrics = metrics;
    this.#now = now;
  }

  /** Each is counted, and told when it is new and from time to time. @param text without secrets */
  tell(route: string, trouble: RouteTrouble, text: string): void {
    this.#metrics.routeFailures.inc({ route, reason: trouble });
    const known = this.#told.get(route);
    if (known?.trouble === trouble && this.#now() - known.atMs < ROUTE_TROUBLE_MS) return;
    this.#told.set(route, { trouble, atMs: this.#now() });
    this.#log.warn({ route, trouble, reason: text }, 'a route does not work: mail that is to go by it waits');
  }

  isOver(route: string): void {
    if (this.#told.delete(route)) this.#log.info({ route }, 'the route works again');
  }
}
