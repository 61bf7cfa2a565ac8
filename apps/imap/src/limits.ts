/** Everything that a client could otherwise make grow, in one place. Commands' own limits are imap-wire's. */

/** RFC 9051 §5.4: at least 30 minutes once logged in. */
export const IDLE_TIMEOUT_MS = 31 * 60_000;
/** From the greeting to the login, whatever is said in between. */
export const LOGIN_TIMEOUT_MS = 3 * 60_000;
/** A client that takes nothing for so long while we have octets for it is gone. */
export const WRITE_TIMEOUT_MS = 5 * 60_000;
export const TLS_HANDSHAKE_MS = 30_000;
/** After we closed our side the client has so long to close its own. */
export const LINGER_MS = 10_000;
/** When the process stops, commands in hand may take so long, and BYE so long to be read. */
export const STOP_MS = 3_000;
export const STOP_LINGER_MS = 500;

/** When a session loses its account or its credential, the command in hand may take so long. */
export const SESSION_END_MS = 1_000;

/** What may wait for a slow client before the command that produces it waits too. */
export const OUTPUT_HIGH_WATER_OCTETS = 256 * 1024;

/** The longest line that a client may answer a challenge with (RFC 9051 §6.2.2 asks for 12,288 octets). */
export const ANSWER_OCTETS = 12_288;

/** Failed logins on one connection before it is closed. */
export const LOGIN_FAILURES = 5;
/** The answer to the first failed login waits so long, to the second twice as long, and so on. */
export const LOGIN_FAILURE_MS = 300;

/** Malformed or unknown commands in a row before the connection is closed. */
export const BAD_COMMANDS = 20;
/** Before login: it speaks something else, HTTP for instance, and says perhaps what a third person wants (ALPACA). */
export const BAD_COMMANDS_BEFORE_LOGIN = 3;

/** Commands that one client may have answered before others get their turn. */
export const COMMANDS_A_TURN = 32;

/** Pieces of some 32 kB at most that one client may have inflated before others get their turn. */
export const PIECES_A_TURN = 16;

export const CONNECTIONS = 10_000;
/** Connections beyond the limit of their network which are told of it; any more are closed without a word. */
export const REFUSED_CONNECTIONS = 100;
/** Sessions of one account; not from trusted networks. How many connections one network may have says PREFIX_CONNECTIONS. */
export const SESSIONS_AN_ACCOUNT = 200;

/** Messages read at once, with their content and without; and the octets that such a batch should have. */
export const FETCH_CONTENT_BATCH = 64;
export const FETCH_BATCH = 1_000;
export const FETCH_BATCH_OCTETS = 1024 * 1024;

/** What FETCH answered of facts that never change, ENVELOPE or a header for instance, is kept up to here, in one process. */
export const ANSWER_CACHE = { octets: 64 * 1024 * 1024, answerOctets: 16 * 1024, pageUids: 64 } as const;
/**
 * And what it answered of the texts of messages that are read one by one: when a message comes, all programs of a person soon ask
 * for it. Who asks for many together wants to keep them himself.
 */
export const BODY_CACHE = { octets: 16 * 1024 * 1024, answerOctets: 64 * 1024, pageUids: 1 } as const;
export const BODIES_ONE_BY_ONE = 4;

/** Messages whose flags are looked at, to be told, before others get their turn. */
export const FLAGS_A_TURN = 50_000;

/** Of work that takes longer than this the client hears as often how far it is. */
export const PROGRESS_MS = 5_000;

/** Ranges of UIDs in one VANISHED: some 16 kB at most, for clients that read lines into buffers. */
export const RANGES_A_LINE = 700;

/** Messages that SEARCH looks at, times its keys, before others get their turn. */
export const SEARCH_STEPS_A_TURN = 200_000;
/** Keys of one SEARCH: each is asked of every message. */
export const SEARCH_KEYS = 1_000;
/** Of these, keys that the database answers: each may look into the text of every message. */
export const SEARCH_STORED_KEYS = 100;
/** Searches of a connection that are kept up to date: each is made anew for what changed. And what they found, together. */
export const CONTEXTS = 10;
export const CONTEXT_RESULTS = 1_000_000;
/** Ways to name mailboxes in one ESEARCH: each looks at the names of all. */
export const MULTISEARCH_FILTERS = 100;
/** Messages whose relevancy is worked out, of up to as many keys, before others get their turn. */
export const RELEVANCIES_A_TURN = 1_000;
/** A string to search for; comparing takes time in proportion to it where a text nearly matches everywhere. */
export const SEARCH_STRING_OCTETS = 1_000;
/** Ranges of UIDs that a connection keeps of what a SEARCH found: 8 octets each. */
export const SAVED_RANGES = 100_000;

/** How deep filters may refer to filters: RFC 5466 §3.1 asks for 3. */
export const FILTER_PASSES = 5;

/** Messages of one APPEND, all of which wait for the last one. */
export const MESSAGES_AN_APPEND = 1_000;
/** What they take in memory meanwhile; beyond the first of these, messages are put into blobs, however small they are. */
export const APPEND_INLINE_OCTETS = 8 * 1024 * 1024;
export const APPEND_HELD_OCTETS = 32 * 1024 * 1024;
/**
 * How long the first of them waits at most. Its octets may be in a blob, and housekeeping removes blobs that nothing names after
 * a day.
 */
export const APPEND_MS = 12 * 3_600_000;
/** Texts and URLs that make one message. */
export const CATENATE_PARTS = 1_000;
/** Of a message or a part of one. */
export const MESSAGE_URL_OCTETS = 4_096;
/** Batches are not smaller: RFC 10022 §3.1 has servers take this, and no client need learn numbers of messages by them. */
export const UID_BATCH_MESSAGES = 500;
/** That one command authorizes or fetches. */
export const URLS_A_COMMAND = 1_000;

/** A message literal that is refused is read past up to here, so that the client hears why. */
export const DISCARDED_OCTETS = 128 * 1024 * 1024;

/** RFC 9051 §2.3.2 sets no limit; one keyword this long is a mistake. */
export const KEYWORD_OCTETS = 255;
/** Keywords a mailbox, which the store sees to. */
export const KEYWORDS = 1_000;

/** Patterns of one LIST: each is held against every name. */
export const LIST_PATTERNS = 100;
/** Names that LIST takes up before others get their turn. */
export const NAMES_A_TURN = 5_000;
/** Characters of names that LIST looks at, pattern by pattern, before others get their turn, and altogether. */
export const LIST_STEPS_A_TURN = 1_000_000;
export const LIST_STEPS = 100_000_000;

/** Metadata entries that one command asks for, and the name of one. How long a value may be says the store. */
export const METADATA_ENTRIES = 100;
export const METADATA_ENTRY_OCTETS = 255;

/** What one NOTIFY may name: groups of events, and mailboxes in all of them. */
export const NOTIFY_GROUPS = 100;
export const NOTIFY_NAMES = 1_000;
/** Mailboxes of an account that are watched: each process that does so holds a row of each. */
export const WATCHED_MAILBOXES = 10_000;
/** Accounts that share mailboxes with another, which a session of that watches. */
export const WATCHED_SHARERS = 100;
/** Names that are to be told to a client that does not listen, before all that it watches is given up. */
export const UNTOLD_NAMES = 1_000;

/** RFC 2971 §3.3. */
export const ID_PAIRS = 30;
export const ID_FIELD_OCTETS = 30;
export const ID_VALUE_OCTETS = 1_024;
/** Of each value that is logged. */
export const ID_LOGGED_CHARACTERS = 100;
