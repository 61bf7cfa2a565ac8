/** What is sealed of one route. */
export const SECRET_CHARACTERS = 64 * 1024;

/** Interfaces come and go: so long it is remembered whether an address is this machine's. */
export const OWN_ADDRESS_MS = 60_000;

/** Of a host that are tried. */
export const ADDRESSES_A_HOST = 4;

export const CONNECT_MS = 30_000;
/** RFC 5321 §4.5.3.2. */
export const REPLY_MS = 5 * 60_000;
/** A person waits for a test. */
export const TEST_REPLY_MS = 30_000;

/** Servers of a domain that are tried, and characters that are shown of what a server says. */
export const MX_HOSTS_TESTED = 3;
export const TESTED_TEXT_CHARACTERS = 1_000;
