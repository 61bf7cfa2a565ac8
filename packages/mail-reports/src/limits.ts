/** Every limit of this package, in one place: reports come from strangers. */

const MB = 1024 * 1024;

/** Octets of a report once it is unpacked, and of all that a message or a file carries together. */
export const UNPACKED_OCTETS = 25 * MB;
/** Parts of a message, and entries of a zip file, that are looked at. A report is one file. */
export const PARTS = 100;
export const ZIP_ENTRIES = 1;
/** The same of a report on TLS, all of which is read at once. */
export const JSON_OCTETS = 10 * MB;
/** Elements of XML inside one another, in all, their attributes, of which reports have a few on the first one, and characters of the text of one. */
export const XML_DEPTH = 12;
export const XML_ELEMENTS = 1_000_000;
export const XML_ATTRIBUTES = 1_000;
/** What is read before somebody else has a turn. */
export const XML_PIECE_CHARACTERS = 64 * 1024;
export const XML_TEXT_CHARACTERS = 4_096;
/** Rows of a report: of DMARC, and of TLS, whose policies each have some. */
export const REPORT_ROWS = 50_000;
export const REPORT_POLICIES = 1_000;
/** What is kept of a list inside a row, of a name, a number or an organization (by which reports are told apart, in an index), and of a text. */
export const RESULTS_A_ROW = 20;
export const NAME_CHARACTERS = 255;
export const TEXT_CHARACTERS = 500;
/**
 * Messages or sessions that one row may count: more is a mistake, or a joke. Of as many rows as are kept of a domain the sum still is a
 * number that is exact (2^53).
 */
export const MOST_COUNTED = 10_000_000_000;
/** The span that a report may tell of. */
export const MOST_DAYS = 40;

/** Addresses that one report on DMARC goes to. */
export const DMARC_TARGETS = 5;
