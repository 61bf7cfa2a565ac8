/** Every limit of the relay, in one place. Those of the queue and its schedule are in packages/queue/src/limits.ts. */

/** Mail transactions at the same time, each on a connection of its own: in all, with one domain, and with one host, for whichever domains. */
export const TRANSACTIONS = 50;
export const TRANSACTIONS_A_DOMAIN = 5;
export const TRANSACTIONS_A_HOST = 10;

/** Messages of other domains that may wait in hand for such a host. The rest goes back to the queue, for this long and up to twice as long. */
export const WAITING_FOR_A_HOST = 100;
export const BUSY_HOST_MS = 5_000;

/** Hosts that are remembered because they were in trouble. */
export const HOSTS_IN_TROUBLE = 10_000;

/** An address that did not answer is left alone for so long. */
export const UNREACHABLE_MS = 30_000;

/** Messages that go by one connection, how long it may last, and wait for the next message; and how many wait. */
export const MESSAGES_A_CONNECTION = 100;
export const CONNECTION_MS = 5 * 60_000;
export const IDLE_MS = 3_000;
export const IDLE_SESSIONS = 50;

/** Messages that may wait in hand for a smarthost. The rest goes back to the queue, the longer the more there are, up to the last. */
export const WAITING_FOR_A_SMARTHOST = 100;
export const BUSY_SMARTHOST_MS = { first: 5_000, last: 60_000 };

/** How often it is told of a route that it still does not work. */
export const ROUTE_TROUBLE_MS = 10 * 60_000;

/** Recipients in one transaction: what every server has to take (RFC 5321 §4.5.3.1.8), if it does not say less (RFC 9422). */
export const RECIPIENTS = 100;

/** Rows that are taken out of the queue at once, and had in hand in all. */
export const ROWS_AT_ONCE = 200;
export const ROWS_IN_HAND = 1_000;

/** Of these, rows and transactions of what goes to many: the rest is for what people write to one another. */
export const BULK_ROWS_IN_HAND = 500;
export const BULK_TRANSACTIONS = 40;

/** Who tells that something is due may not be heard: it is looked for this often at least. */
export const LOOK_MS = 30_000;
/** And no more often than this for what is due and may not be taken, because its domain has enough to do, say. */
export const LOOK_PAUSE_MS = 1_000;

/** Hosts of a domain that are tried, and addresses of a host. */
export const HOSTS = 10;
export const ADDRESSES_A_HOST = 4;

/** RFC 5321 §4.5.3.2, for whoever answers. */
export const CONNECT_MS = 30_000;
export const REPLY_MS = 5 * 60_000;
export const DATA_REPLY_MS = 2 * 60_000;
export const END_OF_DATA_REPLY_MS = 10 * 60_000;

/** How long all of a transaction may take that goes at a trickle: this, and a second more for so many octets. */
export const TRANSACTION_MS = 30 * 60_000;
export const OCTETS_A_SECOND = 1_000;

/** Signatures that are remembered, and for how long: of a message to many domains. */
export const SIGNATURES = 1_000;
export const SIGNATURE_MS = 5 * 60_000;

/** Keys of domains that were read so recently serve for the next message. */
export const RECENT_KEYS = 1_000;
export const RECENT_KEYS_MS = 1_000;

/** How often the DNS is asked for DKIM keys of a domain that wait for it, while its mail leaves. */
export const LOOKS_FOR_KEYS_MS = 5 * 60_000;

/** What a report may be that is delivered here. */
export const LOCAL_MESSAGE_OCTETS = 2_000 * 1024 * 1024;

/** Between attempts to reach the database: the first, doubling up to the last. */
export const DATABASE_RETRY_MS = { first: 500, last: 10_000 };

/** How often it is looked for policies of MTA-STS that were not fetched for a day. */
export const REFRESH_MS = 10 * 60_000;

/** How often what came of TLS is written down. */
export const FLUSH_MS = 60_000;

/** How often the clock is looked at by which lifetimes are counted: CLOCK_GAP_MS of the queue is a good deal longer. */
export const CLOCK_MS = 60_000;

/** How often what is long finished is removed. */
export const PRUNE_MS = 60 * 60_000;

/** How long transactions in hand may go on when the process stops, to hear whether the other side has the message. It has 8 s for all of it. */
export const STOP_MS = 4_000;

/**
 * Events that are brought to webhooks at the same time, and of these at most to those that are slow or take nothing. Of each webhook
 * there are `WEBHOOK.atOnce` of the queue at most; of such a one, one.
 */
export const EVENTS_AT_ONCE = 50;
export const EVENTS_TO_SLOW_WEBHOOKS = 25;

/** A webhook that takes longer for an event is slow until it is quicker. */
export const SLOW_WEBHOOK_MS = 2_000;

/** How long nothing is brought to a webhook that has not taken an event, or several in a row: the first time, doubling up to the last. */
export const WEBHOOK_REST_MS = { first: 1_000, last: 60_000 };

/** Webhooks in trouble that are remembered. */
export const WEBHOOKS_IN_TROUBLE = 10_000;
