import type { NetworkLimits } from './network-use.ts';

/** Every limit on what comes from a client, in one place. docs/receiving.md explains those of MX. */

/** Octets of a message that is refused already which are read all the same, so that the client hears why. */
export const DISCARDED_OCTETS = 100 * 1024 * 1024;

/**
 * A line of a message, without its CRLF. RFC 5321 §4.5.3.1.6 asks for 998, and programs that put a whole HTML page on a
 * line exist; what is longer still, few other servers would take from us.
 */
export const TEXT_LINE_OCTETS = 64 * 1024;

/** A command line, without its CRLF. RFC 5321 §4.5.3.1.4 asks for 512, and MAIL has parameters for 500 more. */
export const COMMAND_LINE_OCTETS = 2_048;

/** A response in an AUTH exchange, in base64 (RFC 4954 §4). */
export const AUTH_RESPONSE_OCTETS = 12_288;

/** The longest line that is held at all: `AUTH`, a mechanism and an initial response. */
export const LINE_OCTETS = AUTH_RESPONSE_OCTETS + 64;

/** How much of an over-long line is passed over, in the hope of its end, before the connection closes. */
export const SKIPPED_LINE_OCTETS = 64 * 1024;

/** A reverse-path or forward-path with its angle brackets (RFC 5321 §4.5.3.1.3). */
export const PATH_OCTETS = 256;

/** ENVID and ORCPT, as they come (RFC 3461 §5.4). */
export const ENVELOPE_ID_CHARACTERS = 100;
export const ORIGINAL_RECIPIENT_CHARACTERS = 500;

/** Of a message's header section, what is sent back in a DSN. */
export const NOTIFIED_HEADER_OCTETS = 64 * 1024;

/** A client's name in EHLO (RFC 5321 §4.5.3.1.2). */
export const CLIENT_NAME_OCTETS = 255;

/** RFC 5321 §4.5.3.1.8 asks for 100. */
export const RECIPIENTS = 1_000;

/** Of RCPT commands that led to one account, how many are kept with the message. */
export const PATHS_KEPT = 10;

/** Commands in a row that bring neither a recipient nor a message, on MX, where nobody logs in: a refused group and more. */
export const COMMANDS_WITHOUT_PROGRESS = RECIPIENTS + 100;

/** Replies to commands that were no commands; a mail program makes none. */
export const FAULTS = 20;

/** Refused logins on one connection. */
export const FAILED_LOGINS = 5;

/** Commands of whoever has not logged in; a mail program needs four. */
export const COMMANDS_BEFORE_LOGIN = 100;
/** What is said later than this after the greeting, without a login, is the last: a person may have to look for a password. */
export const LOGIN_MS = 10 * 60_000;

/** Addresses that do not exist, asked for on one MX connection: beyond so many each reply waits a little longer ... */
export const UNKNOWN_RECIPIENTS_AT_ONCE = 10;
export const UNKNOWN_RECIPIENT_MS = 200;
/** ... and at so many the connection ends: who has a list that bad guesses. */
export const UNKNOWN_RECIPIENTS = 30;

/**
 * What MX takes from one host, the networks around it, and no more for a while: so much at once, and then one in each interval. A
 * large provider sends from many hosts; a list server that has thousands of readers here is `login.trustedNetworks`.
 */
export const NETWORK_LIMITS: NetworkLimits = {
  messages: {
    host: { limit: 2_000, intervalMs: 1_000 },
    site: { limit: 6_000, intervalMs: 300 },
    region: { limit: 20_000, intervalMs: 100 },
  },
  recipients: {
    host: { limit: 10_000, intervalMs: 200 },
    site: { limit: 30_000, intervalMs: 60 },
    region: { limit: 100_000, intervalMs: 20 },
  },
  // Addresses that do not exist.
  failures: {
    host: { limit: 100, intervalMs: 36_000 },
    site: { limit: 300, intervalMs: 12_000 },
    region: { limit: 1_000, intervalMs: 3_600 },
  },
};
/** Networks of which that is known, each use by itself; about 100 octets each. */
export const NETWORKS_KEPT = 30_000;
/** The reply to an address that does not exist waits so long at the limit of failures, and less by the square before. */
export const FAILURE_DELAY_MS = 10_000;

/** How long a message is held at most until it is released (RFC 4865): a year, and a day of it that leap years have. */
export const HOLD_SECONDS = 366 * 86_400;
/** What of one account is held at once, whatever its messages are released for. */
export const HELD = { messages: 1_000, octets: 1024 * 1024 * 1024 } as const;

/** How long what is for other servers waits at most until what is for accounts here is settled; see deliver-everywhere.ts. */
export const HELD_BACK_MS = 60_000;

/** Received fields of one message: RFC 5321 §6.3 asks for at least 100. */
export const HOPS = 100;

/** What we put before a message is no longer: two paths, two host names, TLS, date. */
export const ADDED_OCTETS = 5_120;

/** How long questions to the DNS may take once a message is here: whoever has sent it waits for the reply. */
export const DNS_AFTER_DATA_MS = 10_000;
/** Of clients that hear the same whatever the DNS says. */
export const EXEMPT_DNS_AFTER_DATA_MS = 1_000;

/** A DNSBL that is believed is checked so often, and one that is not so often. */
export const DNSBL_CHECK_MS = 10 * 60_000;
export const DNSBL_RECHECK_MS = 60_000;

/** How long SPF of a client's name may take, from the first recipient on, before a null reverse-path is held to be without. */
export const NULL_SENDER_SPF_MS = 5_000;

