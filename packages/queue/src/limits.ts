import type { Schedule } from './schedule.ts';

/** Every limit of the queue, and its times, in one place. docs/sending.md explains those that senders meet. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** RFC 5321 §4.5.4.1 asks for 4 to 5 days at least. The first attempt is made at once. */
export const DEFAULT_SCHEDULE: Schedule = {
  lifetimeMs: 5 * DAY_MS,
  firstPauseMs: 5 * MINUTE_MS,
  longestPauseMs: 4 * HOUR_MS,
  delayReportMs: 4 * HOUR_MS,
};

/** Of each pause, by chance, more or less: what failed together is not tried again together. */
export const JITTER = 0.2;

/** How long it is kept what became of a recipient: as long as, by default, what became of the message when it came. */
export const HISTORY_MS = 30 * DAY_MS;

/** How long whoever took a row has it, unless that is renewed: after a crash it waits no longer. */
export const LEASE_MS = 2 * MINUTE_MS;

/** Of the time since the clock was last looked at, no more than this counts: it has jumped, or nobody was sending mail. */
export const CLOCK_GAP_MS = 10 * MINUTE_MS;
/** A clock that goes back by less than this is set right. */
export const CLOCK_JUMP_MS = MINUTE_MS;

/** Octets that no message came to name are swept after so long: longer than any message takes. */
export const STRAY_CONTENT_MS = DAY_MS;

/** A message up to this size is read together with the rows of its recipients, and is in memory as long as these are in hand. */
export const SMALL_MESSAGE_OCTETS = 16 * 1024;

/** Recipients that one account may have in the queue. */
export const RECIPIENTS_AN_ACCOUNT = 10_000;

/** A message to so many others comes behind those of people. */
export const BULK_RECIPIENTS = 50;

/** As much as of what is taken at once is taken of them in any case. */
export const BULK_PART = 0.25;

/** What is kept of a reply. */
export const REPLY_CHARACTERS = 1_000;

/** Of a message that is sent back whole, because its sender asked for that (RFC 3461 §4.3); of a larger one its header section is. */
export const RETURNED_OCTETS = 1024 * 1024;
/** Of a header section that is sent back. */
export const RETURNED_HEADER_OCTETS = 64 * 1024;

/**
 * Reports to senders, in an hour: to one address elsewhere, to all of one domain, and to one whose messages were submitted here. Beyond it
 * they hear no more, so that nobody has this server flood others.
 */
export const REPORTS_AN_ADDRESS = 50;
export const REPORTS_A_DOMAIN = 1_000;
export const REPORTS_AN_ACCOUNT = 1_000;
/** How long it is kept how many there were. */
export const REPORT_COUNTS_MS = DAY_MS;

/** Rows of the history that are removed in one transaction. */
export const PRUNED_AT_ONCE = 1_000;

/** A policy of MTA-STS in use is fetched anew once a day (RFC 8461 §3.3), and after so long where that failed. */
export const STS_REFRESH_MS = DAY_MS;
export const STS_RETRY_MS = HOUR_MS;
/** One that no mail has asked for so long is left to its end. */
export const STS_USED_MS = 30 * DAY_MS;
/** How long it is kept that none could be had. */
export const STS_FAILURE_MS = DAY_MS;

/** What was read of a policy serves for so long; of so many domains. */
export const RECENT_STS_MS = 1_000;
export const RECENT_STS_DOMAINS = 1_000;

/** How long a host is remembered that nobody has sent mail to. */
export const TLS_HOST_MS = 180 * DAY_MS;

/**
 * Reports on TLS and on DMARC go out some hours after the day, by chance of the domain's name (RFC 8460 §4.1, RFC 7489 §7.2): this at
 * least, and so much more at most.
 */
export const REPORT_PAUSE_MS = 10 * MINUTE_MS;
export const REPORT_SPREAD_MS = 4 * HOUR_MS;
/** A report that could not be sent is tried again after so long, until so long after its day (RFC 8460 §5.5). */
export const REPORT_RETRY_MS = HOUR_MS;
export const REPORT_LIFETIME_MS = 2 * DAY_MS;
/** What a report tells apart, of what happened most. */
export const REPORTED_ROWS = 1_000;
/** What is told apart of one domain on one day, and of all of them together. */
export const RESULTS_A_DAY = 5_000;
export const RESULTS_KEPT = 500_000;
/** What one process counts between two writes. */
export const RESULTS_IN_HAND = 10_000;

/** Messages that say they are reports: octets of one, and how many wait to be read. */
export const RECEIVED_REPORT_OCTETS = 10 * 1024 * 1024;
export const RECEIVED_REPORTS = 500;
/** Rows of reports that others sent on one domain: of those who answer for them, and of all others together. Beyond, the oldest go. */
export const ROWS_A_DOMAIN = 200_000;
export const UNVERIFIED_ROWS_A_DOMAIN = 20_000;
/** Sums of what reports have counted are no larger: beyond, numbers are not exact, and a database's bigint has an end. */
export const MOST_SUMMED = Number.MAX_SAFE_INTEGER;
/** Rows that one statement writes. */
export const ROWS_AT_ONCE = 2_000;
/** Of a list for a page. */
export const SOURCES_SHOWN = 200;

/** Events of sending for webhooks: docs/webhooks.md. */
export const WEBHOOK = {
  /** That wait for one; of any more it does not hear. */
  waiting: 10_000,
  /** That are brought to one at the same time. */
  atOnce: 5,
  leaseMs: MINUTE_MS,
  firstPauseMs: 30_000,
  longestPauseMs: HOUR_MS,
  lifetimeMs: DAY_MS,
  reasonCharacters: 300,
} as const;
