import type { Arguments } from '@postel/imap-wire';
import { HIERARCHY_DELIMITER, MAILBOX_LEVELS, MAILBOX_NAME_OCTETS } from '@postel/storage';
import { No } from './command.ts';
import { formatOwnedName, parseOwnedName } from './other-users.ts';

/** The first level of a name or pattern, if it is INBOX in any case of US-ASCII. */
const INBOX = /^inbox(?![^/])/i;
/**
 * What Net-Unicode has no room for (RFC 5198, RFC 9051 §5.1), beside control characters, which no name that is read has: a code
 * point that is assigned to nothing, so that nobody knows its form NFC, and a byte order mark at the beginning.
 */
const NO_NET_UNICODE = /^\u{feff}|\p{Cn}/u;
/** A name in form NFD has at most so many characters more than octets in NFC. What is longer is no name of ours. */
const NORMALIZED_CHARACTERS = 2 * MAILBOX_NAME_OCTETS;

/** A name as it is stored, and as the client wrote it. */
export interface GivenName {
  readonly name: string;
  readonly given: string;
}

export function parseGivenName(args: Arguments): GivenName {
  const given = args.mailboxAsGiven();
  return { name: canonicalName(given), given };
}

/** The name of a mailbox, as it is stored. */
export function parseMailboxName(args: Arguments): string {
  return canonicalName(args.mailbox());
}

/**
 * The form in which names are compared and stored: INBOX is INBOX in any case (RFC 9051 §5.1), above other names too; the
 * same behind the name of another account; the
 * rest is in Unicode form NFC (RFC 5198 §3), so that two names that look alike are one. Who sends NFD, as programs on macOS
 * do, finds its mailbox again and is told the name in NFC.
 */
export function canonicalName(name: string): string {
  // The time that it takes to compose marks in disorder grows with the square of their number.
  const composed = name.length <= NORMALIZED_CHARACTERS ? name.normalize('NFC') : name;
  const owned = parseOwnedName(composed);
  return owned === null ? withInbox(composed) : formatOwnedName({ ...owned, name: withInbox(owned.name) });
}

const withInbox = (name: string) => (INBOX.test(name) ? `INBOX${name.slice(5)}` : name);

/**
 * Throws unless a mailbox may have that name. Wildcards of LIST would make it hard to ask for. `.` and `..` are
 * levels like any other: no file is named after a mailbox.
 *
 * @throws {No} with an empty level, a wildcard, what is no Net-Unicode, too long or too deep
 */
export function requireMailboxName(given: string): void {
  const name = parseOwnedName(given)?.name ?? given;
  const levels = name.split(HIERARCHY_DELIMITER);
  const isTooLong = Buffer.byteLength(name) > MAILBOX_NAME_OCTETS || levels.length > MAILBOX_LEVELS;
  const isOdd = levels.includes('') || /[*%]/.test(name);
  if (isTooLong || isOdd || NO_NET_UNICODE.test(name)) throw new No('Not a mailbox name', 'CANNOT');
}

/** A name to be given: a trailing delimiter only declares that names below are to come (RFC 3501 §6.3.3). */
export function parseNewMailboxName(args: Arguments): GivenName {
  const { name, given } = parseGivenName(args);
  return name.endsWith(HIERARCHY_DELIMITER) ? { name: name.slice(0, -1), given: given.slice(0, -1) } : { name, given };
}
