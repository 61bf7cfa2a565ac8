/** Everything that a client could otherwise make grow, in one place. Commands' own limits are imap-wire's. */

/** APPENDLIMIT (RFC 7889). Well below 2^53: imapflow reads a larger one as 0 and refuses to append. */
export const MESSAGE_OCTETS = 100 * 1024 * 1024;

/** RFC 9051 §5.4: at least 30 minutes once logged in. */
export const IDLE_TIMEOUT_MS = 31 * 60_000;
/** Before login nobody needs long. */
export const LOGIN_TIMEOUT_MS = 60_000;
/** A client that takes nothing for so long while we have octets for it is gone. */
export const WRITE_TIMEOUT_MS = 5 * 60_000;
export const TLS_HANDSHAKE_MS = 30_000;

/** What may wait for a slow client before the command that produces it waits too. */
export const OUTPUT_HIGH_WATER_OCTETS = 256 * 1024;

/** Failed logins on one connection before it is closed. */
export const LOGIN_FAILURES = 5;
/** Unknown or malformed commands in a row before the connection is closed: it speaks something else. */
export const BAD_COMMANDS = 20;

export const CONNECTIONS = 10_000;

/** Messages read at once when their content comes along, and when it does not. */
export const FETCH_CONTENT_BATCH = 64;
export const FETCH_BATCH = 1_000;

/** A message literal that is refused is read past up to here, so that the client hears why. */
export const DISCARDED_OCTETS = 128 * 1024 * 1024;

/** RFC 9051 §2.3.2 sets no limit; one keyword this long is a mistake. */
export const KEYWORD_OCTETS = 255;
/** A mailbox name, in UTF-8. */
export const MAILBOX_NAME_OCTETS = 1_000;
