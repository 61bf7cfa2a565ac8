import { canonicalDomain } from '../domain-name.ts';
import { DIRECT_ROUTE, DIRECT_SETTINGS, type RouteSettings } from './route-settings.ts';

/** A way by which mail leaves. */
export interface Route {
  readonly name: string;
  readonly settings: RouteSettings;
  /** Sealed; null: it has none. */
  readonly secrets: Buffer | null;
  /** Another one after each change. */
  readonly revision: number;
}

export const BUILT_IN_ROUTE: Route = { name: DIRECT_ROUTE, settings: DIRECT_SETTINGS, secrets: null, revision: 0 };

/** A rule as it is gone by: what is null is whatever it is. */
export interface RouteCondition {
  /** An address, a domain, `*.` and a domain for all below it, or `<>`. */
  readonly sender: string | null;
  readonly recipient: string | null;
  readonly accountId: number | null;
  readonly route: string;
}

/** What is known of mail that is to leave. */
export interface RoutedMail {
  /** Without angle brackets; '' for the null reverse-path. */
  readonly reversePath: string;
  readonly forwardPath: string;
  readonly accountId: number | null;
  /** By which it is to go whatever rules say. */
  readonly pinnedRoute: string | null;
}

/** All routes and rules at one moment. */
export class RouteBook {
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #rules: readonly RouteCondition[];
  readonly #default: string;

  constructor(routes: readonly Route[], rules: readonly RouteCondition[], defaultRoute: string) {
    this.#routes = new Map([BUILT_IN_ROUTE, ...routes].map((route) => [route.name, route]));
    this.#rules = rules;
    this.#default = defaultRoute;
  }

  get(name: string): Route | null {
    return this.#routes.get(name) ?? null;
  }

  /** The name of the route that mail goes by, which may be gone if it is pinned to it. */
  choose({ reversePath, forwardPath, accountId, pinnedRoute }: RoutedMail): string {
    if (pinnedRoute !== null) return pinnedRoute;
    // Most installations have none.
    if (this.#rules.length === 0) return this.#default;
    const [sender, recipient] = [comparable(reversePath), comparable(forwardPath)];
    const rule = this.#rules.find(
      (each) =>
        (each.accountId === null || each.accountId === accountId) &&
        (each.sender === null || matches(each.sender, sender)) &&
        (each.recipient === null || matches(each.recipient, recipient)),
    );
    return rule?.route ?? this.#default;
  }
}

interface Comparable {
  readonly address: string;
  readonly domain: string;
}

function matches(pattern: string, { address, domain }: Comparable): boolean {
  if (pattern === '<>') return address === '';
  if (pattern.startsWith('*.')) return domain.endsWith(pattern.slice(1));
  return pattern.includes('@') ? pattern === address : pattern === domain;
}

/** Local parts are compared without regard to case, which nobody here goes by. */
function comparable(path: string): Comparable {
  const at = path.lastIndexOf('@');
  if (at === -1) return { address: path, domain: '' };
  const text = path.slice(at + 1);
  // An address literal is compared as it stands.
  const domain = canonicalDomain(text) ?? text.toLowerCase();
  return { address: `${path.slice(0, at).normalize('NFC').toLowerCase()}@${domain}`, domain };
}
