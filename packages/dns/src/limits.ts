/** Every limit on what servers make us do, in one place. */

/** Payload of a UDP answer that fits any path: DNS flag day 2020. What is larger comes over TCP. */
export const UDP_OCTETS = 1_232;

/** How long a server is waited for before the next is asked; Postfix and glibc wait longer, and people then notice. */
export const UDP_MS = 1_500;
export const TCP_MS = 3_000;

/** How often all servers are asked. */
export const ROUNDS = 2;

/** How long a question may take, over all servers. */
export const LOOK_UP_MS = 5_000;

/** Aliases that lead from one name to another before there must be an end: RFC 1034 §3.6.2 wants few. */
export const CNAME_CHAIN = 10;

/** Records of one answer, those with the lowest preference of MX: nobody tries more, and nothing waits for 1,000. */
export const RECORDS = 100;

/** TTLs in seconds: what is asked for again and again is kept for a moment, and nothing for longer than a day. */
export const LEAST_TTL = 1;
export const MOST_TTL = 86_400;
/** Of what does not exist: RFC 2308 §5 names 1 to 3 hours. */
export const MOST_NEGATIVE_TTL = 3_600;
/** Of failures: RFC 2308 §7 allows 5 minutes, and who corrects a fault would like to see it gone. */
export const FAILURE_TTL = 5;

/** The cache: names, and octets of their answers. */
export const CACHED_ANSWERS = 20_000;
export const CACHED_OCTETS = 16 * 1024 * 1024;

/** Questions that are asked at the same time; a socket each. */
export const OPEN_QUESTIONS = 500;

/**
 * After so many questions in a row that no server has answered, questions fail at once, and one is asked after so long to see
 * whether the servers are back. One alone proves nothing: it may be about a domain whose own servers are silent.
 */
export const UNANSWERED_QUESTIONS = 3;
export const PROBE_MS = 1_000;

/** RFC 8601 §3 and RFC 7208 §5.5: names of an address that are looked at. */
export const PTR_NAMES = 10;
