/**
 * Longer tokens are refused unread. What SASL takes holds 9,216 octets (RFC 4954 §4), and the user and host named beside
 * the token have their part of it.
 */
export const MAX_TOKEN_OCTETS = 8_192;

/** As addresses (RFC 5321 §4.5.3.1): 64 octets, an `@`, 255 octets. */
export const MAX_ADDRESS_OCTETS = 320;

/** How far the clocks of issuer and server may be apart (RFC 7519 §4.1.4: no more than a few minutes). */
export const MAX_CLOCK_SKEW_S = 60;

/** Of the largest providers, the configuration has 3 kB and the key set 20 kB. */
export const MAX_DOCUMENT_OCTETS = 256 * 1024;

export const MAX_KEYS = 100;

/** For one document, from the look-up of the host's name to the last octet. */
export const DOCUMENT_TIMEOUT_MS = 5_000;

/** A key that the issuer takes back is believed for so long. */
export const KEYS_FRESH_MS = 10 * 60_000;

/** As much longer as an issuer may be away before nobody can log in: who logged in all the time notices nothing. */
export const KEYS_USABLE_MS = 2 * 3_600_000;

/** The issuer is not asked more often than that, whatever the tokens say. */
export const ASK_AGAIN_MS = 10_000;

/** So many logins wait for an issuer's answer. */
export const MAX_WAITING = 1_000;