/** A message of more octets is not shown to Rspamd: its own limit, if nobody changes it. */
export const RSPAMD_OCTETS = 50 * 1024 * 1024;
/** From the connection to the last octet of its answer. It gives up a message after 8 seconds itself. */
export const RSPAMD_MS = 15_000;
/** Its answer: one about a message with hundreds of links has 50 kB. */
export const RSPAMD_ANSWER_OCTETS = 1024 * 1024;
/** Messages that it is shown at the same time; any more are taken unseen, as those of a server with a dead Rspamd. */
export const RSPAMD_MESSAGES = 100;
/** Of the recipients of a message, how many it is told. */
export const RSPAMD_RECIPIENTS = 100;
/** Failures in a row after which it is left alone for so long, so that a dead one does not hold up each message. */
export const RSPAMD_FAILURES = 3;
export const RSPAMD_PAUSE_MS = 30_000;
/** What is kept of its answer: names of symbols, header fields, and a text for the reply. */
export const RSPAMD_SYMBOLS = 30;
export const RSPAMD_FIELDS = 10;
export const RSPAMD_FIELD_CHARACTERS = 2_000;
export const RSPAMD_TEXT_CHARACTERS = 200;

/** Why a message is suspect is told in so many reasons, each of so many characters: one fits in a line of a reply (RFC 5321 §4.5.3.1.5). */
export const REASONS = 5;
export const REASON_CHARACTERS = 300;

/** An Authentication-Results field that is looked at: what is longer is not passed on. */
export const RESULTS_FIELD_OCTETS = 16 * 1024;

/** Commands done before other connections get their turn. */
export const COMMANDS_A_TURN = 100;

/** Replies kept back to be sent with the next ones. */
export const GATHERED_OCTETS = 16 * 1024;

/** Connections to one listener. */
export const CONNECTIONS = 5_000;

/** Connections beyond that limit which are told of it; of any more the system is left to get rid. As many beyond that of their network. */
export const REFUSED_CONNECTIONS = 100;

/** Where connections cannot be accepted, the log says so this often. */
export const LISTENER_LOG_MS = 10_000;

/** Sessions of one account; not from trusted networks. How many connections one network may have says PREFIX_CONNECTIONS. */
export const SESSIONS_AN_ACCOUNT = 100;

/** How long another mail server waits for the greeting, to show whether it does. */
export const GREETING_MS = 100;

/** How long a client may be silent: RFC 5321 §4.5.3.2.7 asks for 5 minutes. */
export const IDLE_MS = 5 * 60_000;

/**
 * How long the rest of a command line may take once its beginning is here. Silence alone has no end for who sends an octet from
 * time to time. RFC 5321 §4.5.3.2.7 asks for as much for a whole command.
 */
export const COMMAND_LINE_MS = 5 * 60_000;

/**
 * How long a client may be waited for while it sends a message: this, and a second more for so many octets. RFC 5321 §4.5.3.2.5
 * gives 3 minutes to a block of data. A satellite telephone, with 240 octets a second, brings a message of 180 kB.
 */
export const DATA_MS = 10 * 60_000;
export const DATA_OCTETS_A_SECOND = 1_000;

/** How long a TLS handshake may take. */
export const TLS_HANDSHAKE_MS = 60_000;

/** How long a client may take to close its side after we have closed ours. */
export const LINGER_MS = 10_000;

/** How long the mail transaction in hand may go on when a session loses its account or its credential. */
export const SESSION_END_MS = 2_000;

/** How long mail transactions in hand may go on when the server stops. The process has 8 s for all of it. */
export const STOP_MS = 2_500;

/** And how long clients have after that to read the last reply. */
export const STOP_LINGER_MS = 500;

/** The header section of a submitted message, which is held until all of it has come. Mail programs write a few kB. */
export const SUBMITTED_HEADER_OCTETS = 256 * 1024;

/** Mailboxes in From and Sender of a submitted message, each of which is looked up. */
export const AUTHORS = 50;

/** What is recorded of mail (docs/tracing.md): rows that wait to be written, and that are written together. What is more is lost, and counted. */
export const RECORDS_WAITING = 20_000;
export const RECORDS_AT_ONCE = 500;
/** How long the last of them may take when the process ends. */
export const RECORDS_STOP_MS = 1_000;
/** Of one mail transaction: each account that it is for has one before any has a second, by another of its addresses. */
export const RECORDS_A_TRANSACTION = 2_000;
/** Of a reply, and of a name in EHLO, so much is recorded. */
export const RECORDED_REPLY_CHARACTERS = 500;
export const RECORDED_NAME_CHARACTERS = 255;
/** Of an address that was refused. A path has 256 octets (RFC 5321 §4.5.3.1.3). */
export const RECORDED_PATH_CHARACTERS = 256;
/** Rows of what was not accepted that a process makes in an hour; what is more is counted by network. */
export const HOURLY_RECORDS = {
  concerning: { ofRegion: 500, ofAll: 5_000 },
  idle: { ofRegion: 100, ofAll: 1_000 },
  networks: 1_000,
} as const;

/** Reports on our domains that are put aside at the same time, and octets of one of them: what is larger is not read. */
export const REPORTS_IN_HAND = 5;
export const REPORT_MAIL_OCTETS = 10 * 1024 * 1024;

/** How often what DMARC found is written down, for reports; and signatures of one message that they tell of. */
export const REPORT_FLUSH_MS = 60_000;
export const DMARC_SIGNATURES = 10;
