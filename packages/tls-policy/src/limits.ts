/** Every limit on what other servers make us do for their policies, in one place. */

/** Certificates of a chain that are looked at; a real one has two to four. */
export const CHAIN_CERTIFICATES = 10;

/** TLSA records of a host that are looked at. */
export const TLSA_RECORDS = 100;

/** Aliases from one name to the next that are followed one by one. */
export const ALIASES = 8;

/** RFC 8461 §3.3 suggests both: a policy may have so many octets, and a minute to arrive. */
export const POLICY_OCTETS = 64 * 1024;
export const POLICY_MS = 60_000;

/** `mx` lines of a policy, which is more than a policy of that size has reason for. */
export const POLICY_PATTERNS = 1_000;

/** RFC 8461 §3.2: the longest that a policy may ask to be kept. */
export const MOST_MAX_AGE_SECONDS = 31_557_600;

/** RFC 8461 §3.3: who could not be had a policy from is left alone for five minutes, by the version of the policy. */
export const FETCH_PAUSE_MS = 5 * 60_000;

/** Policies that are fetched at the same time by a process, in the background. */
export const REFRESHED_AT_ONCE = 4;

/** What is kept of somebody else's words. */
export const REASON_CHARACTERS = 300;

/** Places that one report goes to, and how long a web server has to take it. */
export const REPORT_TARGETS = 5;
export const REPORT_MS = 60_000;

/** To bring an event to a web server of somebody's own. */
export const EVENT_MS = 10_000;
