import { availableParallelism } from 'node:os';

/** Every limit on what a message makes us do, in one place. */

/** DKIM signatures that are looked at, from the top (RFC 6376 §6.1 lets verifiers limit them). */
export const SIGNATURES = 10;

/** Bits of an RSA key: RFC 8301 §3.2. */
export const RSA_BITS = 1_024;

/** Of a header section, that is looked at. Those of mailing lists have 30 kB, a thousand visible recipients 50 kB; what is longer is not authenticated. */
export const HEADER_OCTETS = 128 * 1024;
export const HEADER_LINES = 4_000;

/** Domains in From whose policies are asked for, where there are several, and entries of From that are read. A message with more has failed. */
export const AUTHOR_DOMAINS = 4;
export const AUTHOR_ENTRIES = 100;

/** Octets of one message that may wait for a worker, and of all. */
export const WINDOW_OCTETS = 256 * 1024;
export const HELD_OCTETS = 64 * 1024 * 1024;

/** How a message goes to a thread that signs it, and how many of these blocks are kept for the next one. */
export const BLOCK_OCTETS = 64 * 1024;
export const BLOCKS = 8;

/** Octets of a body that are kept until its end, so that a worker is told of a small message once. */
export const GATHERED_OCTETS = 64 * 1024;

/** Keys that a worker remembers, and the longest records that are: one of 4,096 bits has 740 characters. */
export const KNOWN_KEYS = 2_000;
export const KNOWN_KEY_CHARACTERS = 2_048;

/** A worker tells what it has taken in once it is so much: a word for each piece would cost more than the piece. */
export const TAKEN_OCTETS = 64 * 1024;

/** A worker that has said nothing for so long is asked whether it still hears; as long again, and it has hung itself up. */
export const HANG_MS = 15_000;

/** One core is for the dialogues. */
export const WORKERS = Math.max(1, Math.min(4, availableParallelism() - 1));

/** Octets of a worker's heap. */
export const WORKER_HEAP_MB = 256;

/** An Authentication-Results field, with what it says of signatures; and a value in it. */
export const RESULTS_OCTETS = 2_048;
export const VALUE_OCTETS = 255;

/** What the owner of a domain may tell senders by `exp` (RFC 7208 §6.2). */
export const EXPLANATION_OCTETS = 300;
