import type { Arguments } from '@postel/imap-wire';
import { HIERARCHY_DELIMITER } from '@postel/storage';
import { No } from './command.ts';
import { MAILBOX_LEVELS, MAILBOX_NAME_OCTETS } from './limits.ts';

/** The name of a mailbox. INBOX is INBOX in any case (RFC 9051 §5.1), above other names too. */
export function parseMailboxName(args: Arguments): string {
  const name = args.mailbox();
  return isBelowInbox(name) ? `INBOX${name.slice(5)}` : name;
}

function isBelowInbox(name: string): boolean {
  return name[5] === HIERARCHY_DELIMITER && name.slice(0, 5).toUpperCase() === 'INBOX';
}

/**
 * The levels of a name to be created.
 *
 * @throws {No} if no mailbox can have that name: with an empty level, with a wildcard of LIST, too long or too deep
 */
export function levelsOf(name: string): readonly string[] {
  const levels = name.split(HIERARCHY_DELIMITER);
  const isTooLong = Buffer.byteLength(name) > MAILBOX_NAME_OCTETS || levels.length > MAILBOX_LEVELS;
  if (isTooLong || levels.includes('') || /[*%]/.test(name)) throw new No('Not a mailbox name', 'CANNOT');
  return levels;
}
