/** Routes of one installation, and rules that choose one. */
export const ROUTES = 200;
export const ROUTE_RULES = 1_000;

/** Of one route: hosts that are tried one after the other, names and keys by which they are known, and source addresses. */
export const ROUTE_HOSTS = 10;
export const ROUTE_TLS_NAMES = 10;
export const ROUTE_PINNED_KEYS = 10;
export const ROUTE_SOURCES = 64;

/** Transactions at the same time of each relay process by one route, and what it has if nothing is said of a smarthost. */
export const ROUTE_CONNECTIONS = 10;
export const DEFAULT_SMARTHOST_CONNECTIONS = 5;
/** Recipients in one transaction. */
export const ROUTE_RECIPIENTS = 1_000;

/** Certificates of authorities, and our own: of one route. */
export const ROUTE_PEM_CHARACTERS = 256 * 1024;
export const ROUTE_TEXT_CHARACTERS = 1_000;
