/** Of a request that is not a file; a device's certificate is the largest thing that people send. */
export const BODY_OCTETS = 64 * 1024;
/** Of the directory as a text: of some 10,000 accounts with their keys. */
export const DECLARATION_OCTETS = 8 * 1024 * 1024;
export const HEADER_OCTETS = 16 * 1024;
/** A URL is a route and a few names. */
export const NAME_CHARACTERS = 400;

export const HEADERS_MS = 10_000;
export const REQUEST_MS = 30_000;
export const KEEP_ALIVE_MS = 30_000;
/** Of one listener. */
export const CONNECTIONS = 500;
/** Of all listeners, from around one address: a browser has six. Who has more leaves room for others. */
export const PREFIX_CONNECTIONS = { host: 100, site: 200, region: 400 } as const;

/** Requests from one /32 or /64: a page that is clicked through makes some ten a second at most. */
export const REQUESTS = { limit: 600, intervalMs: 100 } as const;
/** The same where browsers show keys: each looks into the database. */
export const KEY_REQUESTS = { limit: 60, intervalMs: 1_000 } as const;
/**
 * Sign-ins that anybody may begin, each of which is a row of the database for five minutes: from one /21 or /32, so that whoever has
 * many addresses does not fill it.
 */
export const BEGUN_SIGN_INS = { limit: 300, intervalMs: 500 } as const;
export const COUNTED_NETWORKS = 10_000;

/** Sign-ins that wait for their answer at the same time: each may be made to wait 5 s. */
export const WAITING_SIGN_INS = 200;

/** How long requests in hand may take when the process ends. */
export const STOP_MS = 3_000;

/** Entries of a part of a long list, if it is not said how many. */
export const LISTED = 200;
export const MOST_LISTED = 1_000;
export const SEARCH_CHARACTERS = 100;
export const LISTED_MESSAGES = 200;

/** What the start page of the administration shows is read anew after so long, however many look at it. */
export const OVERVIEW_MS = 10_000;
/** The periods whose activity is shown. What is done with is kept in the queue for 30 days. */
export const ACTIVITY_DAYS = { day: 1, week: 7, month: 30 } as const;
/** Of more than a day it is counted anew after so long. */
export const ACTIVITY_MS = 60_000;

/** Reports of others on a domain, and days that sums of them are of. */
export const LISTED_REPORTS = 100;
export const REPORTED_DAYS = 30;

/** Of more servers without TLS nobody reads at once. */
export const LISTED_TLS_ALARMS = 100;
/** Domains whose DNS the start page tells of. */
export const CHECKED_DOMAINS = 100;
/** What the DNS was seen to have is looked for anew after so long, when somebody asks. */
export const DOMAIN_CHECK_MS = 3_600_000;
